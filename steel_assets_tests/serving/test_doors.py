"""What a hostile client, page or proxy tries at the service's doors, done to a real server."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from steel_assets_tests.isolation import outside
from steel_assets_tests.prepared import run
from steel_assets_tests.serving.running import PREDICT, Running, free_port
from steel_assets_tests.serving.sample import put_in_force
from steel_assets_tests.serving.test_faults import parts_of, said_to

pytestmark = pytest.mark.slow

Serve = Callable[..., Running]
HEAD = b"GET /v1/markets HTTP/1.1\r\nHost: x\r\n"
QUOTES = b'steel_language="' + b"\\0" * 30_000 + b'"'
"""A cookie that Python unquotes in quadratic time before 3.11.10 (CVE-2024-7592)."""


@pytest.mark.parametrize(
    ("status", "code", "request_"),
    [
        (431, "headers_too_large", HEAD + b"Cookie: " + QUOTES + b"\r\n\r\n"),
        (431, "headers_too_large", HEAD + b"Cookie: " + b"a=b; " * 1000 + b"\r\nCookie: " + b"a=b; " * 1000 + b"\r\n\r\n"),
        (431, "headers_too_large", HEAD + b"X-Api-Key: " + b"k" * 9000 + b"\r\n\r\n"),
        (431, "headers_too_large", HEAD + b"N" * 9000 + b": v\r\n\r\n"),
        (431, "headers_too_large", HEAD + b"X: y\r\n" * 200 + b"\r\n"),
        (431, "headers_too_large", HEAD + b"".join(b"X%d: %s\r\n" % (n, b"y" * 4000) for n in range(12)) + b"\r\n"),
        (414, "address_too_long", b"GET /v1/markets?" + b"a=1&" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
        (414, "address_too_long", b"GET /" + b"../" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
        (400, "bad_request", HEAD + b"Host: y\r\n\r\n"),
        (
            413,
            "too_large",
            b"POST /update-data HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 2000 + b"0\r\n\r\n",
        ),
    ],
)
def test_what_is_too_much_is_refused_in_the_one_shape(service: Running, status: int, code: str, request_: bytes) -> None:
    line, body = said_to(service, request_)
    assert int(line.split()[1]) == status
    assert (body["error"], body["status_code"]) == (code, status)
    assert service.client.get("/health").status_code == 200


def requests_of_the_worst_kind(key: str) -> dict[str, bytes]:
    """The most of each kind that is let in, or the most that is sent before it is refused."""
    known = f"Host: x\r\nX-API-Key: {key}\r\n".encode()
    form = b"Content-Type: application/x-www-form-urlencoded\r\n"
    escapes = b"steel_language=" + b'"' + b"\\1" * 4000 + b'"'
    several = b"; ".join(b'a%d="\\"' % n for n in range(700))
    post = b"POST /dashboard/login HTTP/1.1\r\nHost: x\r\n" + form
    deep = b'{"a":' * 10_000
    parts = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n" * 1200
    return {
        "cookie": b"GET /v1/markets HTTP/1.1\r\n" + known + b"Cookie: " + escapes + b"\r\n\r\n",
        "many cookies": b"GET /v1/markets HTTP/1.1\r\n" + known + b"Cookie: " + several + b"\r\n\r\n",
        "cookie of the page": b"GET /dashboard/login HTTP/1.1\r\n" + known + b"Cookie: " + escapes + b"\r\n\r\n",
        "cookie too large": HEAD + b"Cookie: " + QUOTES + b"\r\n\r\n",
        "headers": b"GET /v1/markets HTTP/1.1\r\n" + known + b"".join(b"X%d: y\r\n" % n for n in range(95)) + b"\r\n",
        "headers too many": HEAD + b"a:\r\n" * 60_000 + b"\r\n",
        "languages": b"GET /dashboard/login HTTP/1.1\r\n" + known + b"Accept-Language: " + b"a;q=1," * 1300 + b"\r\n\r\n",
        "query": b"GET /v1/markets?" + b"a&" * 4000 + b" HTTP/1.1\r\n" + known + b"\r\n",
        "escaped query": b"GET /v1/markets?" + b"%41=%42&" * 1000 + b" HTTP/1.1\r\n" + known + b"\r\n",
        "path": b"GET /v1/markets/" + b"%2e" * 2700 + b"/forecasts HTTP/1.1\r\n" + known + b"\r\n",
        "deep JSON": b"POST /update-data HTTP/1.1\r\n"
        + known
        + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(deep)
        + deep,
        "multipart": b"POST /dashboard/login HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        + b"Content-Length: %d\r\n\r\n" % len(parts)
        + parts,
        "form": post + b"Content-Length: 65000\r\n\r\n" + b"&" * 65_000,
        "form of escapes": post + b"Content-Length: 64500\r\n\r\n" + b"%61" * 21_500,
        "chunks": post + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 250 + b"0\r\n\r\n",
        "chunks too many": post + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 40_000 + b"0\r\n\r\n",
        "chunk extension": post + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 400_000 + b"\r\na\r\n0\r\n\r\n",
        "pipeline": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 5000,
    }


def processor_seconds(service: Running, request: bytes, times: int) -> float:
    """What ``times`` of a request cost the service, one connection each."""
    process = psutil.Process(service.process.pid)
    before = process.cpu_times()
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as one:
            try:
                one.sendall(request)
                one.shutdown(socket.SHUT_WR)
                while one.recv(65_536):
                    pass
            except OSError:
                pass  # refused and hung up on while we were still sending
    after = process.cpu_times()
    return (after.user + after.system) - (before.user + before.system)


@pytest.fixture(scope="module")
def ordinary(service: Running, keys: dict[str, str]) -> float:
    """Processor time of an ordinary request on a connection of its own."""
    request = f"GET /v1/markets HTTP/1.1\r\nHost: x\r\nX-API-Key: {keys['read']}\r\nConnection: close\r\n\r\n".encode()
    return processor_seconds(service, request, 400) / 400


@pytest.mark.parametrize("kind", sorted(requests_of_the_worst_kind("")))
def test_the_worst_request_of_a_kind_costs_a_few_ordinary_ones(
    service: Running, keys: dict[str, str], ordinary: float, kind: str
) -> None:
    """An ordinary request costs about half a millisecond, so that twenty times as much is ten."""
    request = requests_of_the_worst_kind(keys["read"])[kind]
    assert processor_seconds(service, request, 40) / 40 < 20 * ordinary


def test_a_request_that_comes_byte_by_byte_is_hung_up_on(service: Running) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sent = 0
        try:
            for byte in HEAD + b"X-Slow: " + b"y" * 8000:
                one.sendall(bytes([byte]))
                sent += 1
                time.sleep(0.0005)  # else a busy server reads many bytes at once, and it is pieces that are counted
        except ConnectionError:
            pass
        assert sent < 8000


FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (FORM, 303),
        (FORM | {"sec-fetch-site": "same-origin"}, 303),
        (FORM | {"origin": "http://evil.example"}, 403),
        (FORM | {"origin": "null"}, 403),
        (FORM | {"sec-fetch-site": "cross-site"}, 403),
        (FORM | {"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "multipart/form-data; boundary=x"}, 415),
        ({"content-type": "application/json"}, 415),
        ({}, 415),
    ],
)
def test_a_login_counts_from_the_own_page_only(
    service: Running, keys: dict[str, str], headers: dict[str, str], status: int
) -> None:
    body = f"key={keys['read']}".encode()
    answer = httpx.post(service.url + "/dashboard/login", content=body, headers=headers, trust_env=False)
    assert answer.status_code == status
    assert ("steel_session" in answer.headers.get("set-cookie", "")) is (status == 303)
    own = FORM | {"origin": service.url}
    assert httpx.post(service.url + "/dashboard/login", content=body, headers=own, trust_env=False).status_code == 303


def test_a_form_with_too_many_fields_is_no_error_of_the_service(service: Running) -> None:
    answer = httpx.post(service.url + "/dashboard/login", content=b"a=1&" * 50, headers=FORM, trust_env=False)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_a_session_that_was_logged_out_opens_nothing_any_more(service: Running, keys: dict[str, str]) -> None:
    with httpx.Client(base_url=service.url, trust_env=False) as browser:
        browser.post("/dashboard/login", data={"key": keys["read"]})
        assert browser.get("/dashboard").status_code == 200
        stolen = dict(browser.cookies)
        assert browser.post("/dashboard/logout", headers={"origin": "http://evil.example"}).status_code == 403
        assert browser.get("/dashboard").status_code == 200
        assert browser.post("/dashboard/logout").status_code == 303
    assert httpx.get(service.url + "/dashboard", cookies=stolen, trust_env=False).status_code == 303


def test_strangers_learn_no_path_from_ready_and_callers_do_from_alerts(home: Path, serve: Serve) -> None:
    newest = max((home / "lake" / "predictions" / "daily").glob("*/rebar_fob_turkey-*.parquet"))
    newest.write_bytes(b"garbage")
    put_in_force(parts_of(home))
    service = serve(home, ready=False)
    service.until(lambda: newest.name in service.client.get("/v1/alerts").text)
    said = service.client.get("/ready").text
    assert str(home) not in said
    assert "parquet" not in said


def test_only_the_owner_reads_what_the_service_keeps(home: Path, serve: Serve) -> None:
    service = serve(home)
    service.client.post("/dashboard/login", data={"key": "wrong"})
    folder = home / "serving"
    assert folder.stat().st_mode & 0o077 == 0
    assert [path.name for path in folder.iterdir() if path.stat().st_mode & 0o077] == []


def link_of(service: Running) -> str:
    return service.until(lambda: (found := re.search(r"http://\S+/dashboard/first\?token=\S+", service.log)) and found.group())


def test_without_a_key_only_the_browser_with_the_printed_link_is_answered(home: Path, serve: Serve) -> None:
    service = serve(home, closed=True, ready=False)
    assert service.client.get(PREDICT).status_code == 401
    assert service.client.get("/dashboard").status_code == 303
    assert "steel serve" in service.client.get("/dashboard/login").text
    link = link_of(service)
    assert httpx.head(link, trust_env=False).status_code == 405
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        assert browser.get(link[:-1]).status_code == 401
        assert browser.get(link).status_code == 200
        assert browser.get(service.url + "/dashboard").status_code == 200
        assert browser.get(service.url + PREDICT).status_code == 401
        assert httpx.get(link, trust_env=False).status_code == 401
    assert service.client.get("/dashboard").status_code == 303


def test_open_is_refused_where_other_machines_could_read(home: Path) -> None:
    asked = {**outside(), "STEEL_HOME": str(home)}
    said = run("serve", "--port", str(free_port()), "--host", "0.0.0.0", "--open", folder=home, environment=asked)  # noqa: S104
    assert said.returncode == 2
    assert "--open" in said.stderr


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[[int, str], str]]:
    """The shortest reverse proxy that anybody writes, in front of a port; where it answers."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not on this machine")
    started = []

    def start(port: int, more: str = "") -> str:
        front, folder = free_port(), tmp_path / f"nginx{port}"
        folder.mkdir()
        inner = f"server {{ listen 127.0.0.1:{front}; location / {{ {more} proxy_pass http://127.0.0.1:{port}; }} }}"
        temporary = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = folder / "nginx.conf"
        conf.write_text(f"daemon off; pid {folder}/pid; events {{}} http {{ {temporary} access_log off; {inner} }}")
        log = (folder / "log").open("wb")
        started.append(subprocess.Popen([program, "-e", str(folder / "error"), "-c", str(conf)], stdout=log, stderr=log))
        return f"http://127.0.0.1:{front}"

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("more", ["", 'proxy_http_version 1.1; proxy_set_header Connection "";'])
def test_the_shortest_proxy_opens_nothing_before_the_first_key(
    home: Path, serve: Serve, nginx: Callable[[int, str], str], more: str
) -> None:
    service = serve(home, closed=True, ready=False)
    front = nginx(service.port, more)
    service.until(lambda: httpx.get(front + "/health", trust_env=False).status_code == 200)
    assert httpx.get(front + "/v1/markets", trust_env=False).status_code == 401
    assert httpx.get(front + "/dashboard", trust_env=False).status_code in (303, 401)


