"""Programs that measure in turns: each runs only while it is its turn, and is stopped by a signal otherwise."""

import ctypes
import json
import os
import signal
import subprocess
import tempfile


def end_with_parent():
    """Has the kernel end this process when its parent ends, however that happens: it may be stopped just then."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Side:
    """A program that prints a line of JSON when it is ready, and one more for each line it is given."""

    def __init__(self, name, command, environment=None):
        self.name = name
        self.slices = []
        self.warmups = []
        self.messages = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.messages,
            text=True,
            start_new_session=True,
            preexec_fn=end_with_parent,
            env={**os.environ, **(environment or {})},
        )
        try:
            self.facts = self._read()
        except BaseException:
            self._signal(signal.SIGKILL)
            raise
        self._signal(signal.SIGSTOP)

    def go(self, counts=True):
        """One slice."""
        self._signal(signal.SIGCONT)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        (self.slices if counts else self.warmups).append(self._read())
        self._signal(signal.SIGSTOP)

    def values(self, key):
        return [made[key] for made in self.slices]

    def every(self, key):
        """The values of the first slices too, which do not count."""
        return [made[key] for made in self.warmups + self.slices]

    def close(self):
        if self.process.poll() is None:
            self._signal(signal.SIGCONT)
            try:
                self.process.stdin.close()
                self.process.wait(60)
            except (OSError, subprocess.TimeoutExpired):
                self._signal(signal.SIGKILL)
                self.process.wait()

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.messages.seek(0)
            end = "".join(self.messages.readlines()[-15:])
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{end}")
        return json.loads(line)

    def _signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass


class Sides:
    """Sides of one comparison, as a context: whatever happens, none is left running or stopped."""

    def __init__(self, result):
        self.result = result
        self.sides = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for side in self.sides:
            side.close()

    def add(self, name, command, environment=None):
        side = Side(name, command, environment)
        self.sides.append(side)
        self.result.sides.append(side)
        return side

    def alternate(self, warmups, slices):
        """Every side once a round, in turned order every other round, so that a drift of the machine meets all alike."""
        for number in range(warmups + slices):
            for side in self.sides if number % 2 == 0 else reversed(self.sides):
                side.go(counts=number >= warmups)
