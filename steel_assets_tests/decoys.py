"""A stand-in for everything of a user that tests could touch, and whether a command touched it.

``python -m steel_assets_tests.decoys COMMAND…`` runs the command as on the machine of somebody who exports settings of a real
installation, keeps a home and has servers on the default ports; it ends with 1 when any of it was touched, saying what and by
whom. ``make test``, ``make chaos`` and ``make bench`` run through it. A port on which somebody else's server listens already,
and a folder of the checkout that another program is using, are left alone: said, not watched.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from steel_assets.catalog import load_catalog
from steel_assets_tests.isolation import INSIDE, PAID_FOR, ROOT

PORTS = {"Dagster": 3000, "prediction service": 8000, "sandbox": 8765, "Redis": 6379, "Postgres": 5432}
CHECKOUT = (".steel", ".steel-real", ".dagster", ".env")
"""What a user keeps in the checkout; ``make dev`` and ``make demo`` write the folders."""


@dataclass
class Decoy:
    """A server that answers nothing and remembers who connected."""

    name: str
    port: int
    callers: list[str] = field(default_factory=list)

    @contextmanager
    def listening(self, listener: socket.socket) -> Iterator[Decoy]:
        listener.settimeout(0.1)
        stop = threading.Event()

        def accept() -> None:
            while True:
                try:
                    connection, (_, port) = listener.accept()
                except TimeoutError:
                    if stop.is_set():  # and nobody waits to be accepted
                        return
                else:
                    self.callers.append(_program_at(port))
                    connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()
            listener.close()


@contextmanager
def servers(ports: dict[str, int]) -> Iterator[tuple[list[Decoy], list[str]]]:
    """Decoys on those of ``ports`` that are free (0: any), and the names of the others."""
    decoys, taken = [], []
    with ExitStack() as stack:
        for name, port in ports.items():
            try:
                listener = socket.create_server(("127.0.0.1", port))
            except OSError:
                taken.append(f"{name} ({port})")
            else:
                decoy = Decoy(name, listener.getsockname()[1])
                decoys.append(stack.enter_context(decoy.listening(listener)))
        yield decoys, taken


def installation(folder: Path, port: int) -> dict[str, str]:
    """A user's home and installation in ``folder``, whose servers are all at ``port``; the settings that lead there."""
    url = f"http://127.0.0.1:{port}"
    files = {
        "home/.config/gcloud/application_default_credentials.json": json.dumps({"type": "authorized_user", "token_uri": url}),
        "home/.dagster/dagster.yaml": "telemetry: {enabled: true}\n",
        "steel/lake/lake.json": '{"simulated": false}\n',
        "dagster/dagster.yaml": "telemetry: {enabled: true}\n",
        "catalog/rules.yaml": "a user's catalogue that no test may read: [\n",
        "plugins/sources/users.py": "raise SystemExit('a user's file that no test may run')\n",
        "drop/prices.csv": "a user's file that no test may import\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    sources = [source.id.upper() for source in load_catalog().sources.values() if source.kind == "api"]
    return (
        {"HOME": str(folder / "home"), "DAGSTER_HOME": str(folder / "dagster"), "STEEL_HOME": str(folder / "steel")}
        | {f"XDG_{name}_HOME": str(folder / "home" / name.lower()) for name in ("CONFIG", "CACHE", "DATA", "STATE")}
        | {"STEEL_LAKE": str(folder / "steel" / "lake"), "STEEL_WAREHOUSE": str(folder / "steel" / "warehouse.duckdb")}
        | {"STEEL_CATALOG_DIR": str(folder / "catalog"), "STEEL_DROP_DIR": str(folder / "drop"), "STEEL_SOURCES": "live"}
        | {f"STEEL_BASE_URLS__{name}": url for name in sources}
        | {f"STEEL_KEYS__{name}": "a-users-key" for name in sources}
        | {"STEEL_PLUGINS_DIR": str(folder / "plugins")}
        | {"STEEL_SANDBOX_URL": url, "STEEL_DAGSTER_URL": url, "STEEL_REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        | {"STEEL_ALERT_WEBHOOK_URL": f"{url}/hook", "STEEL_SLACK_WEBHOOK_URL": f"{url}/slack", "STEEL_PORT": str(port)}
        | {"STEEL_STORAGE_ENDPOINT": url, "STORAGE_EMULATOR_HOST": url, "BIGQUERY_EMULATOR_HOST": url}
        | {"GOOGLE_CLOUD_PROJECT": "a-users-project", "CLOUDSDK_CONFIG": str(folder / "home" / ".config" / "gcloud")}
        | {"DAGSTER_PG_HOST": "127.0.0.1", "DAGSTER_PG_PORT": str(port), "PGHOST": "127.0.0.1", "PGPORT": str(port)}
        | {name: url for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (proxy, proxy.lower())}
    )


def held(places: Iterable[Path]) -> dict[Path, str]:
    """Every file at or below ``places`` with what tells a change of it, and every folder."""
    found: dict[Path, str] = {}
    for place in places:
        for path in [place, *place.rglob("*")] if place.is_dir() else [place] if place.exists() else []:
            with suppress(OSError):
                found[path] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
    return found


def watched(root: Path, ports: dict[str, int], command: list[str]) -> tuple[int, list[str], list[str]]:
    """Run ``command`` among decoys: its exit code, what it touched, what was not watched and why."""
    in_use = _in_use(root)
    with tempfile.TemporaryDirectory(prefix="steel-decoys-") as made, servers({**ports, "exported": 0}) as (decoys, taken):
        settings = installation(Path(made), decoys[-1].port)
        places = [Path(made), *(root / name for name in CHECKOUT if not in_use)]
        before = held(places)
        environment = {name: value for name, value in os.environ.items() if name not in (INSIDE, "PYTHONPATH")}
        paid_for = PAID_FOR in environment  # tests against somebody's own Google project need that somebody's settings
        code = subprocess.run(command, env=environment | ({} if paid_for else settings), check=False).returncode
        after = held(places)
        in_use = in_use or _in_use(root)
        changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        touched = [str(path) for path in changed if path.is_relative_to(made) or not in_use]
    touched += [f"the {decoy.name} server on port {decoy.port}, by {who}" for decoy in decoys for who in decoy.callers]
    left = [f"{name}: somebody's server is there" for name in taken]
    return code, touched, left + ([f"{', '.join(CHECKOUT)}: {in_use} works in {root}"] if in_use else [])


def main() -> int:
    """Run the command of the command line and say what it touched."""
    code, touched, left = watched(ROOT, PORTS, sys.argv[1:])
    for line in left:
        sys.stderr.write(f"not watched · {line}\n")
    for line in dict.fromkeys(touched):
        sys.stderr.write(f"TOUCHED, though it is a user's · {line}\n")
    if not touched:
        sys.stderr.write("nothing of a user's was touched: no default port, no setting, home, lake or folder of the checkout\n")
    return code or bool(touched)


def _program_at(port: int) -> str:
    """The command line at the other end of a connection from ``port`` of this machine."""
    with suppress(psutil.Error):
        for net_connection in psutil.net_connections("tcp"):
            if net_connection.pid and net_connection.laddr and net_connection.laddr.port == port:
                return " ".join(psutil.Process(net_connection.pid).cmdline())[:200]
    return "a program that has ended"


def _in_use(root: Path) -> str | None:
    """A program that keeps files open in the checkout's ``.steel`` or ``.dagster``, as ``make dev`` does; None without one."""
    folders = [str(root / name) + os.sep for name in CHECKOUT]
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(file.path.startswith(tuple(folders)) for file in process.open_files()):
                return " ".join(process.cmdline())[:200]
    return None


if __name__ == "__main__":
    sys.exit(main())
