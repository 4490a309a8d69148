"""Reads every safetensors and TensorBoard file below a folder with their own libraries.

    check_readers.py FOLDER
"""

import json
import math
import pathlib
import sys

from safetensors import safe_open
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read_safetensors(folder):
    files = sorted(folder.rglob("*.safetensors"))
    tensors = numbers = 0
    for path in files:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():
                tensors += 1
                numbers += file.get_tensor(name).numel()
    print(f"safetensors: {len(files)} files, {tensors} tensors, {numbers:,} numbers")
    return bool(files)


def metrics(path):
    """Step -> every number of metrics.jsonl at that step."""
    steps = {}
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        steps.setdefault(entry.get("step"), []).append(entry)
    return steps


def scalars(folder):
    """Tag -> [(step, value)], whether written as simple values or as tensors."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    found = {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    for tag in events.Tags()["tensors"]:
        found[tag] = [(event.step, float(event.tensor_proto.float_val[0])) for event in events.Tensors(tag)]
    return found


def read_events(folder):
    folders = sorted({path.parent for path in folder.rglob("events.out.tfevents.*")})
    for place in folders:
        tags = scalars(place)
        if not tags:
            sys.exit(f"TensorBoard finds no scalar in {place}")
        log = place.parent / "metrics.jsonl"
        compared = 0
        if log.exists():
            steps = metrics(log)
            for tag, series in tags.items():
                for step, value in series:
                    known = [entry[tag] for entry in steps.get(step, []) if isinstance(entry.get(tag), (int, float))]
                    if known:
                        compared += 1
                        if not any(math.isclose(value, other, rel_tol=1e-6, abs_tol=1e-12) for other in known):
                            sys.exit(f"{place}: {tag} at step {step} is {value}, metrics.jsonl says {known}")
        if not compared:
            sys.exit(f"{place}: no value stands in {log} too")
        count = sum(map(len, tags.values()))
        print(f"TensorBoard: {place}: {len(tags)} tags, {count} values, {compared} equal to metrics.jsonl")
    return bool(folders)


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1])
    both = [read_safetensors(root), read_events(root)]
    if not all(both):
        sys.exit("a kind of file is missing: safetensors or TensorBoard events")
