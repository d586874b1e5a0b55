"""Settings: defaults for a laptop, clear refusals, secrets that stay secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from steel_assets.settings import REAL_PROVIDERS, Settings

ROOT = Path(__file__).parents[1]


def test_without_any_variable_everything_is_local_and_simulated() -> None:
    settings = Settings()
    assert settings.simulated
    assert settings.lake_path == Path(".steel/lake")
    assert settings.redis_url is None


def test_every_setting_is_in_the_example_and_the_example_has_no_other() -> None:
    text = (ROOT / "deploy" / "env.example").read_text()
    listed = {line.split("=")[0].removeprefix("# ") for line in text.splitlines() if line.startswith(("# STEEL_", "STEEL_"))}
    assert listed == {f"STEEL_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("source", sorted(REAL_PROVIDERS))
def test_live_means_the_real_provider_and_sandbox_means_this_machine(source: str) -> None:
    assert Settings(sources="live").base_url(source) == REAL_PROVIDERS[source]
    assert Settings(sources="sandbox").base_url(source) == f"http://127.0.0.1:8765/{source}"


def test_a_base_url_of_ones_own_wins_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_FRED_API_BASE_URL", "https://proxy.example/fred/")
    for mode in ("live", "sandbox"):
        monkeypatch.setenv("STEEL_SOURCES", mode)
        assert Settings().base_url("fred_api") == "https://proxy.example/fred"


def test_live_has_no_key_until_one_is_set() -> None:
    assert Settings(sources="live").api_key("fred_api") is None
    assert Settings(sources="live", fred_api_api_key=SecretStr("k")).api_key("fred_api") == SecretStr("k")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STEEL_SOURCES", "yahoo"),
        ("STEEL_SANDBOX_URL", "ftp://somewhere"),
        ("STEEL_HISTORY_YEARS", "0"),
        ("STEEL_HISTORY_YEARS", "ten"),
        ("STEEL_HTTP_TIMEOUT_SECONDS", "-1"),
        ("STEEL_ALPHA_VANTAGE_OUTPUTSIZE", "huge"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError, match=variable.removeprefix("STEEL_").lower()):
        Settings()


def test_a_secret_is_not_in_what_settings_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_FRED_API_API_KEY", "canary-4711")
    monkeypatch.setenv("STEEL_REDIS_URL", "redis://:canary-4711@localhost")
    assert "canary-4711" not in repr(Settings()) + str(Settings().model_dump())
