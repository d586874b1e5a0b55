"""``steel doctor --live``: what each provider says about each symbol, within its quota, and nothing of it is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from steel_assets.cli.main import app
from steel_assets.sandbox import Sandbox
from steel_assets.settings import settings
from steel_assets_tests.chaos.world import GROUPS, small_catalog
from steel_assets_tests.isolation import NOBODY
from steel_assets_tests.loopback import Reply, Request, serving

SYMBOLS = [name for _, names in GROUPS.values() for name in names]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(small_catalog()) as here:
        yield here


@pytest.fixture
def live(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A live installation of two series of each provider, all of them on this machine."""
    monkeypatch.setattr("steel_assets.bootstrap.catalog", small_catalog)
    monkeypatch.setenv("STEEL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STEEL_SOURCES", "live")
    monkeypatch.setenv("STEEL_HTTP_TIMEOUT_SECONDS", "300")
    for source in GROUPS:
        monkeypatch.setenv(f"STEEL_{source.upper()}_BASE_URL", f"{sandbox.url}/{source}")
        monkeypatch.setenv(f"STEEL_{source.upper()}_API_KEY", "a-key-of-ones-own")
    return monkeypatch


def asked() -> tuple[int, dict[str, dict[str, Any]], str]:
    """Exit code, what was found by series, and what was told on the screen."""
    settings.cache_clear()
    done = CliRunner().invoke(app, ["doctor", "--live", "--json"])
    return done.exit_code, {load["series"]: load for load in json.loads(done.stdout)}, done.stderr


def test_every_symbol_is_asked_once_and_its_unit_and_days_are_told(live: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, found, told = asked()
    assert code == 0, told
    assert {entry["outcome"] for entry in found.values()} == {"answered"}
    assert list(found) == [name for source in sorted(GROUPS) for name in GROUPS[source][1]]
    assert (found["shfe_rebar"]["symbol"], found["shfe_rebar"]["unit"]) == ("JBP:COM", "CNY/t")
    assert all(entry["first"] < entry["last"] and entry["figures"] > 5 for entry in found.values())
    assert "JBP:COM (shfe_rebar)" in told
    assert "8 answered, 0 refused, 0 not asked" in told
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["quota"], "nothing is stored but the calls made"
    assert len(json.loads((tmp_path / "home" / "quota" / "alpha_vantage.json").read_text())) == 2


def test_without_a_key_a_provider_is_not_asked_which_is_said_and_no_fault(live: pytest.MonkeyPatch) -> None:
    live.delenv("STEEL_TRADING_ECONOMICS_API_KEY")
    code, found, told = asked()
    assert code == 0
    assert {name for name, entry in found.items() if entry["outcome"] == "not asked"} == set(GROUPS["trading_economics"][1])
    assert "set STEEL_TRADING_ECONOMICS_API_KEY" in found["shfe_rebar"]["detail"]
    assert "2 not asked" in told


def test_a_budget_that_is_nearly_spent_is_never_passed_and_what_was_not_asked_is_said(
    live: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import time

    ledger = tmp_path / "home" / "quota" / "alpha_vantage.json"
    ledger.parent.mkdir(parents=True)
    ledger.write_text(json.dumps([time.time() - 3600] * 24))
    code, found, told = asked()
    assert code == 0
    assert [found[name]["outcome"] for name in GROUPS["alpha_vantage"][1]] == ["answered", "not asked"]
    assert "its 25 calls in 24 hours are used" in found["share_vale"]["detail"]
    assert "(24 of 25 calls of 24 hours are used)" in told
    assert len(json.loads(ledger.read_text())) == 25


def test_a_refusal_is_told_with_its_remedy_and_the_exit_code_tells(live: pytest.MonkeyPatch) -> None:
    calls: list[Request] = []

    def answer(request: Request) -> Reply:
        calls.append(request)
        return Reply(b'{"Error Message": "Invalid API call."}', headers={"content-type": "application/json"})

    with serving(answer) as server:
        live.setenv("STEEL_ALPHA_VANTAGE_BASE_URL", server.url)
        code, found, told = asked()
    assert code == 1
    refused = {name: entry for name, entry in found.items() if entry["outcome"] == "refused"}
    assert set(refused) == set(GROUPS["alpha_vantage"][1])
    assert all("Invalid API call" in entry["detail"] and entry["sure"].startswith("documented: ") for entry in refused.values())
    assert len(calls) == 2, "once for each symbol"
    assert "a-key-of-ones-own" not in told


def test_a_provider_that_does_not_answer_is_not_asked_for_ever(live: pytest.MonkeyPatch) -> None:
    live.setenv("STEEL_YAHOO_FINANCE_BASE_URL", NOBODY)
    code, found, _ = asked()
    assert code == 1
    assert [found[name]["outcome"] for name in GROUPS["yahoo_finance"][1]] == ["refused", "refused"]
    assert found["share_vale"]["outcome"] == "answered"


def test_where_no_provider_is_asked_the_remedy_is_named(live: pytest.MonkeyPatch) -> None:
    from steel_assets.cli.problem import Problem

    live.setenv("STEEL_SOURCES", "files")
    settings.cache_clear()
    done = CliRunner().invoke(app, ["doctor", "--live"])
    assert isinstance(done.exception, Problem)
    assert "STEEL_SOURCES=files" in str(done.exception)


def test_the_sandbox_answers_for_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steel_assets.bootstrap.catalog", small_catalog)
    monkeypatch.setenv("STEEL_HOME", str(tmp_path / "home"))
    code, found, told = asked()
    assert (code, sorted(found)) == (0, sorted(SYMBOLS))
    assert "SIMULATED" in told
    assert not (tmp_path / "home").exists()
