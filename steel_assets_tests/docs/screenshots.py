"""``python -m steel_assets_tests.docs.screenshots FOLDER`` (``make screenshots``): every picture of the documentation, made anew.

A demo is run in a folder that is thrown away; then a second day's run, in which the prices of one market cannot be read; then the
Dagster UI and the service are opened in chromium. Minutes, because a demo trains every market.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, Request, sync_playwright
from rich.console import Console

from steel_assets.cli.session import Session
from steel_assets_tests.assets import breaking
from steel_assets_tests.browser.conftest import FLAGS
from steel_assets_tests.isolation import ROOT, outside
from steel_assets_tests.serving.running import free_port, make_key

BROKEN = "hrc_us_midwest"
"""The market whose prices the second run cannot read."""

WHOLE = "/assets/rebar_fob_turkey/forecasts"
RETRY_SECONDS = 600.0
SETTLED_MILLISECONDS = 3000
"""A page whose pixels did not change for so long is drawn: graphs are laid out after everything was fetched."""

LOOKS = 20


@dataclass(frozen=True)
class Picture:
    """One picture: where it is taken, and what the page shows once it is whole.

    Attributes:
        place: the path and query, of the Dagster UI or of the service.
        shows: a text that is there when what matters was fetched.
        looks_at: a CSS selector of what the page is scrolled to; None for its top.
    """

    name: str
    place: str
    shows: str
    height: int = 760
    of_the_service: bool = False
    looks_at: str | None = None


PICTURES = (
    Picture("ui-stages", "/asset-groups", "validation"),
    Picture("asset-graph", f"{WHOLE}?view=lineage&lineageScope=neighbors&lineageDepth=4", "promotion", height=670),
    Picture("ui-days", f"{WHOLE}?view=partitions", "Partitions Selected"),
    Picture("ui-forecast", WHOLE, "price_age_sessions", looks_at="img[src^='/lake/']"),
    Picture("ui-checks", f"{WHOLE}?view=checks", "Latest execution"),
    Picture("ui-failed-market", f"/assets/{BROKEN}/forecasts?view=lineage&lineageScope=neighbors", "promotion"),
    Picture("dashboard", "/dashboard?market=rebar_fob_turkey", "SIMULATED DATA", height=900, of_the_service=True),
)


def take_all(target: Path) -> None:
    """Every picture into ``target``, as PNG of 256 colours."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("chromium is not on this machine; install it (on Debian: apt-get install chromium)")
    with tempfile.TemporaryDirectory(prefix="steel-pictures-") as name:
        folder = Path(name)
        shutil.copy(ROOT / "dagster.yaml", folder)
        environment = outside() | {"DAGSTER_HOME": str(folder), "STEEL_HTTP_TIMEOUT_SECONDS": "300"}
        steel = [sys.executable, "-c", "from steel_assets.cli import main; main()"]
        subprocess.run([*steel, "demo"], cwd=folder, env=environment, check=True)
        subprocess.run([sys.executable, "-m", __spec__.name, "--break"], cwd=folder, env=environment, check=True)
        key = make_key(folder / ".steel", "--scope", "read")["key"]
        ui_port, service_port = free_port(), free_port()
        ui = ["-m", "steel_assets.assets.ui", "-h", "127.0.0.1", "-p", str(ui_port), "-m", "steel_assets.definitions"]
        service = [*steel, "serve", "--port", str(service_port)]
        with (
            serving([sys.executable, *ui], folder, environment, f"http://127.0.0.1:{ui_port}/server_info"),
            serving(service, folder, environment, f"http://127.0.0.1:{service_port}/ready"),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
            for picture in PICTURES:
                port = service_port if picture.of_the_service else ui_port
                take(browser, picture, f"http://127.0.0.1:{port}", key, target)
            browser.close()


def break_and_run() -> None:
    """The daily run of this folder's demo once more; one market fails in it, which is what is to be seen."""
    breaking.BROKEN, breaking.WHY = BROKEN, "the prices cannot be read"
    breaking.broken("processed")
    with Session.open(Console()) as pipeline:
        report = pipeline.run("daily_data_update", pipeline.now())
    if not any(BROKEN in step for step in report.failed_steps):
        sys.exit(f"the prices of {BROKEN} were to be unreadable, but what failed is {sorted(report.failed_steps)}")


@contextmanager
def serving(command: list[str], folder: Path, environment: dict[str, str], url: str) -> Iterator[None]:
    """A server, from when it answers ``url`` with 200 until the block ends."""
    log = folder / f"server-{free_port()}.log"
    with log.open("wb") as written:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=written, stderr=written)
        try:
            until_up(url, log)
            yield
        finally:
            process.terminate()
            process.wait(60)


def until_up(url: str, log: Path) -> None:
    deadline = time.monotonic() + RETRY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    sys.exit(f"{url} did not answer; it said:\n{log.read_text()[-2000:]}")


def take(browser: Browser, picture: Picture, url: str, key: str, target: Path) -> None:
    """One picture, once its page is drawn; a page that never shows what it should raises playwright's TimeoutError."""
    context = browser.new_context(viewport={"width": 1200, "height": picture.height}, timezone_id="UTC", locale="en-GB")
    context.set_default_timeout(RETRY_SECONDS * 1000)
    page = context.new_page()
    pending = asked(page)
    if picture.of_the_service:
        page.goto(f"{url}/dashboard/login")
        page.get_by_label("key").fill(key)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{url}/dashboard")
    page.goto(url + picture.place)
    page.get_by_text(picture.shows).first.wait_for()
    if picture.looks_at is not None:
        page.locator(picture.looks_at).first.scroll_into_view_if_needed()
    content = drawn(page, pending)
    context.close()
    part = target / f"{picture.name}.png.tmp"
    Image.open(io.BytesIO(content)).convert("RGB").quantize(256).save(part, "PNG", optimize=True)
    part.replace(target / f"{picture.name}.png")


def drawn(page: Page, pending: Collection[Request]) -> bytes:
    """The page, once two looks at it were the same and every question was answered; or the last of ``LOOKS``.

    Args:
        pending: what the page asked and was not answered yet; a graph gets its colours from a late answer.
    """
    before = b""
    for _ in range(LOOKS):
        now = page.screenshot(animations="disabled")
        if now == before and not pending:
            break
        before = now
        page.wait_for_timeout(SETTLED_MILLISECONDS)
    return before


def asked(page: Page) -> Collection[Request]:
    """What ``page`` asks from now on and was not answered yet; it changes by itself."""
    pending: set[Request] = set()
    page.on("request", lambda worker: pending.add(worker))
    page.on("requestfinished", lambda worker: pending.discard(worker))
    page.on("requestfailed", lambda worker: pending.discard(worker))
    return pending


if __name__ == "__main__":
    if sys.argv[1] == "--break":
        break_and_run()
    else:
        take_all(Path(sys.argv[1]).resolve())
