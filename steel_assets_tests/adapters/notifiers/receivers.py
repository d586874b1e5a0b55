"""Real receivers on this machine: an HTTP server and an SMTP server (with TLS and a login) that can be told to misbehave."""

from __future__ import annotations

import base64
import http.server
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

LOGIN = b"\0steel\0canary-pass"
"""The user and password that the mail server takes, as SMTP's PLAIN mechanism sends them."""


@dataclass
class Web:
    """Answers POST and GET; ``behave`` holds what to do with the next requests: a status,
    ``hang`` or ``cut`` (the connection), ``keep`` (what came, and cut), ``keep slowly``."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    behave: list[int | str] = field(default_factory=list)
    answer: bytes = b"ok"

    def twilio(self, query: str) -> bytes:
        wanted = parse_qs(query).get("To", [""])[0]
        texts = [{"body": entry["form"]["Body"][0]} for entry in self.kept if entry["form"].get("To") == [wanted]]
        return json.dumps({"messages": texts}).encode()


@contextmanager
def web(tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    state = Web()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            self._reply(200, state.twilio(urlsplit(self.path).query))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            text = body.decode(errors="replace")
            request = {"path": self.path, "headers": dict(self.headers.items()), "body": body, "form": parse_qs(text)}
            state.requests.append(request)
            how = state.behave.pop(0) if state.behave else 200
            if how in ("keep", "keep slowly", 200):
                state.kept.append(request)
            if how in ("hang", "keep slowly"):
                time.sleep(30)
            if isinstance(how, str):
                with suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._reply(how, state.answer if how < 300 else b"no")

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    state.url = f"{'https' if tls else 'http'}://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Post:
    """What a mail server got.

    Attributes:
        behave: a command (``MAIL``, ``RCPT``, ``DATA``, ``.``) or a whole line to a reply, or to ``drop``.
    """

    port: int = 0
    mails: list[Message] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    behave: dict[str, str] = field(default_factory=dict)


class _Dropped(Exception):
    pass


@contextmanager
def post_office(tls: ssl.SSLContext, *, implicit: bool = False) -> Iterator[Post]:
    state = Post()
    listener = socket.create_server(("127.0.0.1", 0))
    state.port = listener.getsockname()[1]
    expected = base64.b64encode(LOGIN).decode()

    def serve(connection: socket.socket) -> None:
        encrypted = implicit
        try:
            line_socket = tls.wrap_socket(connection, server_side=True) if implicit else connection
            file = line_socket.makefile("rb")
            say = lambda text: line_socket.sendall(text.encode() + b"\r\n")  # noqa: E731
            say("220 here")
            while raw := file.readline():
                line = raw.decode().strip()
                word = line.split(" ")[0].upper()
                if how := state.behave.get(word) or state.behave.get(line):
                    if how == "drop":
                        raise _Dropped
                    say(how)
                elif word in ("EHLO", "HELO"):
                    say("250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN" if not encrypted else "250-here\r\n250 AUTH PLAIN")
                elif word == "STARTTLS":
                    say("220 go")
                    line_socket = tls.wrap_socket(connection, server_side=True)
                    file, encrypted = line_socket.makefile("rb"), True
                elif word == "AUTH":
                    state.logins.append(line)
                    say("235 yes" if line.endswith(expected) else "535 no")
                elif word == "RCPT":
                    state.recipients.append(line)
                    say("250 yes")
                elif word == "DATA":
                    say("354 go")
                    content = b""
                    while (part := file.readline()) != b".\r\n":
                        content += part
                    how = state.behave.get(".", "250 taken")
                    if how == "drop":
                        raise _Dropped
                    if how.startswith("250") or how == "keep":
                        state.mails.append(message_from_bytes(content))
                        state.encrypted.append(encrypted)
                    if how == "keep":
                        raise _Dropped
                    say(how)
                elif word == "QUIT":
                    say(state.behave.get("BYE", "221 bye"))
                    return
                else:
                    say("250 yes")
        except (OSError, ssl.SSLError, _Dropped):
            return
        finally:
            with suppress(OSError):
                line_socket.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield state
    finally:
        listener.close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signed itself, and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, *names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def tls_server(folder: Path) -> ssl.SSLContext:
    """A server's TLS context; clients trust it when ``SSL_CERT_FILE`` names ``folder/cert.pem``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(folder))
    return context
