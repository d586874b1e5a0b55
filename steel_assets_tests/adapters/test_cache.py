"""One suite for both caches: the same behaviour over files and over a real Redis, whatever goes wrong."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import pytest

from steel_assets.adapters.cache.cache import NAMESPACES, Cache, LocalCache, Namespace, RedisCache

REDIS = shutil.which("redis-server")
SMALL = {"predictions": Namespace(3600, 100_000), "external_data": Namespace(7200, 100_000)}


class Server:
    """A redis-server of our own on a free port of this machine, stopped at the end of the block."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        if REDIS is None:
            pytest.skip("redis-server is not on this machine")
        self.port = port or free_port()
        where = () if "--tls-port" in options else ("--port", str(self.port))
        command = [REDIS, "--bind", "127.0.0.1", *where, "--save", "", "--dir", str(folder), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.url = f"redis://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        for _ in range(6000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.01)
        self.stop()
        raise RuntimeError("redis-server did not start within a minute")

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def in_time(holds: Callable[[], bool], seconds: float = 300) -> None:
    """Wait until ``holds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(params=["local", "redis"])
def expression(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Python that makes the cache under test, here and in other processes."""
    if request.param == "local":
        return f"LocalCache(Path({str(tmp_path / 'cache')!r}), SMALL)"
    running: Server = request.getfixturevalue("server")
    subprocess.run(["redis-cli", "-p", str(running.port), "flushall"], check=True, stdout=subprocess.DEVNULL)
    return f"RedisCache({running.url!r}, SMALL, timeout_seconds=30.0)"


@pytest.fixture
def make(expression: str) -> Callable[[], Cache]:
    return lambda: eval(expression)  # noqa: S307  our own text, shared with the other processes


@pytest.fixture
def cache(make: Callable[[], Cache]) -> Cache:
    return make()


def used(cache: Cache, namespace: str = "predictions") -> int:
    return cache.stats().usage[namespace].bytes


def test_the_mission_s_classes_have_its_limits():
    mib = 2**20
    assert {name: (n.ttl_seconds / 3600, n.limit_bytes / mib) for name, n in NAMESPACES.items()} == {
        "predictions": (1, 100),
        "training_data": (24, 500),
        "external_data": (2, 200),
    }


@pytest.mark.parametrize("content", [b"", b"text", bytes(range(256)) * 100])
def test_what_was_put_comes_back_byte_for_byte_to_every_process(make: Callable[[], Cache], content: bytes):
    assert make().put("predictions", "key", content)
    assert make().get("predictions", "key") == content


@pytest.mark.parametrize("key", ["", "a/../b", "ключ", "k" * 10_000, "a\x00b", "\ud800", "{x}:data:"])
def test_any_text_is_a_key(cache: Cache, key: str):
    assert cache.put("predictions", key, b"x")
    assert cache.get("predictions", key) == b"x"
    assert cache.get("predictions", key + "?") is None


def test_namespaces_are_apart(cache: Cache):
    cache.put("predictions", "key", b"mine")
    assert cache.get("external_data", "key") is None
    cache.put("external_data", "key", b"theirs")
    cache.delete("external_data", "key")
    assert cache.get("predictions", "key") == b"mine"


def test_a_second_put_replaces_the_first_and_is_counted_once(cache: Cache):
    cache.put("predictions", "key", b"1" * 5000)
    cache.put("predictions", "key", b"2" * 3000)
    assert cache.get("predictions", "key") == b"2" * 3000
    assert 3000 <= used(cache) < 3200
    assert cache.stats().usage["predictions"].entries == 1
    cache.delete("predictions", "key")
    cache.delete("predictions", "key")
    assert used(cache) == 0


def test_an_entry_expires_and_frees_its_bytes(cache: Cache):
    cache.put("predictions", "short", b"x" * 1000, ttl_seconds=0.15)
    cache.put("predictions", "long", b"x", ttl_seconds=600)
    in_time(lambda: cache.get("predictions", "short") is None)
    assert cache.get("predictions", "long") == b"x"
    assert used(cache) < 100


def test_the_limit_holds_and_what_expires_soonest_leaves_first(cache: Cache):
    for i in range(30):
        assert cache.put("predictions", f"key-{i}", bytes([i]) * 10_000, ttl_seconds=1000 + i)
        assert used(cache) <= 100_000
    there = [i for i in range(30) if cache.get("predictions", f"key-{i}") == bytes([i]) * 10_000]
    assert there == list(range(21, 30))


def test_a_full_namespace_takes_nothing_from_another(cache: Cache):
    cache.put("external_data", "kept", b"kept")
    for i in range(15):
        cache.put("predictions", f"key-{i}", bytes(10_000))
    assert cache.get("external_data", "kept") == b"kept"


def test_what_is_larger_than_the_limit_is_not_stored_and_evicts_nothing(cache: Cache):
    cache.put("predictions", "small", b"small")
    assert not cache.put("predictions", "huge", bytes(100_000))
    assert cache.get("predictions", "huge") is None
    assert cache.get("predictions", "small") == b"small"


def test_hits_and_misses_are_counted(cache: Cache):
    cache.put("predictions", "key", b"x")
    cache.get("predictions", "key")
    cache.get("predictions", "other")
    stats = cache.stats()
    assert (stats.available, stats.hits, stats.misses, stats.errors, stats.damaged, stats.last_error) == (True, 1, 1, 0, 0, None)


def test_an_unknown_namespace_and_a_time_to_live_that_is_none_are_the_caller_s_mistake(cache: Cache):
    for call in (lambda: cache.get("other", "k"), lambda: cache.put("other", "k", b""), lambda: cache.delete("other", "k")):
        with pytest.raises(ValueError, match="predictions"):
            call()
    for ttl in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="more than 0 s"):
            cache.put("predictions", "k", b"", ttl_seconds=ttl)


