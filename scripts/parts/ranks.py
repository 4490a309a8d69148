"""Compares runs of pipelines/tiny.yaml by several processes with the run of one; scripts/ranks says more.

    ranks.py PROGRAM
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tiny_runs

PROGRAM = sys.argv[1]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
STEPS = 50
TRAINING = ("warmed", "sheared", "recovered")
COMMON = [f"{stage}.{key}" for stage in TRAINING for key in (
    f"steps={STEPS}", "runtime.threads=1", "runtime.list_rows=true", "evaluate_every=10")]
LIMIT = 1e-5
good = True


def judge(holds):
    global good
    good = good and holds
    return "" if holds else "  TOO MUCH"


def of(stages, *keys):
    return [f"{stage}.runtime.{key}" for stage in stages for key in keys]


def rows_of(log):
    """The rows of each step, as (domain, row), sorted."""
    return {step: sorted((domain, row) for domain, rows in line["rows"].items() for row in rows)
            for step, line in log.items()}


def compare(runs, whole, stage):
    """What differs between two runs of a stage."""
    one, other = (tiny_runs.artifact(folder, stage) for folder in (runs, whole))
    logs = [tiny_runs.metrics(folder) for folder in (one, other)]
    masks = tiny_runs.distance(one / "masks.safetensors", other / "masks.safetensors") if stage == "sheared" else None
    return {
        "weights": tiny_runs.distance(one / "model/model.safetensors", other / "model/model.safetensors"),
        "loss": tiny_runs.loss_gap(*logs), "masks": masks, "rows": rows_of(logs[0]) == rows_of(logs[1]),
    }


def name(ranks, shard=None, parts=None):
    return str(ranks) + (f", shard: {shard}" if shard else "") + (f", parts: {parts}" if parts else "")


def line(title, stage, found, holds):
    """`holds`: whether the row is within its limits; None where there is none."""
    masks = f"{found['masks'][0]:.1e}" if found["masks"] else "-"
    rows = "the same" if found["rows"] else "others"
    print(f"{title:42}{stage:11}{found['weights'][0]:<9.1e}{found['loss']:<9.1e}{masks:9}{rows}"
          f"{'' if holds is None else judge(holds)}", flush=True)


def is_close(found):
    return found["weights"][0] <= LIMIT and found["loss"] <= LIMIT and found["rows"]


def is_same(found):
    return found["weights"][0] == 0 and found["loss"] == 0 and found["rows"]


def numbers_of_ranks(folder):
    """Each stage from the same start, by 1, 2 and 4 ranks, with and without what is shared out."""
    print(f"{STEPS} steps of each stage from the same start, against one process: the largest ||difference|| / ||weights||\n"
          f"of a tensor, the largest difference of a loss, and that of mask logits. Limit {LIMIT:.0e}, 0 with parts; none for\n"
          f"the first stage without parts: from random weights, Adam's first steps follow the sign of the smallest gradients")
    print(f"{'ranks':42}{'stage':11}{'weights':9}{'losses':9}{'masks':9}rows")
    for parts in (None, 4):
        keys = COMMON + (of(TRAINING, f"parts={parts}") if parts else [])
        whole = folder / f"whole-{parts}"
        tiny_runs.run(PROGRAM, whole, 1, ("--until", TRAINING[-1]), keys, ENVIRONMENT)
        for ranks, shard in ((2, None), (4, None), (2, "gradients"), (4, "gradients")):
            for stage in TRAINING:
                runs = folder / "runs"
                tiny_runs.without(whole, runs, stage)
                own = keys + (of([stage], f"shard={shard}") if shard else [])
                tiny_runs.run(PROGRAM, runs, ranks, ("--only", stage), own, ENVIRONMENT)
                found = compare(runs, whole, stage)
                holds = is_same(found) if parts and not shard else is_close(found)
                line(name(ranks, shard, parts), stage, found, None if stage == "warmed" and not parts else holds)
        # One stage after the other: rounding that one leaves is what the next begins with.
        runs = folder / "chain"
        tiny_runs.without(whole, runs, *TRAINING)
        tiny_runs.run(PROGRAM, runs, 4, ("--until", TRAINING[-1]), keys, ENVIRONMENT)
        for stage in TRAINING:
            found = compare(runs, whole, stage)
            line(name("4, one stage after the other", None, parts), stage, found, is_same(found) if parts else None)


def stopped(runs, stage, ranks, keys, at):
    """Runs a stage until a step, ends it by SIGTERM, and gives the step of its checkpoint."""
    process = subprocess.Popen(
        tiny_runs.command(PROGRAM, runs, ranks, ("--only", stage), keys), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    while process.poll() is None and tiny_runs.step(runs, stage) < at:
        time.sleep(0.002)
    process.send_signal(signal.SIGTERM)
    words = process.stderr.read()
    if process.wait() != 143:
        sys.exit(f"ranks.py: a run of {ranks} ranks that was stopped ended with {process.returncode}:\n{words}")
    return json.loads((max(tiny_runs.artifact(runs, stage, ".partial").glob("checkpoints/step-????????"))
                       / "trainer.json").read_text())["step"]


def changing_numbers(folder):
    """4 ranks to about step 20, then 2, then 3."""
    print("\n4 ranks, stopped by SIGTERM from step 20 on, then 2, stopped from step 35 on, then 3, against one process")
    print(f"{'stops after steps':42}{'stage':11}{'weights':9}{'losses':9}{'masks':9}rows")
    for parts in (None, 4):
        for stage in ("warmed", "sheared"):
            keys = COMMON + of(TRAINING, "log_every=1", "checkpoint_every=1000", *([f"parts={parts}"] if parts else []))
            runs, whole = folder / "runs", folder / f"whole-{parts}"
            tiny_runs.without(whole, runs, stage)
            stops = [stopped(runs, stage, ranks, keys, at) for ranks, at in ((4, 20), (2, 35))]
            tiny_runs.run(PROGRAM, runs, 3, ("--only", stage), keys, ENVIRONMENT)
            found = compare(runs, whole, stage)
            holds = is_same(found) if parts else found["loss"] <= LIMIT and found["rows"]
            line(name(f"{stops[0]}, {stops[1]}", None, parts), stage, found, holds)


def memory(folder):
    """What tensors take on the fullest rank, against what `plan --ranks` says."""
    print("\nMost MiB of tensors on a rank while a larger model trains, measured and planned")
    print(f"{'ranks':42}{'measured':10}{'planned':10}difference")
    keys = ["base.architecture.hidden_size=768", "base.architecture.intermediate_size=3072", "base.architecture.layers=6",
            "warmed.steps=3", "warmed.evaluate_rows=4", "warmed.runtime.threads=1"]
    narrow = ["precision=bfloat16", "runtime.micro_batch=2"]
    for ranks, shard, more in ((1, None, ()), (1, None, narrow), (2, None, ()), (4, None, ()), (4, "optimizer", ()),
                               (4, "gradients", ())):
        own = keys + (of(["warmed"], f"shard={shard}") if shard else []) + [f"warmed.{key}" for key in more]
        runs = folder / f"memory-{ranks}-{shard}-{len(more)}"
        plan = subprocess.run(
            [PROGRAM, "plan", tiny_runs.PIPELINE, "--runs", str(runs), "--ranks", str(ranks), "--json",
             *(f"--set={key}" for key in own)], capture_output=True, text=True, check=True, env=ENVIRONMENT)
        planned = next(stage for stage in json.loads(plan.stdout) if stage["id"] == "warmed")["memoryBytes"]
        tiny_runs.run(PROGRAM, runs, ranks, ("--until", "warmed"), own, ENVIRONMENT)
        record = json.loads((tiny_runs.artifact(runs, "warmed") / "stage.json").read_text())
        measured = max(record["cost"]["tensorBytesByRank"])
        difference = measured / planned - 1
        title = name(ranks, shard) + (", bfloat16 in micro-batches" if more else "")
        print(f"{title:42}{measured / 2**20:<10.1f}{planned / 2**20:<10.1f}"
              f"{difference:+.1%}{judge(abs(difference) <= 0.1)}", flush=True)
        shutil.rmtree(runs)


def together(folder):
    """Packing, evaluation and search by one process and by three."""
    print("\nPacking, searching and evaluating by 3 ranks, against one process")
    stages = ("packed", "found", "scores")
    keys = ["found.evaluations=8"]
    whole, runs = folder / "whole-together", folder / "runs"
    for stage in stages[1:]:
        tiny_runs.run(PROGRAM, whole, 1, ("--until", stage), keys, ENVIRONMENT)
    for stage in stages:
        tiny_runs.without(whole, runs, stage)
        tiny_runs.run(PROGRAM, runs, 3, ("--only", stage), keys, ENVIRONMENT)
        one, other = (content(tiny_runs.artifact(folder, stage)) for folder in (runs, whole))
        print(f"{stage:42}{'the same' if one == other else 'DIFFERENT'}{judge(one == other)}", flush=True)


def content(folder):
    """What a stage made, without times, speeds and memory."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name == "stage.json":
            continue
        data = path.read_bytes()
        if path.name == "journal.csv":
            data = [line.rsplit(b",", 1)[0] for line in data.splitlines()]
        elif path.name in ("scores.json", "measurements.json"):
            data = json.loads(data)
            for model in data["models"] if isinstance(data, dict) else data:
                for key in ("throughput", "peakMemoryBytes", "peak_memory_bytes"):
                    model.pop(key, None)
        found[str(path.relative_to(folder))] = data
    return found


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="shearling-ranks-"))
    try:
        numbers_of_ranks(folder)
        changing_numbers(folder)
        memory(folder)
        together(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not good:
        sys.exit("ranks.py: not all is within its limit")


if __name__ == "__main__":
    main()
