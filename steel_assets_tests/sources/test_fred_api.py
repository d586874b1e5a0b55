"""FRED: pages, vintages, the keyless CSV, and what a figure's dates mean."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.http.client import Recorded, Response
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import PublicationRule, Series
from steel_assets.sources import Access, Collection, SourceError, fred_api
from steel_assets_tests.contracts.connector import KEY, ConnectorContract, Figures
from steel_assets_tests.loopback import Reply, Request

NEW_YORK = PublicationRule(lag_days=16, at="08:30", zone="America/New_York")  # type: ignore[arg-type]
MOMENT = pd.Timestamp("2024-01-10 08:00", tz="UTC")


def monthly(symbol: str, *, revised: bool) -> Series:
    return Series(
        id=symbol.lower(), name=symbol, unit="index", source="fred_api", group="inflation_data", symbol=symbol,
        frequency="monthly", published=NEW_YORK, revised=revised,
    )  # fmt: skip


def daily(symbol: str, *, revised: bool = False) -> Series:
    published = PublicationRule(lag_days=1, at="16:15", zone="America/New_York")  # type: ignore[arg-type]
    return Series(id=symbol.lower(), name=symbol, unit="percent", symbol=symbol, published=published, revised=revised)


def page(rows: list[dict[str, object]], *, count: int | None = None, offset: int = 0) -> bytes:
    body = {"realtime_start": "x", "units": "lin", "count": len(rows) if count is None else count, "offset": offset}
    return json.dumps({**body, "limit": 100000, "observations": rows}).encode()


def row(period: str, value: object, since: str = "2024-01-10", until: str = "9999-12-31") -> dict[str, object]:
    return {"realtime_start": since, "realtime_end": until, "date": period, "value": value}


def wire(figures: Figures) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        assert request.path == "/fred/series/observations"
        if request.query["series_id"] not in figures:
            return Reply(b'{"error_code":400,"error_message":"Bad Request.  The series does not exist."}', 400)
        since = request.query.get("realtime_start", "2024-01-10")
        rows = figures[request.query["series_id"]].items()
        return Reply(page([row(period, "." if value is None else _text(value), since) for period, value in rows]))

    return answer


def _text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class TestCurrentValues(ConnectorContract):
    source = "fred_api"
    series = (monthly("WPU101", revised=False), monthly("CPIAUCSL", revised=False))
    periods = ("2023-08-01", "2023-09-01", "2023-10-01", "2023-11-01")
    unpublished = "2023-12-01"

    def wire(self, figures: Figures) -> Callable[[Request], Reply]:
        return wire(figures)


class TestVintages(TestCurrentValues):
    series = (monthly("WPU101", revised=True), monthly("CPIAUCSL", revised=True))

    def test_a_figure_not_published_yet_waits(self) -> None:  # type: ignore[override]
        """What FRED shows today is published, whatever the rule expects: only a vintage of tomorrow waits."""
        rows = [row("2023-11-01", "1", "2023-12-13"), row("2023-12-01", "2", "2024-01-11")]
        collection = collect(self.series[0], page(rows))
        assert collection.observations["value"].tolist() == [1.0]
        assert collection.notes == {"not published yet": 1}


class TestWithoutKey(TestCurrentValues):
    def access(self, url: str, **options: object) -> Access:
        return super().access(url, **{"api_key": None, **options})

    def wire(self, figures: Figures) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            assert request.path == "/graph/fredgraph.csv"
            symbol = request.query["id"]
            if symbol not in figures:
                return Reply(b"<!DOCTYPE html><html>not found</html>", 404)
            lines = [f"{period},{'' if value is None else value}" for period, value in figures[symbol].items()]
            return Reply("\n".join([f"observation_date,{symbol}", *lines, ""]).encode())

        return answer

    def test_the_key_is_in_nothing_that_comes_back(self) -> None:  # type: ignore[override]
        """There is none."""
        assert self.access("http://x").secret("api_key") == {}

    @pytest.mark.parametrize("value", ["oops", True, "1e999"])
    def test_what_is_no_figure_is_left_out_and_counted(self, provider: object, value: object) -> None:
        super().test_what_is_no_figure_is_left_out_and_counted(provider, value)  # type: ignore[arg-type]


def collect(
    series: Series, answer: object, known: pd.DataFrame | None = None, moment: pd.Timestamp = MOMENT, **options: object
) -> Collection:
    http = answer if isinstance(answer, Recorded) else Recorded({"/observations": answer})  # type: ignore[dict-item]
    access = Access(http, "http://x", SecretStr(KEY), **options)  # type: ignore[arg-type]
    return fred_api.collect([series], OBSERVATIONS.empty() if known is None else known, moment, access)


def published(collection: Collection) -> list[str]:
    local = collection.observations["published_at"].dt.tz_convert("America/New_York")
    return local.dt.strftime("%Y-%m-%d %H:%M").tolist()


CPI = monthly("CPIAUCSL", revised=True)


def test_each_vintage_is_published_on_the_day_fred_dates_it_at_the_series_own_hour() -> None:
    collection = collect(
        CPI,
        page(
            [
                row("2023-10-01", "300.0", "2023-11-14", "2023-12-11"),
                row("2023-10-01", "300.5", "2023-12-12"),
                row("2023-11-01", "301.0", "2023-12-12"),
            ]
        ),
    )
    assert collection.observations["value"].tolist() == [300.0, 300.5, 301.0]
    assert published(collection) == ["2023-11-14 08:30", "2023-12-12 08:30", "2023-12-12 08:30"]


def test_figures_older_than_the_vintages_are_published_by_the_rule() -> None:
    """ALFRED's records of this series begin in November: everything before is dated on their first day."""
    begins = "2023-11-20"
    collection = collect(
        CPI, page([row("2023-01-01", "1", begins), row("2023-09-01", "2", begins), row("2023-10-01", "3", "2023-12-05")])
    )
    assert published(collection) == ["2023-02-16 08:30", "2023-10-16 08:30", "2023-12-05 08:30"]