def test_threads_and_processes_never_see_a_wrong_entry_and_never_pass_the_limit(expression: str, cache: Cache):
    script = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from steel_assets.adapters.cache.cache import LocalCache, RedisCache
        from steel_assets_tests.adapters.test_cache import SMALL, hammer
        hammer({expression}, int(sys.argv[1]))
    """)
    processes = [subprocess.Popen([sys.executable, "-c", script, str(seed)]) for seed in (1, 2)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda seed: hammer(cache, seed), (3, 4, 5)))
    assert [process.wait(timeout=240) for process in processes] == [0, 0]
    assert cache.stats().errors == 0
    assert 0 < used(cache) <= 100_000


def hammer(cache: Cache, seed: int) -> None:
    """Put and get the same few keys as everybody else; what comes back must be what somebody put under that key."""
    for turn in range(60):
        key = f"key-{(turn * 7 + seed) % 20}"
        if (turn + seed) % 3 == 0:
            assert cache.put("predictions", key, f"{key} from {seed} ".encode() * 500)
        found = cache.get("predictions", key)
        if found is not None:
            assert found.startswith(f"{key} from ".encode())
            assert len(set(found.decode().split(" "))) == 4
        assert used(cache) <= 100_000


# --- files -----------------------------------------------------------------------------------------------------------------


def test_a_file_overwritten_with_rubbish_is_a_miss_and_the_cache_works_again(tmp_path: Path):
    cache = LocalCache(tmp_path, SMALL)
    cache.put("predictions", "key", b"x")
    for rubbish in (b"rubbish" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000):
        for part in tmp_path.glob("predictions.sqlite*"):
            part.unlink()
        (tmp_path / "predictions.sqlite").write_bytes(rubbish)
        assert cache.get("predictions", "key") is None
        assert "damaged" in str(cache.stats().last_error)
        assert cache.put("predictions", "key", b"y")
        assert cache.get("predictions", "key") == b"y"


def test_an_entry_changed_in_the_file_is_never_handed_out(tmp_path: Path):
    cache = LocalCache(tmp_path, SMALL)
    for stored in (b"x" * 100, b"", "text", 10**12, None):
        cache.put("predictions", "key", b"true")
        with sqlite3.connect(tmp_path / "predictions.sqlite") as database:
            database.execute("PRAGMA ignore_check_constraints = 1")
            database.execute("UPDATE entry SET stored = COALESCE(?, zeroblob(40))", (stored,))
        database.close()
        assert cache.get("predictions", "key") is None
    assert cache.stats().damaged == 5
    assert used(cache) == 0


def test_an_entry_of_another_key_is_never_handed_out(tmp_path: Path):
    cache = LocalCache(tmp_path, SMALL)
    cache.put("predictions", "theirs", b"theirs")
    with sqlite3.connect(tmp_path / "predictions.sqlite") as database:
        stolen = database.execute("SELECT stored FROM entry").fetchone()[0]
        cache.put("predictions", "mine", b"mine")
        database.execute("UPDATE entry SET stored = ?", (stolen,))
    database.close()
    assert cache.get("predictions", "mine") is None
    assert cache.get("predictions", "theirs") == b"theirs"


def test_every_byte_flipped_anywhere_in_the_file_never_yields_a_wrong_answer(tmp_path: Path):
    content = bytes(range(256)) * 8
    cache = LocalCache(tmp_path, SMALL)
    cache.put("predictions", "key", content)
    path = tmp_path / "predictions.sqlite"
    original = path.read_bytes()
    for at in range(0, len(original), 131):
        for part in tmp_path.glob("predictions.sqlite-*"):
            part.unlink()
        path.write_bytes(original[:at] + bytes([original[at] ^ 0x55]) + original[at + 1 :])
        assert cache.get("predictions", "key") in (content, None)


def test_a_folder_that_cannot_be_used_is_a_miss_and_shows(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    cache = LocalCache(tmp_path / "file", SMALL)
    assert not cache.put("predictions", "key", b"x")
    assert cache.get("predictions", "key") is None
    cache.delete("predictions", "key")
    stats = cache.stats()
    assert (stats.available, stats.usage, stats.errors) == (False, {}, 4)
    assert str(tmp_path) in str(stats.last_error)


def test_an_entry_that_is_older_than_its_time_is_a_miss_and_one_that_is_not_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    cache = LocalCache(tmp_path, SMALL)
    cache.put("predictions", "key", b"x", ttl_seconds=3600)
    now = time.time()
    for later, found in ((1800, b"x"), (3601, None)):
        at = SimpleNamespace(time=lambda later=later: now + later)
        monkeypatch.setattr("steel_assets.adapters.cache.sqlite_store.time", at)
        assert cache.get("predictions", "key") == found


def test_a_clock_that_went_back_keeps_nothing_for_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cache = LocalCache(tmp_path, SMALL)
    cache.put("predictions", "key", b"x")
    now = time.time()
    monkeypatch.setattr("steel_assets.adapters.cache.sqlite_store.time", SimpleNamespace(time=lambda: now - 86_400))
    assert cache.get("predictions", "key") is None


def test_a_process_killed_while_it_writes_leaves_a_cache_that_works(tmp_path: Path):
    script = textwrap.dedent(f"""
        from pathlib import Path
        from steel_assets.adapters.cache.cache import LocalCache
        from steel_assets_tests.adapters.test_cache import SMALL
        cache = LocalCache(Path({str(tmp_path)!r}), SMALL)
        print("ready", flush=True)
        while True:
            cache.put("predictions", "key", b"x" * 50_000)
    """)
    cache = LocalCache(tmp_path, SMALL)
    for delay in (0.01, 0.03, 0.06):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
        process.communicate()
        assert cache.get("predictions", "key") in (None, b"x" * 50_000)
        assert cache.put("predictions", "after", b"y")
    assert cache.stats().errors == 0


# --- Redis -----------------------------------------------------------------------------------------------------------------


def test_a_killed_server_is_a_miss_and_comes_back(tmp_path: Path):
    with Server(tmp_path) as server:
        cache = RedisCache(server.url, SMALL, timeout_seconds=0.5, pause_seconds=0.1)
        assert cache.put("predictions", "key", b"x")
    assert cache.get("predictions", "key") is None
    assert not cache.put("predictions", "key", b"x")
    cache.delete("predictions", "key")
    stats = cache.stats()
    assert (stats.available, stats.usage, stats.misses) == (False, {}, 1)
    assert stats.errors >= 3
    assert f"127.0.0.1:{server.port}" in str(stats.last_error)
    with Server(tmp_path, port=server.port):
        in_time(lambda: cache.put("predictions", "key", b"y"))
        assert cache.get("predictions", "key") == b"y"


def test_a_server_that_hangs_costs_one_short_wait_and_then_none():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        cache = RedisCache(f"redis://127.0.0.1:{silent.getsockname()[1]}", SMALL, timeout_seconds=0.5)
        started_at = time.monotonic()
        for _ in range(50):
            assert cache.get("predictions", "key") is None
        assert time.monotonic() - started_at < 20, "not fifty times"
        assert cache.stats().errors == 51


def test_a_server_that_speaks_something_else_is_a_miss():
    with socket.socket() as web:
        web.bind(("127.0.0.1", 0))
        web.listen()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: web.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
            cache = RedisCache(f"redis://127.0.0.1:{web.getsockname()[1]}", SMALL)
            assert cache.get("predictions", "key") is None
            assert cache.stats().errors == 2


def test_an_entry_changed_in_the_server_is_never_handed_out(server: Server):
    cache = RedisCache(server.url, SMALL, timeout_seconds=30.0)
    for _ in range(2):
        cache.put("predictions", "key", b"true")
        names = _cli(server, "keys", "*predictions*data*").split()
        for name in names:
            _cli(server, "set", name, "something else entirely, longer than a checksum")
        assert cache.get("predictions", "key") is None
    assert cache.stats().damaged == 2
    name = names[0]
    _cli(server, "del", name)
    _cli(server, "lpush", name, "a list")
    assert cache.get("predictions", "key") is None
    _cli(server, "flushall")


def test_a_full_server_stores_nothing_and_still_answers(tmp_path: Path):
    with Server(tmp_path, "--maxmemory", "3mb", "--maxmemory-policy", "noeviction") as server:
        cache = RedisCache(server.url, {"predictions": Namespace(3600, 10**9)}, timeout_seconds=30.0)
        outcomes = [cache.put("predictions", f"key-{i}", bytes(200_000)) for i in range(30)]
        assert outcomes[0]
        assert not outcomes[-1]
        assert cache.get("predictions", "key-0") == bytes(200_000)
        stats = cache.stats()
    assert stats.errors > 0
    assert "memory" in str(stats.last_error)


def test_entries_that_the_server_evicted_by_itself_are_misses_and_the_count_recovers(tmp_path: Path):
    with Server(tmp_path, "--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru") as server:
        cache = RedisCache(server.url, {"predictions": Namespace(3600, 10**9)}, timeout_seconds=30.0)
        for i in range(60):
            cache.put("predictions", f"key-{i}", bytes([i]) * 100_000, ttl_seconds=0.5)
        found = [cache.get("predictions", f"key-{i}") for i in range(60)]
        assert any(content is None for content in found)
        assert all(content in (None, bytes([i]) * 100_000) for i, content in enumerate(found))
        assert used(cache) <= sum(len(content) + 32 for content in found if content is not None)
        in_time(lambda: cache.put("predictions", "after", b"x") and cache.stats().usage["predictions"].entries == 1)
        assert cache.get("predictions", "after") == b"x"
        assert cache.stats().usage["predictions"].entries == 1


def test_a_password_is_used_and_never_shown(tmp_path: Path):
    with Server(tmp_path, "--requirepass", "open-sesame") as server:
        right = RedisCache(f"redis://:open-sesame@127.0.0.1:{server.port}", SMALL, timeout_seconds=30.0)
        assert right.put("predictions", "key", b"x")
        for credentials in (":wrong-secret@", ""):
            wrong = RedisCache(f"redis://{credentials}127.0.0.1:{server.port}", SMALL, timeout_seconds=30.0)
            assert wrong.get("predictions", "key") is None
            stats = wrong.stats()
            assert stats.errors > 0
            assert "wrong-secret" not in str(stats)
        assert "open-sesame" not in str(right.stats())


def test_tls_is_used_and_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine, so no certificate can be made")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run([*made, "-keyout", key, "-out", certificate, *subject], check=True, capture_output=True)
    port = free_port()
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate))
    with Server(tmp_path, "--tls-port", str(port), "--port", "0", "--tls-auth-clients", "no", *files, port=port):
        url = f"rediss://127.0.0.1:{port}"
        assert RedisCache(f"{url}?ssl_ca_certs={certificate}", SMALL, timeout_seconds=30.0).put("predictions", "key", b"x")
        doubtful = RedisCache(url, SMALL, timeout_seconds=30.0)
        assert doubtful.get("predictions", "key") is None
        assert "CERTIFICATE_VERIFY_FAILED" in str(doubtful.stats().last_error)


@pytest.mark.parametrize(
    "url", ["", "memory://", "http://:s3cret@host", "redis://:s3cret@host:port", "redis://:s3cret@h/0?colour=red"]
)
def test_a_url_that_cannot_be_read_is_refused_without_repeating_it(url: str):
    with pytest.raises(ValueError, match="cannot be read") as refused:
        RedisCache(url)
    assert "s3cret" not in str(refused.value)


def _cli(server: Server, *command: str) -> str:
    return subprocess.run(["redis-cli", "-p", str(server.port), *command], check=True, capture_output=True, text=True).stdout
