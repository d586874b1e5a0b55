"""A market whose prices end while its platform goes on, and every surface asked about it at the same moment."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from steel_assets.bootstrap import Platform, catalog
from steel_assets.cli import health
from steel_assets.cli.summary import print_summary
from steel_assets.core.calendars import issue_moments, publication_moments, session_after
from steel_assets.operations.publishing import publish
from steel_assets.serving.app import create_app
from steel_assets.serving.keys import KEY_FILE, KeyStore
from steel_assets.serving.run import build
from steel_assets.settings import Settings
from steel_assets_tests.assets.measured_world import MARKET, checks, made_of
from steel_assets_tests.core.synthetic import LONDON, Synthetic, synthetic

PRICES = 240


@dataclass
class Aging:
    """The platform and its market; ``sessions`` are those that have prices, and ``coming`` those that would have had them."""

    parts: Platform
    made: Synthetic
    coming: pd.DatetimeIndex

    @property
    def last(self) -> pd.Timestamp:
        return self.made.sessions[-1]

    def issue_of(self, dead: int) -> pd.Timestamp:
        """The daily issue after ``dead`` sessions without a price."""
        day = session_after("XLON", pd.DatetimeIndex([self.last]), dead) if dead else pd.DatetimeIndex([self.last])
        rules = self.parts.catalog.rules.schedules
        return issue_moments(publication_moments(day, "daily", LONDON), rules.issue_time, rules.tzinfo)[0]

    def live(self, moment: pd.Timestamp, instance: dg.DagsterInstance | None = None) -> dg.ExecuteInProcessResult:
        """One day's run."""
        return made_of(self.parts, "market_daily", "market_features", "forecasts", instance=instance, moment=moment)

    def bring(self, upto: pd.Timestamp) -> Aging:
        """The feed is back: every price up to ``upto``, the missing days included."""
        whole = synthetic(count=len(self.coming), lived=0)
        rows = whole.observations
        new = rows[(rows["period"] > self.last) & (rows["period"] <= upto)]
        self.parts.lake.append_observations(new, "file-import", "files")
        return replace(self, made=replace(self.made, sessions=self.coming[self.coming <= upto]))


def aging(folder: Path) -> Aging:
    """A market with ``PRICES`` prices behind it, imported from files; nothing was issued yet, no model of it is in production."""
    whole = synthetic(count=PRICES + 40, lived=0)
    market = whole.market.model_copy(update={"id": MARKET})
    shipped = catalog()
    known = shipped.model_copy(
        update={"markets": {**shipped.markets, MARKET: market}, "series": {**shipped.series, **whole.series}}
    )
    parts = Platform(Settings(home=folder / "home", sources="files"), known)
    last = whole.sessions[PRICES - 1]
    rows = whole.observations
    parts.lake.append_observations(rows[rows["period"] <= last], "file-import", "files")
    parts.models.save_candidate("scrap_turkey", 1, "another", {"model.json": b"{}"}, {"family": "ridge"})
    parts.models.promote("scrap_turkey", 1, "another", None, last.tz_localize("UTC").to_pydatetime())
    return Aging(parts, replace(whole, market=market, sessions=whole.sessions[:PRICES]), whole.sessions)


class Surfaces:
    """What each surface says of ``MARKET`` at a moment."""

    def __init__(self, parts: Platform, moment: pd.Timestamp, monkeypatch: pytest.MonkeyPatch) -> None:
        self._parts, self._moment, self._patch = parts, moment, monkeypatch

    def service(self, *paths: str, language: str = "en") -> dict[str, httpx.Response]:
        """Answers of the API and the page by path."""
        keys = KeyStore(self._parts.settings.home / KEY_FILE)
        _, key = keys.create("reader", ["read"], datetime.now(UTC), limit_per_hour=1_000_000)
        service = build(self._parts.settings, "127.0.0.1")
        service.now = self._moment.timestamp
        publish(self._parts, self._parts.snapshots, self._moment)
        service.refresher.current = health.published(self._parts.store, self._parts.signing_key, self._moment)
        assert service.snapshot.problems == {}

        async def ask() -> dict[str, httpx.Response]:
            transport = httpx.ASGITransport(app=create_app(service), client=("127.0.0.1", 4000))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
                headers = {"accept-language": language, "x-api-key": key}
                await client.post("/dashboard/login", data={"key": key}, headers={"origin": "http://127.0.0.1:8000"})
                return {path: await client.get(path, headers=headers) for path in paths}

        return asyncio.run(ask())

    def command(self, name: str, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command."""
        for module in ("forecast", "status"):
            self._patch.setattr(f"steel_assets.cli.{module}.platform", lambda: self._parts)
            self._patch.setattr(f"steel_assets.cli.{module}.now", lambda: self._moment)
        self._patch.setattr(health, "_automation", lambda *_: iter(()))  # no daemon runs in a test
        done = CliRunner().invoke(import_module("steel_assets.cli.main").app, [name, *arguments])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            return 2, done.stdout, str(done.exception)
        return done.exit_code, done.stdout, done.stderr

    def status(self) -> tuple[int, dict[str, Any], list[str]]:
        """Exit code of ``steel status``, what it says of the market, and what is wrong with markets."""
        publish(self._parts, self._parts.snapshots, self._moment)
        code, said, _ = self.command("status", "--json")
        told = json.loads(said)
        area = next(one for one in told["areas"] if one["area"] == "markets")
        mine = next(market for market in told["markets"] if market["market"] == MARKET)
        return code, mine, [f"{one['state']} {one['text']}" for one in area["why"] if "no forecast" not in one["text"]]

    def summary(self) -> str:
        """The table after a run."""
        page = StringIO()
        parts = self._parts
        print_summary(Console(file=page, width=200), parts.catalog, parts.warehouse, parts.store, [], self._moment)
        return page.getvalue()


def verdicts(done: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """The checks of the forecasts by name, those of ``MARKET``."""
    return {name.partition(": ")[2]: found for name, found in checks(done).items() if name.startswith("forecasts: ")}
