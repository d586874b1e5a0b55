"""FRED's wire format, as the sandbox speaks it: today's values, vintages, and the keyless CSV."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from steel_assets.catalog import Catalog
from steel_assets.sandbox import Sandbox
from steel_assets_tests.sandbox.conftest import Get

OBSERVATIONS = "/fred_api/fred/series/observations"
ALL_VINTAGES = {"realtime_start": "1776-07-04", "realtime_end": "9999-12-31"}


def ask(get: Get, symbol: str = "WPU101", **more: str) -> dict:
    answer = get(OBSERVATIONS, series_id=symbol, api_key="k", file_type="json", **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(get: Get, **params: str) -> str:
    answer = get(OBSERVATIONS, **({"series_id": "WPU101", "api_key": "k", "file_type": "json"} | params))
    assert answer.status_code == 400
    assert answer.json()["error_code"] == 400
    return answer.json()["error_message"]


def test_without_bounds_each_month_has_one_value_and_todays_date_as_real_time(get: Get) -> None:
    body = ask(get)
    assert (body["realtime_start"], body["realtime_end"]) == ("2026-03-04", "2026-03-04")
    assert (body["count"], body["offset"], body["limit"]) == (len(body["observations"]), 0, 100_000)
    months = [row["date"] for row in body["observations"]]
    assert months[0] == "2014-01-01"
    assert months[-1] == "2026-01-01"
    assert len(set(months)) == len(months)
    assert {row["realtime_start"] for row in body["observations"]} == {"2026-03-04"}
    assert all(float(row["value"]) > 0 for row in body["observations"])


def test_with_bounds_a_revision_is_a_row_of_its_own_and_the_old_one_ends_the_day_before(get: Get) -> None:
    rows = ask(get, **ALL_VINTAGES, observation_start="2025-06-01", observation_end="2025-06-01")["observations"]
    assert [row["realtime_start"] for row in rows] == ["2025-07-16", "2025-08-16", "2025-11-16"]
    assert [row["realtime_end"] for row in rows] == ["2025-08-15", "2025-11-15", "9999-12-31"]
    assert len({row["value"] for row in rows}) == 3
    assert ask(get, observation_start="2025-06-01", observation_end="2025-06-01")["observations"][0]["value"] == rows[-1]["value"]


def test_what_was_current_on_a_past_day_can_be_asked_for(get: Get) -> None:
    rows = ask(get, **ALL_VINTAGES, observation_start="2025-06-01", observation_end="2025-06-01")["observations"]
    then = ask(get, realtime_start="2025-09-01", realtime_end="2025-09-01")["observations"]
    assert [row["value"] for row in then if row["date"] == "2025-06-01"] == [rows[1]["value"]]
    assert then[-1]["date"] == "2025-07-01"


def test_real_time_dates_are_clipped_to_the_period_asked_for(get: Get) -> None:
    rows = ask(get, realtime_start="2025-09-01", realtime_end="2025-10-31", observation_start="2025-06-01")["observations"]
    assert min(row["realtime_start"] for row in rows) == "2025-09-01"
    assert max(row["realtime_end"] for row in rows) == "2025-10-31"


def test_a_new_vintage_appears_at_its_hour_and_changes_nothing_before(get: Get, sandbox: Sandbox) -> None:
    sandbox.set_clock(pd.Timestamp("2026-03-16T12:29:59Z"))
    before = ask(get, **ALL_VINTAGES)["observations"]
    sandbox.set_clock(pd.Timestamp("2026-03-16T12:30:00Z"))
    after = ask(get, **ALL_VINTAGES)["observations"]
    new = [row for row in after if row["realtime_start"] == "2026-03-16"]
    assert sorted(row["date"] for row in new) == ["2025-10-01", "2026-01-01", "2026-02-01"]
    kept = {(row["date"], row["realtime_start"], row["value"]) for row in before}
    assert kept == {(row["date"], row["realtime_start"], row["value"]) for row in after if row not in new}


def test_a_daily_series_has_a_point_for_each_weekday_its_exchange_was_shut(get: Get) -> None:
    rows = {row["date"]: row["value"] for row in ask(get, "DGS10", observation_start="2025-06-30")["observations"]}
    assert rows["2025-07-04"] == "."
    assert rows["2025-12-25"] == "."
    assert 0 < float(rows["2025-07-03"]) < 10
    assert "2025-07-05" not in rows


def test_more_than_two_thousand_vintages_at_once_are_refused(get: Get) -> None:
    message = refusal(get, series_id="DGS10", **ALL_VINTAGES)
    assert message.endswith("This exceeds the maximum number of vintage dates allowed (2000).")
    assert ask(get, "DGS10", realtime_start="2022-01-01", realtime_end="9999-12-31")["count"] > 1000


def test_pages_add_up_to_the_whole_in_either_order(get: Get) -> None:
    whole = ask(get)
    pages = [ask(get, limit="50", offset=str(offset)) for offset in (0, 50, 100)]
    assert [row for page in pages for row in page["observations"]] == whole["observations"]
    assert {page["count"] for page in pages} == {whole["count"]}
    assert ask(get, sort_order="desc")["observations"] == whole["observations"][::-1]


def test_vintage_date_is_ignored(get: Get) -> None:
    assert ask(get, vintage_date="2020-01-01") == ask(get)


def test_the_answer_is_xml_unless_json_is_asked_for(get: Get) -> None:
    root = ElementTree.fromstring(get(OBSERVATIONS, series_id="WPU101", api_key="k").text)  # noqa: S314 - our own sandbox
    assert root.tag == "observations"
    assert root.attrib["count"] == str(len(root))
    error = ElementTree.fromstring(get(OBSERVATIONS, series_id="WPU101").text)  # noqa: S314 - our own sandbox
    assert error.attrib["code"] == "400"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"series_id": "NOSUCH"}, "Bad Request.  The series does not exist."),
        ({"series_id": ""}, "Bad Request.  Variable series_id is not set."),
        ({"api_key": ""}, "Bad Request.  Variable api_key is not set."),
        ({"api_key": "invalid"}, "Bad Request.  The value for variable api_key is not registered."),
        ({"observation_start": "yesterday"}, "Bad Request.  Variable observation_start is not a YYYY-MM-DD formatted date"),
        ({"realtime_start": "2025-02-30"}, "Bad Request.  Variable realtime_start is not a YYYY-MM-DD formatted date"),
        ({"realtime_end": "2026-03-05"}, "Bad Request.  Variable realtime_end can not be after today's date (2026-03-04)."),
        ({"observation_start": "2025-02-01", "observation_end": "2025-01-01"}, "Bad Request.  The date set by variable"),
        ({"limit": "0"}, "Bad Request.  Variable limit is not between 1 and 100000."),
        ({"limit": "100001"}, "Bad Request.  Variable limit is not between 1 and 100000."),
        ({"offset": "-1"}, "Bad Request.  Variable offset is not between"),
        ({"sort_order": "up"}, "Bad Request.  Value of sort_order is not one of: 'asc', 'desc'."),
        ({"units": "pch"}, "Bad Request.  Value of units is not one of: 'lin'."),
    ],
)
def test_a_bad_request_is_400_and_says_why(get: Get, params: dict[str, str], message: str) -> None:
    assert refusal(get, **params).startswith(message)


def test_the_free_key_gets_120_calls_a_minute(get: Get, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.clock, "seconds", lambda: 5e9)
    statuses = [get(OBSERVATIONS, api_key="free", file_type="json").status_code for _ in range(121)]
    assert statuses == [400] * 120 + [429]


def test_the_keyless_csv_holds_the_current_vintage_with_empty_cells_where_missing(get: Get) -> None:
    answer = get("/fred_api/graph/fredgraph.csv", id="DGS10", cosd="2025-07-01", coed="2025-07-07")
    lines = answer.text.strip().split("\n")
    assert lines[0] == "observation_date,DGS10"
    assert [line.split(",")[0] for line in lines[1:]] == ["2025-07-01", "2025-07-02", "2025-07-03", "2025-07-04", "2025-07-07"]
    assert lines[4] == "2025-07-04,"
    unknown = get("/fred_api/graph/fredgraph.csv", id="NOSUCH")
    assert unknown.status_code == 404
    assert unknown.headers["content-type"].startswith("text/html")


def test_every_fred_series_of_the_catalogue_is_answered(get: Get, catalog: Catalog) -> None:
    for series in catalog.series_of("fred_api"):
        assert ask(get, str(series.symbol))["count"] > 100
