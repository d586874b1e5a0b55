"""``steel dev``, ``steel ui`` and ``steel sandbox``: the Dagster UI with or without its daemon, and the simulated providers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from steel_assets.assets.runs import instance_here
from steel_assets.bootstrap import catalog, platform
from steel_assets.cli.problem import Problem
from steel_assets.operations.instance_state import PREFIX, kept_files, restored_instance
from steel_assets.settings import dagster_home, settings

STOP_SECONDS = 60
"""Seconds that Dagster's processes get to stop."""


UI = [sys.executable, "-m", "steel_assets.assets.ui"]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def dev(
    port: Annotated[int, typer.Option(help="port of the Dagster UI", min=1, max=65535)] = 3000,
    host: Annotated[str, typer.Option(help="address of the Dagster UI")] = "127.0.0.1",
    kept: Annotated[
        str | None,
        typer.Option("--from", help="read-only: show what steel run stored in this lake (a folder, or gs://bucket/prefix)"),
    ] = None,
) -> None:
    """Start the Dagster UI and the daemon that runs schedules; with simulated prices the sandbox too."""
    _refuse_open_ui(host)
    console = Console()
    if kept is not None:
        raise typer.Exit(_look(kept, host, port, console))
    with ExitStack() as stack:
        stack.enter_context(instance_here(begin=True))
        environment = os.environ | {
            "DAGSTER_HOME": str(dagster_home() or Path.cwd())
        }  # otherwise Dagster announces a temporary one
        if settings().simulated:
            from steel_assets.sandbox.server import Sandbox

            sandbox = stack.enter_context(Sandbox(catalog()))
            environment |= {"STEEL_SANDBOX_URL": sandbox.url}
            console.print(f"[yellow]SIMULATED market at {sandbox.url}[/]", highlight=False)
        console.print(f"Dagster UI on http://{host}:{port} (stop with Ctrl-C)", highlight=False)
        code = _until_stopped([*UI, "dev", "-h", host, "-p", str(port), *_code()], environment)
    raise typer.Exit(code)


def _look(address: str, host: str, port: int, console: Console) -> int:
    """Serve the Dagster UI, read-only, on a copy of the instance kept in the lake at ``address``; return its exit code.

    Raises:
        Problem: no instance is kept there, or it is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="steel-look-") as folder:
        home = Path(folder) / "instance"
        parts = platform(settings().model_copy(update={"lake": address, "home": Path(folder) / "home"}))
        if "://" not in address and not Path(address).is_dir():
            raise Problem(f"--from: {address} is not a folder; name the lake that steel run uses, or gs://bucket/prefix")
        state = restored_instance(
            kept_files(parts.store, parts.signing_key), parts.home, home, json_logs=parts.settings.log_format == "json"
        )
        if state.kept is None:
            raise Problem(f"--from: {parts.store.uri(PREFIX.rstrip('/'))} is empty: steel run never ended there")
        notice = f"The state of {state.kept.saved_at:%Y-%m-%d %H:%M} UTC, read-only, on http://{host}:{port} (stop with Ctrl-C)"
        console.print(notice, highlight=False, soft_wrap=True)
        command = [*UI, "-m", "steel_assets.definitions", "-h", host, "-p", str(port), "--read-only"]
        return _until_stopped(command, os.environ | {"DAGSTER_HOME": str(home), "STEEL_LAKE": address})


def _until_stopped(command: list[str], environment: Mapping[str, str]) -> int:
    """Run ``command`` until it ends or is interrupted; return its exit code."""
    for stop in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with Ctrl-C ignored, as Dagster would be too
        signal.signal(stop, signal.default_int_handler)
    process = subprocess.Popen(command, env=environment)  # noqa: S603 - our own interpreter, no shell
    try:
        process.wait()
    except KeyboardInterrupt:
        process.terminate()
    finally:
        process.wait(timeout=STOP_SECONDS)
    return max(process.returncode, 0)


def ui(
    port: Annotated[int, typer.Option(help="port of the Dagster UI", min=1, max=65535)] = 3000,
    host: Annotated[str, typer.Option(help="address of the Dagster UI")] = "127.0.0.1",
) -> None:
    """Start the Dagster UI without the daemon; start that beside it with dagster-daemon run."""
    _refuse_open_ui(host)
    command = [*UI, "-h", host, "-p", str(port), *_code()]
    os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell


def _code() -> list[str]:
    """Options that tell Dagster which code to load if the current folder has no ``workspace.yaml`` (a checkout has one)."""
    return [] if Path("workspace.yaml").exists() else ["-m", "steel_assets.definitions"]


def _refuse_open_ui(host: str) -> None:
    """Refuse a host that others can reach: the UI has no users, so anybody could start and delete everything."""
    if host not in LOOPBACK and not settings().ui_hosts.strip():
        raise Problem(
            f"--host: on {host} everybody who reaches the Dagster UI could operate it: it knows no users. Leave it on 127.0.0.1 "
            "behind a proxy that asks who they are (docs/operations.md), or name the hosts it is reached by in STEEL_UI_HOSTS"
        )


def sandbox(
    port: Annotated[int, typer.Option(help="port to answer on", min=1, max=65535)] = 8765,
    seed: Annotated[int, typer.Option(help="seed of the simulated market")] = 7,
) -> None:
    """Serve a simulated steel market as Yahoo Finance, Alpha Vantage, FRED and Trading Economics would."""
    from steel_assets.sandbox.server import serve

    Console().print(f"[yellow]SIMULATED providers on http://127.0.0.1:{port}[/] (stop with Ctrl-C)", highlight=False)
    serve(catalog(), "127.0.0.1", port, seed)
