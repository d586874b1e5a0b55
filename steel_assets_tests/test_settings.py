"""Settings: defaults for a laptop, clear refusals, secrets that stay secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from steel_assets.adapters.notifiers import channels
from steel_assets.bootstrap import platform
from steel_assets.catalog import load_catalog
from steel_assets.settings import Settings, SettingsError, origins, settings, unknown

ROOT = Path(__file__).parents[1]


def test_without_any_variable_everything_is_local_and_simulated() -> None:
    settings = Settings()
    assert settings.simulated
    assert settings.lake_path == Path(".steel/lake")
    assert settings.redis_url is None


def test_every_setting_is_in_the_example_and_the_example_has_no_other() -> None:
    text = (ROOT / "deploy" / "env.example").read_text()
    listed = {line.split("=")[0].removeprefix("# ") for line in text.splitlines() if line.startswith(("# STEEL_", "STEEL_"))}
    declared = platform(Settings()).declared_settings()
    long = {name for name in declared if "__" in name}
    assert listed == {f"STEEL_{name.upper()}" for name in Settings.model_fields if name != "named"} | (declared - long)


@pytest.mark.parametrize("source", sorted(load_catalog().sources))
def test_live_means_the_real_provider_and_sandbox_means_this_machine(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEEL_SANDBOX_URL")
    declared = load_catalog().sources[source]
    assert Settings(sources="sandbox").base_url(source) == f"http://127.0.0.1:8765/{source}"
    assert Settings(sources="live").base_url(source) is None
    if declared.kind == "api":
        assert platform(Settings(sources="live")).providers.access(declared).base_url == declared.base_url


def test_a_source_that_nobody_here_has_heard_of_has_an_address_a_key_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(sources="live").base_url("tin_exchange") is None
    assert Settings().base_url("tin_exchange") == "http://127.0.0.1:9/tin_exchange"
    monkeypatch.setenv("STEEL_BASE_URLS__TIN_EXCHANGE", "https://tin.example/v2/")
    monkeypatch.setenv("STEEL_KEYS__TIN_EXCHANGE", "k")
    monkeypatch.setenv("STEEL_OPTIONS__TIN_EXCHANGE__GRADE", "high")
    found = Settings(sources="live")
    assert (found.base_url("tin_exchange"), found.option("tin_exchange", "grade")) == ("https://tin.example/v2", "high")
    assert found.api_key("tin_exchange") == SecretStr("k")


def test_a_base_url_of_ones_own_wins_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_FRED_API_BASE_URL", "https://proxy.example/fred/")
    for mode in ("live", "sandbox"):
        monkeypatch.setenv("STEEL_SOURCES", mode)
        assert Settings().base_url("fred_api") == "https://proxy.example/fred"
    monkeypatch.setenv("STEEL_BASE_URLS__FRED_API", "https://other.example")
    assert Settings().base_url("fred_api") == "https://other.example"


def test_of_two_names_for_the_same_the_one_by_the_sources_id_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_FRED_API_API_KEY", "short")
    assert Settings(sources="live").api_key("fred_api") == SecretStr("short")
    monkeypatch.setenv("STEEL_KEYS__FRED_API", "by-id")
    assert Settings(sources="live").api_key("fred_api") == SecretStr("by-id")


def test_an_address_that_is_none_is_refused_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_FRED_API_BASE_URL", "ftp://x")
    with pytest.raises(SettingsError, match="STEEL_FRED_API_BASE_URL: 'ftp://x' must start with http"):
        platform(Settings()).check_settings()
    monkeypatch.setenv("STEEL_BASE_URLS__FRED_API", "ftp://x")
    with pytest.raises(ValidationError, match="base_urls"):
        Settings()


@pytest.mark.parametrize("variable", ["STEEL_ALPHA_VANTAGE_OUTPUTSIZE", "STEEL_OPTIONS__ALPHA_VANTAGE__OUTPUTSIZE"])
def test_an_option_is_one_of_those_that_the_catalogue_declares(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    live = platform(Settings(sources="live"))
    assert live.providers.options_of(live.catalog.sources["alpha_vantage"]) == {"outputsize": "compact"}
    monkeypatch.setenv(variable, "full")
    live = platform(Settings(sources="live"))
    assert live.providers.access(live.catalog.sources["alpha_vantage"]).options == {"outputsize": "full"}
    monkeypatch.setenv(variable, "huge")
    with pytest.raises(SettingsError, match="ALPHA_VANTAGE_OUTPUTSIZE: 'huge' is not compact or full"):
        platform(Settings()).check_settings()


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
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError, match=variable.removeprefix("STEEL_").lower()):
        Settings()


def test_a_secret_is_not_in_what_settings_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_FRED_API_API_KEY", "canary-4711")
    monkeypatch.setenv("STEEL_REDIS_URL", "redis://:canary-4711@localhost")
    monkeypatch.setenv("STEEL_KEYS__TIN_EXCHANGE", "canary-4711")
    monkeypatch.setenv("STEEL_CHANNELS__TEAMS__URL", "https://hook.example/canary-4711")
    assert "canary-4711" not in repr(Settings()) + str(Settings().model_dump())


@pytest.mark.parametrize(("variable", "told"), [("STEEL_KEYS", "STEEL_KEYS"), ("STEEL_KEYS__MY__SOURCE", "keys.my")])
def test_a_key_in_the_wrong_place_is_refused_by_name_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, variable: str, told: str
) -> None:
    monkeypatch.setenv(variable, "canary-4711")
    settings.cache_clear()
    with pytest.raises((ValidationError, SettingsError), match=told) as refused:
        settings()
    assert "canary-4711" not in str(refused.value)


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """Writes ``.env`` into the folder in which this process works."""
    monkeypatch.chdir(tmp_path)

    def write(content: bytes) -> None:
        settings.cache_clear()
        Path(".env").write_bytes(content)

    yield write
    settings.cache_clear()


def test_the_file_is_read_the_environment_wins_over_it_and_each_value_says_where_it_came_from(
    env_file: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file(b"# ours\nexport STEEL_PORT=2525\nSTEEL_SOURCES='files'\nSTEEL_HISTORY_YEARS=\nOTHER=1\n")
    monkeypatch.setenv("STEEL_SOURCES", "live")
    found = settings()
    assert (found.port, found.sources, found.history_years) == (2525, "live", 10)
    told = origins()
    assert told["STEEL_SOURCES"] == "the environment"
    assert told["STEEL_PORT"] == str(Path(".env").resolve())
    assert "STEEL_HISTORY_YEARS" not in told
    assert "OTHER" not in told


def test_the_settings_of_sources_and_channels_may_stand_in_the_file_too(env_file: Callable[[bytes], None]) -> None:
    env_file(b"STEEL_FRED_API_API_KEY=short\nSTEEL_KEYS__TIN_EXCHANGE=k\nSTEEL_SMTP_PORT=2525\nFRED_API_API_KEY=not ours\n")
    parts = platform(settings())
    assert parts.settings.api_key("fred_api") == SecretStr("short")
    assert parts.settings.api_key("tin_exchange") == SecretStr("k")
    assert parts.channel_config("email", channels()["email"]).port == 2525  # type: ignore[attr-defined]
    assert "STEEL_SMTP_PORT" in origins(parts.declared_settings())


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_first_setting(env_file: Callable[[bytes], None]) -> None:
    env_file(b"\xef\xbb\xbfSTEEL_PORT=2525\r\nSTEEL_SOURCES=files\r\n")
    assert (settings().port, settings().sources) == (2525, "files")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"STEEL_SOURCES=files\nhunter2 is the password\n", ", line 2: write NAME=value"),
        (b"STEEL_SLACK_WEBHOOK_URL=\xff\xfe\n", "cannot be read: it is no text in UTF-8"),
        ("STEEL_SOURCES=files\n".encode("utf-16"), "cannot be read: it is no text in UTF-8"),
    ],
)
def test_a_damaged_file_is_named_and_nothing_of_it_is_repeated(
    content: bytes, why: str, env_file: Callable[[bytes], None], tmp_path: Path
) -> None:
    env_file(content)
    with pytest.raises(SettingsError) as refused:
        settings()
    assert str(refused.value).startswith(f"{tmp_path.resolve()}/.env")
    assert why in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_folder_of_that_name_is_no_file_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "STEEL_SOURCES" not in origins()


def test_a_misspelt_variable_is_noticed_wherever_it_stands(
    env_file: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file(b"STEEL_SLAK_WEBHOOK_URL=https://hooks.example/x\nSTEEL_FRED_API_API_KEY=k\n")
    monkeypatch.setenv("STEEL_WAREHOUS", "x")
    declared = platform(Settings()).declared_settings()
    assert unknown(declared) == {
        "STEEL_SLAK_WEBHOOK_URL": "STEEL_SLACK_WEBHOOK_URL",
        "STEEL_WAREHOUS": "STEEL_WAREHOUSE",
    }
