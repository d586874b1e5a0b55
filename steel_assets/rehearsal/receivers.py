"""Local receivers that act as Slack, a mail server and Twilio, as far as the notifiers use them, and keep what they get."""

from __future__ import annotations

import email
import email.policy
import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Received:
    """What arrived since the last call of ``taken``.

    Attributes:
        url: of the HTTP receiver.
        port: of the mail server.
    """

    url: str = ""
    port: int = 0
    slack: list[dict[str, Any]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def taken(self) -> tuple[list[dict[str, Any]], list[EmailMessage], list[str]]:
        """Everything that arrived; the collection is then empty."""
        found = (self.slack, self.mails, self.texts)
        self.slack, self.mails, self.texts = [], [], []
        return found


@contextmanager
def receivers() -> Iterator[Received]:
    """Both servers, on free ports of this machine, until the end of the block."""
    state = Received()

    class Web(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Do not log requests."""

        def do_GET(self) -> None:
            self._answer(json.dumps({"messages": []}).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path.startswith("/slack"):
                state.slack.append(json.loads(body))
            else:
                state.texts.append(parse_qs(body.decode())["Body"][0])
            self._answer(b"ok")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline().decode().strip():
                word = line.split(" ")[0].upper()
                if word == "QUIT":
                    self._say("221 bye")
                    return
                if word == "DATA":
                    self._say("354 go")
                    lines = iter(self.rfile.readline, b".\r\n")
                    content = b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)
                    found = email.message_from_bytes(content, policy=email.policy.default)
                    if isinstance(found, EmailMessage):
                        state.mails.append(found)
                self._say("250 yes")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    post = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    post.daemon_threads = True
    state.url, state.port = f"http://127.0.0.1:{web.server_address[1]}", int(post.server_address[1])
    for server in (web, post):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield state
    finally:
        for server in (web, post):
            server.shutdown()
            server.server_close()
