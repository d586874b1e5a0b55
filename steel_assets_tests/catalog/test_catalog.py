"""The catalogue: the shipped one loads, a user's own extends it, and mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from steel_assets.catalog import CatalogError, load_catalog

SERIES = """
series:
  - id: wire_rod_brazil
    name: Wire rod, FOB Brazil
    unit: USD/t
"""
MARKET = """
id: wire_rod_brazil
name: Wire rod, FOB Brazil
commodity: wire_rod
region: brazil
target: {series: wire_rod_brazil}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("series", "markets"):
        (tmp_path / name).mkdir()
    (tmp_path / "series" / "wire_rod.yaml").write_text(SERIES)
    (tmp_path / "markets" / "wire_rod.yaml").write_text(MARKET)
    return tmp_path


def test_a_check_that_raises_no_alert_rule_is_refused_by_field(folder: Path) -> None:
    (folder / "rules.yaml").write_text("checks: {recent_price: {severity: error, alert: no_such_rule}}\n")
    with pytest.raises(CatalogError, match=r"checks.recent_price.alert 'no_such_rule'"):
        load_catalog(folder)


@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "many"])
def test_a_limit_of_age_that_is_no_number_of_sessions_is_refused_by_field(folder: Path, limit: str) -> None:
    (folder / "rules.yaml").write_text(f"freshness: {{price_sessions: {limit}}}\n")
    with pytest.raises(CatalogError, match=r"freshness.price_sessions"):
        load_catalog(folder)


def test_the_shipped_catalogue_has_the_missions_groups_and_five_markets() -> None:
    catalog = load_catalog()
    groups = {source.id: set(source.groups) for source in catalog.sources.values() if source.kind == "api"}
    assert groups == {
        "yahoo_finance": {"steel_futures", "commodity_indices"},
        "alpha_vantage": {"steel_stocks", "commodity_etfs"},
        "fred_api": {"economic_indicators", "inflation_data"},
        "trading_economics": {"commodity_prices", "economic_calendar"},
    }
    assert set(catalog.markets) >= {"rebar_fob_turkey", "rebar_shanghai", "hrc_us_midwest", "scrap_turkey", "iron_ore_62"}


def test_every_endpoint_group_is_asked_for_something() -> None:
    catalog = load_catalog()
    for source in catalog.sources.values():
        for group in source.groups if source.kind == "api" else ():
            assert catalog.series_of(source.id, group), f"{source.id}/{group}"


def test_no_symbol_is_petrol_or_thermal_coal_by_mistake() -> None:
    assert not {"RB=F", "MTF=F"} & {series.symbol for series in load_catalog().series.values()}


def test_every_symbol_says_how_sure_it_is_from_where_and_since_when() -> None:
    catalog = load_catalog()
    asked = [declared for declared in catalog.series.values() if catalog.sources[declared.source].kind == "api"]
    assert [declared.id for declared in asked if declared.verified is None] == []
    assert {
        declared.symbol: declared.verified.status
        for declared in asked
        if declared.source == "trading_economics"
        if declared.verified
    } == {
        **{f"LSR{month}:COM": "unconfirmed" for month in range(1, 7)},
        **{f"LSC{month}:COM": "unconfirmed" for month in range(2, 7)},
        **dict.fromkeys(["SSC:COM", "JBP:COM", "IOE:COM", "XAL1:COM"], "seen"),
        **dict.fromkeys(["China:NBS Manufacturing PMI", "United States:ISM Manufacturing PMI"], "seen"),
    }


@pytest.mark.parametrize(
    ("verified", "named"),
    [
        ("{status: certain, from: a page, checked: 2026-11}", "verified.status"),
        ("{status: seen, checked: 2026-11}", "verified.from"),
        ("{status: seen, from: '', checked: 2026-11}", "verified.from"),
        ("{status: seen, from: a page, checked: november}", "verified.checked"),
        ("{status: seen, from: a page, checked: 2026-13}", "verified.checked"),
        ("seen", "verified"),
    ],
)
def test_a_wrong_word_about_a_symbol_is_refused_by_name(folder: Path, verified: str, named: str) -> None:
    (folder / "series" / "wire_rod.yaml").write_text(f"{SERIES}    verified: {verified}\n")
    with pytest.raises(CatalogError, match=rf"(?s)wire_rod_brazil.*{named}"):
        load_catalog(folder)


def test_a_folder_of_ones_own_adds_a_market(folder: Path) -> None:
    catalog = load_catalog(folder)
    assert catalog.markets["wire_rod_brazil"].horizons == (1, 5, 21, 63)
    assert catalog.series["wire_rod_brazil"].source == "file_import"
    assert "rebar_fob_turkey" in catalog.markets


