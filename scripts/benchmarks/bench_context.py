"""What all measurements share: where things are, how large they are, what the machine is."""

import importlib.metadata
import os
import pathlib
import subprocess
import sys

from rows import say

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ("torch", "transformers", "tokenizers", "sentencepiece", "numpy")
FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


class Context:
    def __init__(self, shear, root, work, quick):
        self.shear = shear
        self.root = root
        self.work = work / ("quick" if quick else "real")
        self.quick = quick
        # One thread where the machine may be busy: threads that wait for each other by spinning make each other slow.
        self.threads = 1 if quick else len(os.sched_getaffinity(0))
        self.model = root / ".cache/fixtures/smollm2"
        self.llama2 = root / ".cache/fixtures/llama2"
        self.work.mkdir(parents=True, exist_ok=True)

    def pick(self, real, quick):
        """A size: the real one, or the one of --quick."""
        return quick if self.quick else real

    def ours(self, *arguments):
        """The command of a measurement of ours."""
        return [self.shear, "bench", *map(str, arguments)]

    def peer(self, script, *arguments):
        """The command of a peer."""
        return [sys.executable, str(HERE / script), *map(str, arguments)]

    def run(self, *command):
        """Runs a command to its end and returns what it printed."""
        return subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True).stdout

    def warn_of_load(self):
        load = os.getloadavg()[0]
        if load > 0.3 and not self.quick:
            say(f"warning: the machine is busy (load {load:.2f}); figures of now are not figures of a quiet machine")

    def machine(self):
        """Processor, threads and versions, as results keep them."""
        name, flags = "unknown", set()
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                flags = set(value.split())
                break
        commit = subprocess.run(
            ["git", "-C", self.root, "describe", "--always", "--dirty", "--exclude=*"], capture_output=True, text=True
        ).stdout.strip()
        return {
            "processor": name,
            "features": [feature for feature in FEATURES if feature in flags],
            "threads": self.threads,
            "load": round(os.getloadavg()[0], 2),
            "python": sys.version.split()[0],
            "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
            "commit": commit,
        }

    @property
    def has_amx(self):
        return "amx_bf16" in self.machine()["features"]