def test_the_rule_never_dates_a_figure_later_than_fred_does() -> None:
    collection = collect(CPI, page([row("2023-10-01", "1", "2023-11-10"), row("2023-11-01", "2", "2023-12-12")]))
    assert published(collection)[0] == "2023-11-10 08:30"


def test_a_vintage_of_this_morning_counts_even_before_the_usual_hour() -> None:
    known = collect(CPI, page([row("2023-11-01", "1", "2023-12-12")])).observations
    moment = pd.Timestamp("2024-01-11 10:00", tz="UTC")  # 05:00 in New York
    rows = page([row("2023-11-01", "1", "2024-01-01"), row("2023-12-01", "2", "2024-01-11")])
    collection = collect(CPI, rows, known, moment)
    assert collection.observations["published_at"].tolist() == [moment]


def test_the_first_collection_asks_for_all_vintages_of_the_years_wanted_and_the_next_for_the_new_ones() -> None:
    http = Recorded({"/observations": page([row("2023-11-01", "1", "2023-12-12")])})
    known = collect(CPI, http).observations
    collect(CPI, http, known, MOMENT + pd.Timedelta(days=3), history_years=10)
    first, second = (params for _, params in http.asked)
    assert (first["observation_start"], first["realtime_start"], first["realtime_end"]) == (
        "2014-01-10",
        "2014-01-10",
        "9999-12-31",
    )
    assert (second["observation_start"], second["realtime_start"]) == ("2014-01-13", "2023-12-31")


def test_a_series_that_is_never_revised_is_asked_for_without_vintages_from_its_last_days_on() -> None:
    http = Recorded({"/observations": page([row("2024-01-05", "4.05")])})
    known = collect(daily("DGS10"), http).observations
    collect(daily("DGS10"), http, known)
    assert all("realtime_start" not in params for _, params in http.asked)
    assert [params["observation_start"] for _, params in http.asked] == ["2014-01-10", "2023-12-26"]


def test_vintages_of_a_daily_series_are_asked_for_in_parts_fred_can_answer() -> None:
    http = Recorded({"/observations": page([row("2024-01-05", "4.05", "2024-01-08")])})
    assert len(collect(daily("DTWEXBGS", revised=True), http).observations) == 1
    bounds = [(params["realtime_start"], params["realtime_end"]) for _, params in http.asked]
    assert bounds == [("2014-01-10", "2019-01-09"), ("2019-01-10", "2024-01-09"), ("2024-01-10", "9999-12-31")]


