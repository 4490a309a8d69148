"""Kills and stops ranks of a run of pipelines/tiny.yaml at random steps; scripts/rank-faults says more.

    rank_faults.py PROGRAM [ROUNDS]
"""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tiny_runs

PROGRAM = sys.argv[1]
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
RANKS = 4
STEPS = 40
STAGE = "warmed"
CHOICE = ("--until", STAGE)
SETTINGS = [f"{STAGE}.{key}" for key in (
    f"steps={STEPS}", "runtime.log_every=1", "runtime.checkpoint_every=5", "evaluate_every=10")]
# A rank that is stopped is found by the others' patience (30 s without a sign of life) or by the launcher's (--timeout),
# whichever ends first; one that is killed at once.
TIMEOUT = 30
LIMIT = {signal.SIGKILL: 30, signal.SIGSTOP: TIMEOUT + 60}


def ranks_of(launcher):
    """The processes of a launcher, by rank."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            variables = (folder / "environ").read_bytes().split(b"\0")
        except (OSError, IndexError):
            continue
        rank = next((int(item[5:]) for item in variables if item.startswith(b"RANK=")), None)
        if parent == launcher and rank is not None:
            found[rank] = int(folder.name)
    return found


def is_left(process):
    """Whether a process is there and no zombie."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def disturbed(whole, runs, number, victim, at, environment):
    """One row: a run of which a rank is killed or stopped at a step, and which is then taken up again."""
    tiny_runs.without(whole, runs, STAGE)
    launch = ("--timeout", str(TIMEOUT), "--grace", "5")
    with open(runs / "said", "w") as said:
        process = subprocess.Popen(
            tiny_runs.command(PROGRAM, runs, RANKS, CHOICE, SETTINGS, launch), stdout=subprocess.DEVNULL, stderr=said,
            env=environment)
        while process.poll() is None and tiny_runs.step(runs, STAGE) < at:
            time.sleep(0.002)
        ranks = ranks_of(process.pid)
        start = time.monotonic()
        if victim in ranks:
            os.kill(ranks[victim], number)
        try:
            code = process.wait(LIMIT[number])
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
    seconds = time.monotonic() - start
    reached = tiny_runs.step(runs, STAGE)
    words = (runs / "said").read_text()
    wanted = "was killed by SIGKILL" if number == signal.SIGKILL else "stopped"
    named = any(f"rank {victim}" in line and wanted in line for line in words.splitlines())
    left = [rank for rank, identity in ranks.items() if is_left(identity)]
    tiny_runs.run(PROGRAM, runs, RANKS, CHOICE, SETTINGS, environment)
    resumed = tiny_runs.told(runs, "stageStarted", STAGE).get("resumesAt") or 0
    one, other = (tiny_runs.metrics(tiny_runs.artifact(folder, STAGE)) for folder in (runs, whole))
    gap = tiny_runs.loss_gap(one, other)
    same = tiny_runs.distance(*(tiny_runs.artifact(folder, STAGE) / "model/model.safetensors"
                                for folder in (runs, whole)))[0] == 0
    good = code == 76 and named and not left and gap == 0 and same
    if not good:
        print(words, file=sys.stderr)
    return {
        "signal": number.name, "rank": victim, "at": at, "reached": reached, "exit": code, "seconds": f"{seconds:.1f}",
        "named": "yes" if named else "NO", "left": "-" if not left else f"RANKS {left}", "resumed": resumed,
        "loss": "the same" if gap == 0 and same else f"OFF BY {gap}", "good": good,
    }


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="shearling-ranks-"))
    temporary = folder / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}
    shared_before = set(os.listdir("/dev/shm"))
    good = True
    try:
        whole = folder / "whole"
        tiny_runs.run(PROGRAM, whole, RANKS, CHOICE, SETTINGS, environment)
        print(f"{'round':7}{'signal':9}{'rank':6}{'at step':9}{'exit':6}{'seconds':>8}  {'named':7}{'left':6}"
              f"{'goes on at':12}final loss and weights")
        chance = random.Random(17)
        for number in range(ROUNDS):
            # Each rank is killed in turn, then one is stopped, another one each time.
            turn = number % (RANKS + 1)
            kind, victim = (signal.SIGKILL, turn) if turn < RANKS else (signal.SIGSTOP, number // (RANKS + 1) % RANKS)
            row = disturbed(whole, folder / "runs", kind, victim, chance.randint(2, STEPS - 5), environment)
            good = good and row["good"]
            print(f"{number + 1:<7}{row['signal']:9}{row['rank']:<6}{row['at']:<9}{row['exit']:<6}"
                  f"{row['seconds']:>8}  {row['named']:7}{row['left']:6}{row['resumed']:<12}{row['loss']}", flush=True)
        # What others have put there in the meantime has other names than PyTorch's.
        left = list(temporary.iterdir()) + [name for name in set(os.listdir("/dev/shm")) - shared_before
                                            if "torch" in name or "shear" in name or "gloo" in name]
        print(f"files left in {environment['TMPDIR']} and /dev/shm: {len(left)}")
        good = good and not left
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not good:
        sys.exit("rank_faults.py: not all is well")


main()
