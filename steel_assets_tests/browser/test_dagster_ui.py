"""A page of another origin, in a real browser, before the real Dagster UI: it could delete a run."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import httpx
import pytest
from playwright.sync_api import Browser

from steel_assets_tests.serving.running import free_port

pytestmark = pytest.mark.slow

DELETE = 'mutation { deletePipelineRun(runId: "%s") { __typename } }'


@dg.op
def nothing() -> None: ...


@dg.job
def some_job() -> None:
    nothing()


class Ui:
    """``steel ui`` without code, over an instance with one run."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        self.folder = folder
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            self.run = some_job.execute_in_process(instance=instance).run_id
        self.url = f"http://127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "steel_assets.assets.ui", "-h", "127.0.0.1", "-p", self.url.rpartition(":")[2]]
        self.log = (folder / "log").open("wb")
        environment = {**os.environ, "DAGSTER_HOME": str(folder)}
        self.process = subprocess.Popen([*command, "--empty-workspace"], env=environment, stdout=self.log, stderr=self.log)

    def until_up(self) -> Ui:
        for _ in range(1200):
            try:
                if httpx.get(self.url + "/server_info", trust_env=False).status_code == 200:
                    return self
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def has_run(self) -> bool:
        with dg.DagsterInstance.from_config(str(self.folder)) as instance:
            return instance.has_run(self.run)


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[Ui]:
    started = Ui(tmp_path / "dagster")
    yield started.until_up()
    started.process.terminate()
    started.process.wait(60)
    started.log.close()


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """An origin of its own, whose page does what the test writes into it."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


ATTACK = """async ([ui, mutation]) => {
  const done = [];
  const tried = async (name, work) => {
    try { done.push([name, await work()]); } catch (error) { done.push([name, "refused"]); }
  };
  const asked = ui + "/graphql?query=" + encodeURIComponent(mutation);
  for (const type of ["text/plain", "application/x-www-form-urlencoded"])
    await tried(type, () => fetch(asked, {method: "POST", mode: "no-cors", headers: {"content-type": type}, body: "x"}));
  await tried("get", async () => (await fetch(asked, {mode: "no-cors"})).type);
  await tried("read", async () => (await fetch(ui + "/server_info")).status);
  await tried("image", () => new Promise((yes, no) => { const i = new Image(); i.onload = yes; i.onerror = no; i.src = asked; }));
  await tried("socket", () => new Promise((yes, no) => {
    const socket = new WebSocket(ui.replace("http", "ws") + "/graphql", "graphql-ws");
    socket.onopen = () => yes("open"); socket.onerror = no;
  }));
  return Object.fromEntries(done);
}"""


def test_a_page_of_another_origin_deletes_no_run_and_reads_nothing(chromium: Browser, ui: Ui, elsewhere: str) -> None:
    page = chromium.new_page()
    page.goto(elsewhere)
    done = page.evaluate(ATTACK, [ui.url, DELETE % ui.run])
    assert (done["read"], done["image"], done["socket"]) == ("refused", "refused", "refused")
    page.goto(f"{ui.url}/graphql?query={quote(DELETE % ui.run)}")
    page.close()
    assert ui.has_run()


def test_its_own_page_opens_asks_and_subscribes_and_programs_delete_what_they_may(chromium: Browser, ui: Ui) -> None:
    page = chromium.new_page()
    sockets = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    with page.expect_response(lambda answer: "/graphql" in answer.url and answer.status == 200):
        page.goto(f"{ui.url}/runs/{ui.run}")
    asked = "async () => (await (await fetch('/graphql', {method: 'POST', headers: {'content-type': 'application/json'}, "
    asked += "body: JSON.stringify({query: '{ version }'})})).json()).data.version"
    assert page.evaluate(asked)
    opened = "() => new Promise((yes, no) => { const s = new WebSocket('ws://' + location.host + '/graphql', 'graphql-ws'); "
    opened += "s.onopen = () => yes('open'); s.onerror = () => no('refused'); })"
    assert page.evaluate(opened) == "open"
    page.close()
    question = json.dumps({"query": DELETE % ui.run}).encode()
    rebound = httpx.post(ui.url + "/graphql", content=question, headers={"host": "rebound.example"}, trust_env=False)
    assert (rebound.status_code, ui.has_run()) == (403, True)
    answer = httpx.post(ui.url + "/graphql", content=question, headers={"content-type": "application/json"}, trust_env=False)
    assert "DeletePipelineRunSuccess" in answer.text
    assert not ui.has_run()
