"""How a peer takes turns: the conversation of Sources/shear/Bench/Turns.swift."""

import json
import sys
import time


def say(value):
    print(json.dumps(value), flush=True)


def take(facts, slice):
    """Says what is measured, then gives slices as they are asked for."""
    say(facts)
    for _ in iter(sys.stdin.readline, ""):
        say(slice())


def forget_peak():
    """Lets the peak of resident memory begin again at what is resident now."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def resident(field):
    """Bytes of VmHWM (the peak) or VmRSS (now)."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field + ":"))


now = time.perf_counter