def test_a_backfill_asks_from_its_day_on_whatever_is_known() -> None:
    http = Recorded({"/observations": page([row("2023-11-01", "1", "2023-12-12")])})
    known = collect(CPI, http).observations
    collect(CPI, http, known, since=pd.Timestamp("2005-01-01"))
    collect(daily("DGS10"), http, known, since=pd.Timestamp("2005-01-01"))
    assert [params["observation_start"] for _, params in http.asked[1:]] == ["2005-01-01", "2005-01-01"]
    assert http.asked[1][1]["realtime_start"] == "2005-01-01"


def test_all_pages_are_read() -> None:
    rows = [row(f"2023-{month:02d}-01", str(month)) for month in range(1, 12)]

    def answer(params: dict[str, str]) -> bytes:
        offset = int(params["offset"])
        return page(rows[offset : offset + 4], count=len(rows), offset=offset)

    collection = collect(monthly("WPU101", revised=False), answer)
    assert collection.observations["value"].tolist() == list(range(1, 12))


@pytest.mark.parametrize(
    "answer",
    [
        lambda params: page([row("2023-01-01", "1")], count=3, offset=0),
        lambda params: page([] if params["offset"] != "0" else [row("2023-01-01", "1")], count=3, offset=int(params["offset"])),
    ],
    ids=["the same page again", "an empty page"],
)
def test_a_page_that_is_not_the_one_asked_for_is_a_problem_and_nothing_is_stored(answer: object) -> None:
    collection = collect(monthly("WPU101", revised=False), answer)
    assert list(collection.problems) == ["wpu101"]
    assert collection.observations.empty


@pytest.mark.parametrize("day", ["2262-04-01", "1677-10-01", "0001-01-01", "9999-12-31"])
def test_a_day_out_of_all_time_is_left_out_and_counted(day: str) -> None:
    collection = collect(
        CPI, page([row("2023-11-01", "1", "2023-12-12"), row(day, "2", "2023-12-12"), row("2023-10-01", "3", day)])
    )
    assert collection.observations["value"].tolist() == [1.0]
    assert collection.notes == {"unreadable dates": 2}


def test_parse_reads_the_wire_and_counts_what_it_leaves_out() -> None:
    notes: Counter[str] = Counter()
    rows = [row("2023-01-01", "1.50"), row("2023-02-01", "."), row("2023-02-30", "2"), row("2023-03-01", "n/a")]
    frame = fred_api.parse(page(rows), CPI, notes)
    assert frame[["series", "period", "value"]].to_numpy().tolist() == [["cpiaucsl", pd.Timestamp("2023-01-01"), 1.5]]
    assert notes == {"empty values": 2, "unreadable dates": 1}


def test_parse_says_what_it_expected_and_what_came() -> None:
    with pytest.raises(SourceError, match=r"expected count, offset and observations.*count: .*Bad Gateway") as caught:
        fred_api.parse(b'{"note": "Bad Gateway"}', CPI, Counter())
    assert caught.value.content == b'{"note": "Bad Gateway"}'


def test_a_vintage_older_than_its_own_figure_says_nothing_about_publication() -> None:
    collection = collect(CPI, page([row("2023-10-01", "1", "2014-01-10"), row("2023-11-01", "2", "2014-01-10")]))
    assert published(collection) == ["2023-11-16 08:30", "2023-12-16 08:30"]


def test_a_refusal_is_quoted_with_the_remedy() -> None:
    refusal = Response(400, b'{"error_code":400,"error_message":"Bad Request.  The series does not exist."}')
    problem = collect(CPI, refusal).problems["cpiaucsl"]
    assert "CPIAUCSL: FRED refused (400)" in problem
    assert "The series does not exist." in problem
    assert "check the symbol" in problem


def test_an_answer_without_figures_is_a_problem() -> None:
    assert "answered without a single figure" in collect(CPI, page([])).problems["cpiaucsl"]


def test_the_real_host_is_left_for_the_keyless_one() -> None:
    http = Recorded({"/graph/fredgraph.csv": b"observation_date,DGS10\n2024-01-05,4.05\n"})
    access = Access(http, "https://api.stlouisfed.org")
    assert len(fred_api.collect([daily("DGS10")], OBSERVATIONS.empty(), MOMENT, access).observations) == 1
    assert http.asked == [("https://fred.stlouisfed.org/graph/fredgraph.csv", {"id": "DGS10", "cosd": "2014-01-10"})]