def test_a_header_that_says_who_logged_in_counts_from_the_named_proxy_only(home: Path, serve: Serve) -> None:
    user = {"x-forwarded-user": "ana"}
    named = {"STEEL_DASHBOARD_USER_HEADER": "X-Forwarded-User", "STEEL_DASHBOARD_PROXIES": "127.0.0.1"}
    other = serve(home, closed=True, ready=False, **{**named, "STEEL_DASHBOARD_PROXIES": "10.0.0.0/24"})
    assert other.client.get("/dashboard", headers=user).status_code == 303
    secret = serve(home, closed=True, ready=False, **named, STEEL_DASHBOARD_PROXY_SECRET="of the proxy")  # noqa: S106
    assert secret.client.get("/dashboard", headers=user).status_code == 303
    assert (
        secret.client.get(
            "/dashboard", headers=[*user.items(), *user.items(), ("x-steel-proxy-secret", "of the proxy")]
        ).status_code
        == 303
    )
    assert secret.client.get("/dashboard", headers=user | {"x-steel-proxy-secret": "of the proxy"}).status_code == 200
    unnamed = Running(home, closed=True, STEEL_DASHBOARD_USER_HEADER="X-Forwarded-User")
    assert unnamed.process.wait(90) == 2
    assert "STEEL_DASHBOARD_PROXIES" in unnamed.log
    unnamed.stop()


def test_a_flood_of_malformed_requests_is_no_flood_of_the_log(service: Running) -> None:
    before = service.log.count("\n")
    for _ in range(300):
        with socket.create_connection(("127.0.0.1", service.port)) as one:
            one.sendall(b"nonsense\r\n\r\n")
            one.recv(1000)
    assert service.log.count("\n") - before < 40
