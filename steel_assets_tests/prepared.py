"""``steel`` in a process of its own for each command, without importing it anew: a prepared process that forks.

Importing what a command needs takes longer than most commands. ``run`` hands a command to a process that has imported all of
it and knows the trading days; its child has the folder, environment and output that it is given, and ends as a program does.
``start`` does the same with a service, from a second such process that has imported what a service does and no more.
What only a fresh interpreter can show (what is imported, how the program is installed) is tested without it.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from steel_assets_tests.isolation import outside

PROGRAM = f"{sys.prefix}/bin/steel"
USED = (
    "steel_assets.definitions",
    "steel_assets.core.models",
    "steel_assets.sandbox.server",
    "steel_assets.assets.dagster_storage",
    "steel_assets.serving.response_bodies",
    "dagster._core.storage.runs.sqlite",
    "dagster._core.storage.event_log.sqlite",
    "dagster._core.storage.schedules.sqlite",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._daemon.types",
    "alembic.command",
    "sqlalchemy.dialects.sqlite",
    "anyio._backends._asyncio",
    "duckdb",
    "exchange_calendars",
    "httpcore",
    "httpx",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "sklearn",
    "upath.implementations.local",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)
"""What commands import where they use it: most open an instance of Dagster and a sandbox, and that is two seconds of imports."""

SERVED = (
    "steel_assets.cli.main",
    "steel_assets.cli.serve",
    "steel_assets.serving.run",
    "steel_assets.serving.page",
    "anyio._backends._asyncio",
    "redis",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
)
"""What a service imports, and no more: its memory is measured."""


def warm() -> None:
    """Work out what hangs on nothing that a program is told, and that each keeps once it knows it: trading days, deadlines.

    A calendar of an exchange takes half a second.
    """
    import pandas as pd

    from steel_assets.assets.freshness import policies_of
    from steel_assets.catalog import load_catalog
    from steel_assets.core.calendars import sessions

    catalog = load_catalog()
    policies_of(catalog.rules)
    for name in sorted({series.calendar for series in catalog.series.values()}):
        sessions(name, pd.Timestamp("2026-01-01"), pd.Timestamp("2026-12-31"))


ASKING = """#!{python} -IS
import json, os, socket, sys, tempfile
with tempfile.TemporaryDirectory(prefix="steel-said-") as said, socket.socket(socket.AF_UNIX) as asking:
    wanted = {{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
    wanted |= {{name: os.path.join(said, name) for name in ("out", "err")}}
    asking.connect({place!r})
    asking.sendall(json.dumps(wanted).encode() + b"\\n")
    code = asking.makefile().read().split()[1]
    for name, stream in (("out", sys.stdout.buffer), ("err", sys.stderr.buffer)):
        with open(os.path.join(said, name), "rb") as told:
            stream.write(told.read())
sys.exit(int(code))
"""


def command(folder: Path) -> Path:
    """``folder`` with a program ``steel`` in it, for a shell's PATH: it asks the prepared process, and is it to its caller."""
    folder.mkdir()
    program = folder / "steel"
    program.write_text(ASKING.format(python=sys.executable, place=_prepared("commands")))
    program.chmod(0o700)
    return folder


def run(*arguments: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What ``steel`` with ``arguments`` does in ``folder``, with nothing but ``environment``."""
    with tempfile.TemporaryDirectory(prefix="steel-said-") as said, socket.socket(socket.AF_UNIX) as asking:
        out, err = Path(said) / "out", Path(said) / "err"
        wanted = {"arguments": arguments, "folder": str(folder), "environment": dict(environment)}
        asking.connect(_prepared("commands"))
        asking.sendall(json.dumps(wanted | {"out": str(out), "err": str(err)}).encode() + b"\n")
        answer = asking.makefile().read().split()
        assert answer, "the prepared process is gone"
        return subprocess.CompletedProcess(
            [PROGRAM, *arguments], int(answer[1]), out.read_text(errors="replace"), err.read_text(errors="replace")
        )


class Started:
    """A service that runs; what is asked of it is asked as of ``subprocess.Popen``."""

    def __init__(self, asking: socket.socket) -> None:
        """``asking`` says the number of the process, and its exit code once it has ended."""
        self._asking = asking
        self._told = asking.makefile()
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def wait(self, seconds: float | None = None) -> int:
        """Its exit code. Raises TimeoutExpired if it has not ended within ``seconds``."""
        if self.returncode is None:
            if not select.select([self._asking], [], [], seconds)[0]:
                raise subprocess.TimeoutExpired(PROGRAM, seconds or 0.0)
            self.returncode = int(self._told.readline())
            self._told.close()
            self._asking.close()
        return self.returncode

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        try:
            return self.wait(0.0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def start(*arguments: str, environment: Mapping[str, str], log: Path) -> Started:
    """A service: ``steel`` with ``arguments``, in this folder and with nothing but ``environment``; all it says is in ``log``."""
    asking = socket.socket(socket.AF_UNIX)
    asking.connect(_prepared("service"))
    wanted = {
        "arguments": arguments,
        "folder": str(Path.cwd()),
        "environment": dict(environment),
        "out": str(log),
        "err": str(log),
    }
    asking.sendall(json.dumps(wanted).encode() + b"\n")
    return Started(asking)


@lru_cache(maxsize=2)
def _prepared(what: str) -> str:
    """Where this process's prepared process for ``what`` answers; it ends with this one."""
    folder = tempfile.mkdtemp(prefix="steel-prepared-")
    place = f"{folder}/socket"
    command = [sys.executable, "-m", __name__, place, what]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=outside())

    def end() -> None:
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", "the program cannot be imported"
    return place


def main(place: str, what: str) -> None:
    """Answer at ``place`` until standard input ends: one child for each question, so that several are at work at a time."""
    every = [module.name for module in iter_modules(import_module("steel_assets.cli").__path__, "steel_assets.cli.")]
    for name in SERVED if what == "service" else [*every, *USED]:
        import_module(name)
    if what == "commands":
        warm()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen(64)
        print("ready", flush=True)  # noqa: T201 - whoever started this waits for it
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            asked, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _answer(asked)
            asked.close()
            _reap()


def _reap() -> None:
    """Let go of the children that have answered."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _answer(asked: socket.socket) -> None:
    """Run what is asked in a child and say how it ended; never returns."""
    wanted = json.loads(asked.makefile().readline())
    child = os.fork()
    if child == 0:
        asked.close()
        _become(wanted)
    asked.sendall(b"%d\n" % child)
    _, status = os.waitpid(child, 0)
    asked.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    asked.close()
    os._exit(0)


def _become(wanted: Mapping[str, Any]) -> None:
    """Be the program, to its end; never returns."""
    code = 1
    try:
        for descriptor, name in ((0, os.devnull), (1, wanted["out"]), (2, wanted["err"])):
            opened = os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(opened, descriptor)
            os.close(opened)
        os.chdir(wanted["folder"])
        os.environ.clear()
        os.environ |= wanted["environment"]
        sys.argv = [PROGRAM, *wanted["arguments"]]
        sys.modules["__main__"].__package__ = None  # by which a program is known to have been started with -m
        from steel_assets.cli import main as program

        program()
        code = 0
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does; the child must never come back
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as the interpreter does at its end
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