def test_an_id_declared_again_in_ones_own_folder_wins(folder: Path) -> None:
    (folder / "markets" / "mine.yaml").write_text(MARKET.replace("id: wire_rod_brazil", "id: rebar_fob_turkey", 1))
    assert load_catalog(folder).markets["rebar_fob_turkey"].commodity == "wire_rod"


def test_rules_of_ones_own_change_only_what_they_name(folder: Path) -> None:
    (folder / "rules.yaml").write_text("acceptance: {mape: 0.03}\n")
    rules = load_catalog(folder).rules
    assert rules.acceptance.mape == 0.03
    assert rules.acceptance.r2 == load_catalog().rules.acceptance.r2


def test_the_former_name_of_a_key_is_still_read_with_a_warning(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    checks = "checks: {drift: {told: true}, table_contracts: {alert: price_too_old}}"
    (folder / "rules.yaml").write_text(f"imports: {{drop: {{patience_minutes: 7}}}}\ncoverage: {{doubt: 0.01}}\n{checks}\n")
    (folder / "alerts").mkdir()
    (folder / "alerts" / "mine.yaml").write_text(
        "alerts: [{id: late_furnace, title: Late, says: It is late, says_es: Tarda, severity: low, advice: Call,"
        " variants: {cold: {says: It is cold}}}]\n"
    )
    (folder / "series" / "wire_rod.yaml").write_text(
        f"{SERIES.rstrip()}\n    verified: {{sure: seen, from: a program, checked: 2026-11}}\n"
    )
    loaded = load_catalog(folder)
    rules, rule, verified = loaded.rules, loaded.alerts["late_furnace"], loaded.series["wire_rod_brazil"].verified
    assert (rule.message, rule.message_es, rule.variants["cold"].message) == ("It is late", "Tarda", "It is cold")
    assert verified is not None
    assert verified.status == "seen"
    assert rules.imports.drop.unfinished_minutes == 7
    assert rules.coverage.significance == 0.01
    assert rules.checks["drift"].notify
    assert (rules.checks["table_schemas"].severity, rules.checks["table_schemas"].alert) == ("error", "price_too_old")
    assert "table_contracts" not in rules.checks
    for former, name in {
        "patience_minutes": "unfinished_minutes",
        "told": "notify",
        "table_contracts": "table_schemas",
        "says": "message",
        "says_es": "message_es",
        "sure": "status",
        "doubt": "significance",
    }.items():
        assert f".{former} is now called {name}" in caplog.text


def test_the_shipped_catalogue_has_no_former_names(caplog: pytest.LogCaptureFixture) -> None:
    load_catalog()
    assert "is now called" not in caplog.text


def test_a_file_that_starts_with_an_underscore_is_hidden(folder: Path) -> None:
    (folder / "markets" / "_draft.yaml").write_text("not: [a market")
    assert "wire_rod_brazil" in load_catalog(folder).markets


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("markets/x.yaml", MARKET + "colour: red\n", "colour"),
        ("markets/x.yaml", MARKET.replace("id: wire_rod_brazil", "id: Wire-Rod", 1), "lower_snake_case"),
        (
            "markets/x.yaml",
            MARKET.replace("id: wire_rod_brazil", "id: other", 1).replace("{series: wire_rod_brazil}", "{series: nowhere}"),
            "nowhere",
        ),
        ("markets/x.yaml", MARKET.replace("id: wire", "id: x_wire", 1) + "drivers: [missing_one]\n", "missing_one"),
        ("markets/x.yaml", MARKET.replace("id: wire", "id: x_wire", 1) + "calendar: LME\n", "XLON"),
        ("markets/x.yaml", MARKET.replace("id: wire", "id: x_wire", 1) + "horizons: [5, 1]\n", "horizons"),
        ("markets/x.yaml", MARKET.replace("id: wire", "id: x_wire", 1) + "horizons: [0]\n", "horizons"),
        ("markets/x.yaml", MARKET, "already declared"),
        ("markets/x.yaml", "- a\n- b\n", "expected keys"),
        ("markets/x.yaml", "id: [unclosed\n", "YAML"),
        ("markets/x.yaml", "!!python/object/apply:os.system ['true']\n", "YAML"),
        (
            "markets/x.yaml",
            MARKET.replace("id: wire", "id: x_wire", 1).replace("brazil}", "brazil, curve: [wire_rod_brazil]}"),
            "roll",
        ),
        (
            "markets/x.yaml",
            MARKET.replace("id: wire", "id: x_wire", 1).replace("brazil}", "brazil, unit: MXN/t}"),
            "exchange rate",
        ),
        ("series/x.yaml", SERIES.replace("wire_rod_brazil", "y") + "    unit: pounds\n", "unit"),
        ("series/x.yaml", SERIES.replace("wire_rod_brazil", "y") + "    source: reuters\n", "reuters"),
        ("series/x.yaml", SERIES.replace("wire_rod_brazil", "y") + "    source: fred_api\n    group: inflation_data\n", "symbol"),
        ("series/x.yaml", SERIES.replace("wire_rod_brazil", "y") + "    published: {zone: Mars/Olympus}\n", "Mars"),
        ("series/x.yaml", SERIES.replace("wire_rod_brazil", "y") + "    published: {lag_days: -3}\n", "lag_days"),
        ("series/x.yaml", "series: {a: b}\n", "list"),
        ("rules.yaml", "default_market: nowhere\n", "nowhere"),
        ("rules.yaml", "acceptance: {quality_score: 80}\n", "quality_score"),
        ("rules.yaml", "thresholds: {}\n", "thresholds"),
    ],
)
def test_a_mistake_is_refused_and_named(folder: Path, file: str, content: str, says: str) -> None:
    (folder / file).write_text(content)
    with pytest.raises(CatalogError, match=says):
        load_catalog(folder)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        (
            "markets/x.yaml",
            MARKET.replace("id: wire", "id: x_wire", 1) + "driver: []\n",
            "driver: there is no such key; did you mean drivers?",
        ),
        (
            "markets/x.yaml",
            MARKET.replace("id: wire", "id: x_wire", 1).replace("brazil}", "brazil, unti: USD/t}"),
            "target.unti: .*unit?",
        ),
        (
            "rules.yaml",
            "checks: {drift: {severity: warn, limit: 2}}\n",
            "checks.drift.limit: there is no such key; there are severity, ",
        ),
        (
            "rules.yaml",
            "alerts: {hours: {sms: {strat: '07:00', end: '20:00'}}}\n",
            "alerts.hours.sms.strat: .*did you mean start",
        ),
    ],
)
def test_a_misspelt_key_is_refused_with_its_file_and_the_key_that_was_meant(
    folder: Path, file: str, content: str, says: str
) -> None:
    (folder / file).write_text(content)
    with pytest.raises(CatalogError, match=f"{folder}/{file}: (?s:.*){says}"):
        load_catalog(folder)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        (
            "markets/x.yaml",
            MARKET.replace("id: wire", "id: x_wire", 1).replace("brazil}", "brasil}"),
            "market x_wire_rod_brazil: series",
        ),
        ("series/x.yaml", SERIES.replace("wire_rod_brazil", "y") + "    source: reuters\n", "series y: source 'reuters'"),
        ("rules.yaml", "default_market: nowhere\n", "default_market 'nowhere'"),
    ],
)
def test_what_does_not_fit_the_rest_is_named_with_its_file(folder: Path, file: str, content: str, says: str) -> None:
    (folder / file).write_text(content)
    with pytest.raises(CatalogError, match=f"{folder}/{file}: {says}"):
        load_catalog(folder)


