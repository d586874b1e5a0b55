"""A real headless Chromium (Debian's) in front of a real service."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from steel_assets_tests.serving.conftest import keys, published, service
from steel_assets_tests.serving.running import Running

__all__ = ["keys", "published", "service"]

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, for one file: while it is open its event loop runs in this process. The test skips where it is absent."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page; whatever the page complains about in its console, and every request to elsewhere, fails the test."""
    contexts, complaints = [], []

    def start(url: str, **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(120_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda worker: complaints.append(worker.url) if not worker.url.startswith(("http://127.0.0.1:", "data:")) else None,
        )
        page.goto(url)
        return page

    yield start
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def dashboard(open_page: Callable[..., Page], service: Running, keys: dict[str, str]) -> Callable[..., Page]:
    """The dashboard after logging in with a key."""

    def start(query: str = "", **options: object) -> Page:
        page = open_page(f"{service.url}/dashboard", **options)
        expect(page).to_have_url(f"{service.url}/dashboard/login")
        page.get_by_label("key" if "es" not in str(options.get("locale")) else "clave").fill(keys["read"])
        page.keyboard.press("Enter")
        page.wait_for_url(f"{service.url}/dashboard")
        if query:
            page.goto(f"{service.url}/dashboard{query}")
        page.wait_for_function("document.body.dataset.drawn > 0")
        return page

    return start
