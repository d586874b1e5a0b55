"""A Postgres of one's own, where the machine has it."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").is_dir() else []
MISSING = "Postgres is not on this machine (Debian: apt-get install postgresql)"


@contextmanager
def postgres_here() -> Iterator[int]:
    """The port of a server on 127.0.0.1 with the user ``steel``, who needs no password, for as long as the block."""
    folder = Path(tempfile.mkdtemp(prefix="steel-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    tools, data = PROGRAMS[-1], str(folder / "data")
    subprocess.run(_command(f"{tools}/initdb", "-D", data, "-A", "trust", "-U", "steel"), check=True, capture_output=True)
    options = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(_command(f"{tools}/postgres", "-D", data, *options), stdout=log, stderr=log)
    try:
        _wait_for(port, folder / "log")
        yield port
    finally:
        subprocess.run(_command(f"{tools}/pg_ctl", "-D", data, "-m", "immediate", "stop"), capture_output=True, check=False)
        server.wait(timeout=120)
        shutil.rmtree(folder, ignore_errors=True)


def _command(*words: str) -> list[str]:
    """Postgres refuses to run as root; then its own user runs it."""
    return ["runuser", "-u", "postgres", "--", *words] if os.geteuid() == 0 else list(words)


def _wait_for(port: int, log: Path) -> None:
    question = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "steel", "-c", "select 1", "postgres"]
    for _ in range(600):
        if subprocess.run(question, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.2)
    raise RuntimeError(f"Postgres does not answer on port {port}: {log.read_text()}")