def test_a_folder_whose_name_is_misspelt_is_not_passed_over_and_any_other_is(folder: Path) -> None:
    (folder / "mappings").mkdir()
    (folder / "mappings" / "x.yaml").write_text("columns: {}\n")
    load_catalog(folder)
    (folder / "serie").mkdir()
    (folder / "serie" / "x.yaml").write_text(SERIES)
    with pytest.raises(CatalogError, match="serie: nothing is read from a folder of this name; did you mean series"):
        load_catalog(folder)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="STEEL_CATALOG_DIR"):
        load_catalog(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("", "base_url is missing: where is this provider asked"),
        ("base_url: tin.example", "base_url"),
        ("base_url: https://tin.example/", "base_url"),
        ("base_url: https://tin.example\nkey_setting: TIN_TOKEN", "key_setting"),
        ("base_url: https://tin.example\noptions: {grade: {description: x, choices: [a, b], default: c}}", "'c' is not one of"),
    ],
)
def test_a_source_that_is_not_whole_is_refused_by_field(folder: Path, more: str, why: str) -> None:
    (folder / "sources").mkdir()
    (folder / "sources" / "tin.yaml").write_text(f"id: tin_exchange\nname: Tin\ngroups: [settlements]\n{more}\n")
    with pytest.raises(CatalogError, match=f"tin.yaml: declaration 'tin_exchange' is not valid(?s:.*){why}"):
        load_catalog(folder)


def test_a_source_says_which_variables_are_read_about_it(folder: Path) -> None:
    (folder / "sources").mkdir()
    lines = ["id: tin_exchange", "name: Tin", "groups: [settlements]", "base_url: https://tin.example", "needs_key: true"]
    (folder / "sources" / "tin.yaml").write_text("\n".join(lines))
    tin = load_catalog(folder).sources["tin_exchange"]
    assert tin.key_variable == "STEEL_KEYS__TIN_EXCHANGE"
    assert tin.variables == (
        "STEEL_BASE_URLS__TIN_EXCHANGE",
        "STEEL_TIN_EXCHANGE_BASE_URL",
        "STEEL_KEYS__TIN_EXCHANGE",
        "STEEL_TIN_EXCHANGE_API_KEY",
    )
