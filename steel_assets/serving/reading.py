"""The process that reads the publication, seen from the service: begun, its parts received one by one, ended in time.

It may be begun before the service itself is loaded, so that both start side by side; what it says waits in the pipe.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

LONGEST_SECONDS = 120.0


class ReadingFailed(RuntimeError):
    """The process ended badly or not at all; the message holds its last words."""


@dataclass(frozen=True)
class Reading:
    """A process at work. If the service dies, its next line meets a closed pipe and it ends too."""

    process: subprocess.Popen[bytes]
    said: IO[bytes]

    def receive(self, take: Callable[[dict[str, Any]], object]) -> None:
        """Hand each part to ``take`` as it comes, until the process ends; call it in a thread.

        Raises:
            ReadingFailed: the process failed, took longer than LONGEST_SECONDS, or said something that is no part.
        """
        end = threading.Timer(LONGEST_SECONDS, self.process.kill)
        end.start()
        try:
            assert self.process.stdout is not None  # noqa: S101  it is a pipe
            for line in self.process.stdout:
                take(json.loads(line))
        except ValueError as error:
            raise ReadingFailed(f"it said something that is no part: {error}") from error
        finally:
            end.cancel()
            self.stop()
        if self.process.returncode != 0:
            self.said.seek(0)
            words = self.said.read().decode(errors="replace").strip().splitlines()
            raise ReadingFailed(f"exit {self.process.returncode}: {words[-1] if words else 'no reason given'}")

    def stop(self) -> None:
        """End the process, however far it is, and collect it."""
        if self.process.stdout is not None:
            self.process.stdout.close()
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def begin(environment: Mapping[str, str] | None = None) -> Reading:
    """Begin a reading with this process's settings, ``environment`` added."""
    said = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the process
    process = subprocess.Popen(
        [sys.executable, "-m", "steel_assets.serving.publication"],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said,
    )
    return Reading(process, said)