@pytest.mark.parametrize(
    "content",
    [
        b"DATE,DGS10\n2024-01-04,4.00\n2024-01-05,4.05\n",
        b"observation_date,DGS10\r\n2024-01-03,\r\n2024-01-04,4.00\r\n2024-01-05,4.05\r\n\r\n",
        b"\xef\xbb\xbfobservation_date,dgs10\n2024-01-01,.\n2024-01-04,4.00\n2024-01-05,4.05",
    ],
    ids=["the header of former years", "empty cells and lines, as Windows writes them", "a byte order mark"],
)
def test_the_keyless_csv_is_read_in_all_its_forms(content: bytes) -> None:
    access = Access(Recorded({"/graph/fredgraph.csv": content}), "http://x")
    collection = fred_api.collect([daily("DGS10")], OBSERVATIONS.empty(), MOMENT, access)
    assert collection.problems == {}
    assert collection.observations["value"].tolist() == [4.0, 4.05]


NOT_IN_ALFRED = Response(
    400, b'{"error_code":400,"error_message":"Bad Request.  The series does not exist in ALFRED but may exist in FRED."}'
)
TOO_MANY = Response(
    400,
    b'{"error_code":400,"error_message":"Bad Request.  There are 2593 vintage dates in this real-time period, which exceeds '
    b'the maximum number of vintage dates allowed (2000)."}',
)


def test_a_series_without_any_vintage_fails_with_the_remedy_and_the_others_come() -> None:
    def answer(params: dict[str, str]) -> Response | bytes:
        return NOT_IN_ALFRED if params["series_id"] == "DTWEXBGS" else page([row("2023-11-01", "1", "2023-12-12")])

    access = Access(Recorded({"/observations": answer}), "http://x", SecretStr(KEY))
    collection = fred_api.collect([daily("DTWEXBGS", revised=True), CPI], OBSERVATIONS.empty(), MOMENT, access)
    assert list(collection.problems) == ["dtwexbgs"]
    assert "revised: false for dtwexbgs" in collection.problems["dtwexbgs"]
    assert len(collection.observations) == 1


def fred_of(today: str) -> Callable[[dict[str, str]], Response | bytes]:
    """FRED on its own day: bounds after it are refused."""

    def answer(params: dict[str, str]) -> Response | bytes:
        if params["realtime_start"] > today or today < params["realtime_end"] < "9999":
            message = f"Bad Request.  Variable realtime_start can not be after today's date ({today})."
            return Response(400, json.dumps({"error_code": 400, "error_message": message}).encode())
        return page([row("2026-11-24", "4.05", max("2026-11-25", params["realtime_start"]))])

    return answer


@pytest.mark.parametrize("series", [daily("DGS10", revised=True), CPI], ids=["daily", "monthly"])
@pytest.mark.parametrize("years", [5, 10])
@pytest.mark.parametrize("today", ["2026-11-26", "2026-11-25"], ids=["Chicago's day", "a clock of ours that is a day ahead"])
def test_in_the_hours_when_utc_is_a_day_ahead_freds_today_is_chicagos(series: Series, years: int, today: str) -> None:
    three = pd.Timestamp("2026-11-27 03:00", tz="UTC")
    http = Recorded({"/observations": fred_of(today)})
    collection = collect(series, http, moment=three, history_years=years)
    assert "realtime_start" not in collection.problems.get(series.id, "")
    assert len(collection.observations) or series is CPI
    again = collect(series, http, collection.observations, three + pd.Timedelta(minutes=30), history_years=years)
    assert "realtime_start" not in again.problems.get(series.id, "")


def test_a_wrong_key_costs_one_call() -> None:
    body = b'{"error_code":400,"error_message":"Bad Request.  The value for variable api_key is not registered."}'
    http = Recorded({"/observations": Response(400, body)})
    series = [daily(f"S{number}") for number in range(8)]
    collection = fred_api.collect(series, OBSERVATIONS.empty(), MOMENT, Access(http, "http://x", SecretStr(KEY)))
    assert len(http.asked) <= 2, "those that were under way"
    assert len(collection.problems) == 8


def test_bounds_before_alfred_knew_a_series_are_no_reason_to_lose_it() -> None:
    """The broad dollar index began in 2019: bounds that end before are refused."""
    known_from = page([row("2024-01-05", "119.5", "2024-01-08")])
    http = Recorded({"/observations": lambda params: NOT_IN_ALFRED if params["realtime_end"] < "2019-02" else known_from})
    collection = collect(daily("DTWEXBGS", revised=True), http)
    assert collection.problems == {}
    assert collection.observations["value"].tolist() == [119.5]


