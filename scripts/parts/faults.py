"""Ends runs of pipelines/tiny.yaml at bad moments and prints what that cost; scripts/faults says more.

    faults.py PROGRAM
"""

import hashlib
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tiny_runs
from tiny_runs import PIPELINE, artifact, told

PROGRAM = sys.argv[1]
# Every step and every candidate is told; checkpoints are frequent enough to be met.
TOLD = [f"--set={key}" for key in (
    "warmed.runtime.log_every=1", "warmed.runtime.checkpoint_every=5", "warmed.steps=200", "found.runtime.log_every=1",
    "packed.runtime.threads=1")]


def command(runs, until, manifest):
    return [PROGRAM, "run", PIPELINE, "--runs", str(runs), "--until", until, "--plain",
            f"--set=packed.manifest={manifest}", *TOLD]


def step(runs):
    return tiny_runs.step(runs, "warmed")


def in_step(runs):
    return step(runs) >= 33


def in_checkpoint(runs):
    folder = artifact(runs, "warmed", ".partial")
    return folder is not None and any(
        int(path.name[5:13]) >= 30 for path in folder.glob("checkpoints/step-*.partial"))


def in_packing(runs):
    return told(runs, "stageStarted", "packed") is not None


def in_search(runs):
    event = told(runs, "candidate", "found")
    return event is not None and event["candidate"]["id"] >= 6


def content(runs, stage):
    """The digest of what a stage made: everything but times."""
    folder = artifact(runs, stage)
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or "tb" in path.parts or path.name in ("stage.json", "metrics.jsonl"):
            continue
        data = path.read_bytes()
        if path.name == "journal.csv":
            data = b"\n".join(line.rsplit(b",", 1)[0] for line in data.splitlines())
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + hashlib.sha256(data).digest())
    return digest.hexdigest()


def corpus(folder):
    """The texts of tiny, often enough that packing takes a while."""
    source = pathlib.Path("Tests/Fixtures/Text")
    for domain in ("prose", "code"):
        (folder / domain).mkdir(parents=True)
        lines = (source / domain / "training.jsonl").read_text()
        (folder / domain / "training.jsonl").write_text(lines * 60)
        shutil.copy(source / domain / "validation.jsonl", folder / domain / "validation.jsonl")
    manifest = folder / "corpus.yaml"
    text = pathlib.Path("data-manifests/tiny.yaml").read_text()
    manifest.write_text(text.replace("root: ../Tests/Fixtures/Text", f"root: {folder}"))
    return manifest


def run(runs, until, manifest):
    done = subprocess.run(command(runs, until, manifest), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"faults.py: a run that nothing befell ended with {done.returncode}:\n{done.stderr}")


def disturbed(whole, runs, stage, moment, number, manifest):
    """One row of the table: a run that is ended at a moment of a stage and taken up again."""
    if whole.exists():
        shutil.copytree(whole, runs, symlinks=True)
        # The stage and all that it left are made again; what it rests on is there.
        shutil.rmtree(artifact(runs, stage))
        (runs / "tiny" / "events.jsonl").unlink()
    process = subprocess.Popen(command(runs, stage, manifest), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None and not moment(runs):
        time.sleep(0.0005)
    reached = step(runs)
    start = time.monotonic()
    process.send_signal(number)
    process.stderr.read()
    code = process.wait()
    seconds = time.monotonic() - start
    expected = 143 if number == signal.SIGTERM else -number
    run(runs, stage, manifest)
    resumed = told(runs, "stageStarted", stage).get("resumesAt")
    again = max(reached - resumed, 0) if stage == "warmed" and resumed is not None else 0
    same = content(runs, stage) == content(whole, stage)
    shutil.rmtree(runs)
    return {
        "exit": str(code) + ("" if code == expected else f" (expected {expected})"), "seconds": f"{seconds:.2f}",
        "resumed": "-" if resumed is None else str(resumed), "again": str(again),
        "result": "the same" if same else "DIFFERENT", "good": same and code == expected,
    }


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="shearling-faults-"))
    try:
        manifest = corpus(folder / "corpus")
        whole = folder / "whole"
        run(whole, "found", manifest)
        print(f"{'moment':22}{'signal':9}{'exit':6}{'seconds':>8}  {'goes on at':11}{'done again':11}result")
        good = True
        for name, stage, moment in (
            ("during a step", "warmed", in_step), ("during a checkpoint", "warmed", in_checkpoint),
            ("during packing", "packed", in_packing), ("during a search", "found", in_search),
        ):
            for number in (signal.SIGTERM, signal.SIGKILL):
                row = disturbed(whole, folder / "runs", stage, moment, number, manifest)
                good = good and row["good"]
                print(f"{name:22}{number.name:9}{row['exit']:6}{row['seconds']:>8}  {row['resumed']:11}"
                      f"{row['again']:11}{row['result']}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not good:
        sys.exit("faults.py: something was lost")


main()
