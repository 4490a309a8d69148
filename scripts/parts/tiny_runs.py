"""Runs of pipelines/tiny.yaml and what they leave: shared by scripts that disturb or divide them."""

import array
import json
import math
import shutil
import subprocess
import sys

PIPELINE = "pipelines/tiny.yaml"


def command(program, runs, ranks, choice, settings, launch=()):
    """`choice`: what of the pipeline is run, such as ("--only", "warmed"); `launch`: options of the launcher."""
    shared = [program, "launch", "--processes", str(ranks), *launch, "--"] if ranks > 1 or launch else [program]
    return [*shared, "run", PIPELINE, "--runs", str(runs), *choice, "--plain", *(f"--set={key}" for key in settings)]


def run(program, runs, ranks, choice, settings, environment=None):
    """Runs to the end and returns what was said on standard error."""
    done = subprocess.run(command(program, runs, ranks, choice, settings), capture_output=True, text=True,
                          env=environment)
    if done.returncode != 0:
        sys.exit(f"a run of {ranks} ranks that nothing befell ended with {done.returncode}:\n{done.stderr}")
    return done.stderr


def events(runs):
    """What the run has told so far, the newest first."""
    path = runs / "tiny" / "events.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    for line in reversed(lines):
        try:
            yield json.loads(line)["event"]
        except ValueError:
            pass  # the last line, while it is written


def told(runs, name, stage):
    """The newest event of a kind about a stage."""
    return next((event[name] for event in events(runs) if name in event and event[name].get("id") == stage), None)


def step(runs, stage):
    """The newest step that a stage has told of."""
    event = told(runs, "step", stage)
    return event["metrics"]["step"] if event else 0


def artifact(runs, stage, suffix=""):
    """The folder of what a stage has made, or, with the suffix `.partial`, of what it is making."""
    return next((path for path in (runs / "tiny" / "artifacts").glob(f"{stage}-*{suffix}")
                 if path.name.endswith(".partial") == bool(suffix)), None)


def without(whole, runs, *stages):
    """A copy of finished runs in which some stages are still to be made."""
    if runs.exists():
        shutil.rmtree(runs)
    shutil.copytree(whole, runs, symlinks=True)
    for stage in stages:
        shutil.rmtree(artifact(runs, stage))
    (runs / "tiny" / "events.jsonl").unlink()


def tensors(path):
    """The Float32 tensors of a safetensors file, by name."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    found = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            first, last = entry["data_offsets"]
            found[name] = array.array("f", data[8 + size + first:8 + size + last])
    return found


def distance(one, other):
    """||difference|| / ||weights|| of each tensor of two files: the largest of them, and the tensor's name."""
    one, other = tensors(one), tensors(other)
    if one.keys() != other.keys():
        sys.exit(f"the tensors have other names: {sorted(one.keys() ^ other.keys())}")
    worst = (0.0, "-")
    for name, values in one.items():
        difference = math.sqrt(sum((a - b) ** 2 for a, b in zip(values, other[name], strict=True)))
        norm = math.sqrt(sum(b * b for b in other[name]))
        if difference > 0:
            worst = max(worst, (difference / norm if norm > 0 else math.inf, name))
    return worst


def metrics(folder):
    """The lines of a stage's log, one for each step, by step."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    found = {line["step"]: line for line in lines}
    if len(found) != len(lines):
        sys.exit(f"{folder}/metrics.jsonl has a step twice")
    return found


def loss_gap(one, other):
    """The largest difference between two logs in the loss of a step or of an evaluation."""
    if one.keys() != other.keys():
        sys.exit(f"the logs have other steps: {sorted(one.keys() ^ other.keys())}")
    return max(abs(one[step][name] - other[step][name])
               for step in one for name in ("train/loss", "eval/loss") if name in one[step] or name in other[step])