def test_a_refusal_after_an_answer_loses_no_vintages_in_silence() -> None:
    known_from = page([row("2018-01-05", "119.5", "2018-01-08")])
    http = Recorded({"/observations": lambda params: known_from if params["realtime_end"] < "2019-02" else NOT_IN_ALFRED})
    collection = collect(daily("DTWEXBGS", revised=True), http)
    assert collection.observations.empty
    assert "may exist in FRED" in collection.problems["dtwexbgs"]


def test_more_vintages_than_fred_answers_at_once_are_asked_for_in_halves() -> None:
    def answer(params: dict[str, str]) -> Response | bytes:
        last = "2024-01-10" if params["realtime_end"] == "9999-12-31" else params["realtime_end"]
        if pd.Timestamp(last) - pd.Timestamp(params["realtime_start"]) > pd.Timedelta(days=1000):
            return TOO_MANY
        asked.append((params["realtime_start"], params["realtime_end"]))
        return page([row("2023-11-01", "1", max("2023-12-12", params["realtime_start"]))] if last > "2023-12-12" else [])

    asked: list[tuple[str, str]] = []
    collection = collect(CPI, Recorded({"/observations": answer}))
    assert collection.problems == {}
    assert published(collection) == ["2023-12-12 08:30"]
    assert (asked[0][0], asked[-1][1]) == ("2014-01-10", "9999-12-31")
    following = [pd.Timestamp(end) + pd.Timedelta(days=1) for _, end in asked[:-1]]
    assert following == [pd.Timestamp(start) for start, _ in asked[1:]], "no day is left out, none is asked for twice"


def test_a_vintage_cut_by_our_own_bounds_is_no_revision() -> None:
    """FRED dates what was known before the bounds on their first day."""
    first = page([row("2018-01-05", "119.5", "2018-01-08")])
    cut = page([row("2018-01-05", "119.5", "2019-01-10"), row("2018-01-05", "119.7", "2020-02-03")])
    later = page([row("2018-01-05", "119.7", "2024-01-10"), row("2024-01-05", "121", "2024-01-08")])
    collection = collect(daily("DTWEXBGS", revised=True), Recorded({"/observations": [first, cut, later]}))
    assert collection.observations["value"].tolist() == [119.5, 119.7, 121.0]


@pytest.mark.parametrize("revised", [False, True])
@pytest.mark.parametrize("field", ["realtime_start", "date", "value"])
def test_observations_of_which_none_has_a_field_are_an_unknown_shape(field: str, revised: bool) -> None:
    content = page([{**row("2023-11-01", "100.5"), field + "_renamed": "x"}]).replace(f'"{field}": "'.encode(), b'"renamed": "')
    collection = collect(monthly("WPU101", revised=revised), content)
    assert collection.observations.empty
    assert f"no row has {field!r}" in collection.problems["wpu101"]
    assert [rejected.content for rejected in collection.rejected] == [content]


def test_a_real_answer_with_everything_around_it() -> None:
    body = {
        "realtime_start": "2024-01-10", "realtime_end": "2024-01-10", "observation_start": "1600-01-01",
        "observation_end": "9999-12-31", "units": "lin", "output_type": 1, "file_type": "json", "order_by": "observation_date",
        "sort_order": "asc", "count": 3, "offset": 0, "limit": 100000,
        "observations": [
            {"realtime_start": "2024-01-10", "realtime_end": "2024-01-10", "date": "2024-01-01", "value": "."},
            {"realtime_start": "2024-01-10", "realtime_end": "2024-01-10", "date": "2024-01-02", "value": "3.95"},
            {"realtime_start": "2024-01-10", "realtime_end": "2024-01-10", "date": "2024-01-03", "value": "3.91"},
        ],
    }  # fmt: skip
    collection = collect(daily("DGS10"), json.dumps(body).encode())
    assert collection.observations["value"].tolist() == [3.95, 3.91]
    assert collection.notes == {"empty values": 1}


def test_a_key_that_is_wrong_is_told_and_not_repeated() -> None:
    body = b'{"error_code":400,"error_message":"Bad Request.  The value for variable api_key is not registered."}'
    problem = collect(CPI, Response(400, body)).problems["cpiaucsl"]
    assert "is not registered" in problem
    assert "STEEL_FRED_API_API_KEY" in problem
