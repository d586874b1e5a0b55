"""Settings: defaults for a laptop, clear refusals, secrets that stay secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from steel_assets.settings import REAL_PROVIDERS, Settings, SettingsError, origins, settings, unknown

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
def test_live_means_the_real_provider_and_sandbox_means_this_machine(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEEL_SANDBOX_URL")
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
    env_file(b"# ours\nexport STEEL_SMTP_PORT=2525\nSTEEL_SOURCES='files'\nSTEEL_HISTORY_YEARS=\nOTHER=1\n")
    monkeypatch.setenv("STEEL_SOURCES", "live")
    found = settings()
    assert (found.smtp_port, found.sources, found.history_years) == (2525, "live", 10)
    told = origins()
    assert told["STEEL_SOURCES"] == "the environment"
    assert told["STEEL_SMTP_PORT"] == str(Path(".env").resolve())
    assert "STEEL_HISTORY_YEARS" not in told
    assert "OTHER" not in told


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_first_setting(env_file: Callable[[bytes], None]) -> None:
    env_file(b"\xef\xbb\xbfSTEEL_SMTP_PORT=2525\r\nSTEEL_SOURCES=files\r\n")
    assert (settings().smtp_port, settings().sources) == (2525, "files")


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
    env_file(b"STEEL_SLAK_WEBHOOK_URL=https://hooks.example/x\n")
    monkeypatch.setenv("STEEL_WAREHOUS", "x")
    assert unknown() == {"STEEL_SLAK_WEBHOOK_URL": "STEEL_SLACK_WEBHOOK_URL", "STEEL_WAREHOUS": "STEEL_WAREHOUSE"}
