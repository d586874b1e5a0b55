"""The service as users meet it: its own process, started by the command line, asked over the loopback network."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from steel_assets.serving.app import create_app
from steel_assets.serving.run import SERVER, build
from steel_assets.serving.service import Service
from steel_assets.settings import Settings
from steel_assets_tests.isolation import outside
from steel_assets_tests.prepared import run, start

PREDICT = "/predict/steel-rebar-price"


def started_fresh(*arguments: str, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """As ``prepared.start``, in an interpreter of its own."""
    command = [sys.executable, "-c", "from steel_assets.cli import main; main()", *arguments]
    with log.open("wb") as written:
        return subprocess.Popen(command, env=environment, stdout=written, stderr=written)


class Running:
    """``steel serve`` over a home folder, and a client that holds a key."""

    def __init__(
        self,
        home: Path,
        *,
        key: str | None = None,
        host: str = "127.0.0.1",
        keep: bool = False,
        closed: bool = False,
        fresh: bool = False,
        **environment: str,
    ) -> None:
        """Without a key it is open to this machine, unless ``closed``; ``fresh``: imports nothing beforehand, to be measured."""
        self.home = home
        self.port = free_port()
        self.log_path = home.parent / f"service-{self.port}.log"
        if not keep:
            self.path_read.unlink(missing_ok=True)
        self.environment = {**outside(), "STEEL_HOME": str(home), **environment}
        opened = ["--open"] if key is None and host == "127.0.0.1" and not closed else []
        arguments = ("serve", "--port", str(self.port), "--host", host, *opened)
        self.process = (started_fresh if fresh else start)(*arguments, environment=self.environment, log=self.log_path)
        headers = {"x-api-key": key} if key else {}
        self.client = httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def until(self, check: Any, seconds: float = 600.0) -> Any:
        """Wait until ``check()`` is true; its value. Fails the test with the service's log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                value = check()
            except httpx.TransportError:
                value = None
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s; the service said:\n{self.log}")

    def until_read(self) -> Running:
        """Wait until every part of the publication was read or given up."""
        self.until(lambda: self.client.get("/ready").status_code == 200)
        return self.until(lambda: self.path_read.exists() and self)

    @property
    def path_read(self) -> Path:
        """Written after each whole reading; removed before the start, so that its presence means a reading since."""
        return self.home / "serving" / "last_good.json"

    def price(self) -> float:
        answer = self.client.get(PREDICT)
        assert answer.status_code == 200, answer.text
        return float(answer.json()["predicted_price_usd_per_ton"])

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def stop(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Running:
        self.until(lambda: self.client.get("/health").status_code == 200)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextmanager
def answering(home: Path, *, opened: bool = False, **more: Any) -> Iterator[tuple[Service, int]]:
    """The service in this process, which publishes nothing, on uvicorn and a port of its own; ``more`` is uvicorn's."""
    service = build(Settings(home=home, sources="files"), "127.0.0.1", opened=opened)
    server = uvicorn.Server(uvicorn.Config(create_app(service), lifespan="off", **{**SERVER, **more}))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield service, int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(60)


class Redis:
    """A real redis-server on a free port."""

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        self.options = options
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("redis-server is not on this machine")
        command = [program, "--port", str(self.port), "--save", "", "--appendonly", "no", *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(3000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("redis-server did not start")

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_key(home: Path, *options: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """``steel keys create``, as an operator does it."""
    asked = {**outside(), "STEEL_HOME": str(home), **(environment or {})}
    said = run("keys", "create", "tests", "--json", *options, folder=home.parent, environment=asked)
    assert said.returncode == 0, said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found
