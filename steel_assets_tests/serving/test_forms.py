"""The same answers as CSV, as workbooks and as Parquet: what is asked for, what comes, and what is refused with a remedy."""

from __future__ import annotations

import csv
import io
import re
import sys
from datetime import datetime
from pathlib import Path

import httpx
import openpyxl
import pyarrow.parquet as pq
import pytest

from steel_assets.serving import forms, schemas
from steel_assets.serving.forms import PARQUET, ROWS, TYPES, XLSX, accepted, parquet, table, workbook
from steel_assets.serving.shape import Shape, example
from steel_assets_tests.isolation import ROOT
from steel_assets_tests.serving.running import Running, answering

MARKET = "rebar_fob_turkey"
PATHS = {
    "/v1/markets": ("markets",),
    "/v1/regions": ("regions",),
    "/v1/regions/turkey": ("markets",),
    f"/v1/markets/{MARKET}/forecasts": ("forecasts",),
    f"/v1/markets/{MARKET}/scorecard": ("rows",),
    f"/v1/markets/{MARKET}/explanation": ("horizons", "drivers"),
    "/v1/models": ("ledger",),
    "/v1/metrics/daily": ("metrics",),
    "/v1/alerts": ("alerts",),
}


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline=""), strict=True))


@pytest.mark.parametrize("path", PATHS)
def test_a_table_has_a_row_for_everything_that_the_json_lists_and_each_says_that_it_is_simulated(
    service: Running, path: str
) -> None:
    body = service.client.get(path).json()
    answer = service.client.get(path, params={"format": "csv"})
    listed = [body]
    for name in PATHS[path]:
        listed = [item for above in listed for item in above[name] or ()]
    found = rows(answer)
    assert len(found) == len(listed)
    assert {row["simulated"] for row in found} <= {"true"}
    assert answer.headers["x-simulated"] == "true"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["cache-control"] == "no-store"
    for row, item in zip(found, listed, strict=True):
        for name, value in item.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                assert float(row[name]) == value
            elif isinstance(value, str) and name != "message":  # an alert tells ages that grow between two answers
                assert row[name] == value


def test_a_row_of_forecasts_says_by_itself_what_it_is_about(service: Running) -> None:
    path = f"/v1/markets/{MARKET}/forecasts"
    body, answer = service.client.get(path).json(), service.client.get(path, params={"format": "csv"})
    first = rows(answer)[0]
    assert answer.headers["content-disposition"] == f'attachment; filename="markets-{MARKET}-forecasts.csv"'
    assert (first["market"], first["unit"], first["issued_date"]) == (MARKET, "USD/t", body["issued_date"])
    assert float(first["q05"]) == body["forecasts"][0]["quantiles"]["q05"]


def test_the_header_accept_asks_for_it_too_and_the_parameter_comes_first(service: Running) -> None:
    asked = {"accept": "text/csv"}
    answer = service.client.get("/v1/metrics/daily", headers=asked)
    assert rows(answer)
    assert answer.headers["vary"] == "Accept"
    assert service.client.get("/v1/metrics/daily", headers=asked, params={"format": "json"}).json()["metrics"]


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
        ("application/json", "json"),
        ("text/csv", "csv"),
        ("Text/CSV;header=present;q=0.9, application/json;q=0.5", "csv"),
        ("text/*, application/json;q=0.1", "csv"),
        ("text/csv;q=0, */*", "json"),
        ("text/csv;q=rubbish", None),
        ("text/html", None),
        (XLSX, "xlsx"),
        (f"{XLSX}, text/csv;q=0.9", "xlsx"),
        (PARQUET, "parquet"),
        (f"{PARQUET}, {XLSX};q=0.5", "parquet"),
    ],
)
def test_the_header_is_read_as_the_standard_says(header: str, form: str | None) -> None:
    assert accepted(header, list(TYPES)) == form


def test_a_form_that_is_not_there_is_passed_over_for_the_next_that_is_wanted() -> None:
    assert accepted(f"{PARQUET}, {XLSX};q=0.5", ["json", "csv", "xlsx"]) == "xlsx"
    assert accepted(PARQUET, ["json", "csv", "xlsx"]) is None


@pytest.mark.parametrize("path", PATHS)
def test_a_workbook_has_the_same_rows_with_units_formats_and_what_every_column_means(service: Running, path: str) -> None:
    by_name = service.client.get(path, params={"format": "xlsx"})
    by_header = service.client.get(path, headers={"accept": XLSX})
    table = list(csv.reader(io.StringIO(service.client.get(path, params={"format": "csv"}).text, newline="")))
    for answer in (by_name, by_header):
        assert (answer.status_code, answer.headers["content-type"], answer.headers["x-simulated"]) == (200, XLSX, "true")
        assert answer.headers["content-disposition"].endswith('.xlsx"')
    book = openpyxl.load_workbook(io.BytesIO(by_name.content))
    rows, definitions = book.worksheets
    assert rows["A1"].value.startswith("SIMULATED DATA · table ")
    assert [cell.value.partition(" [")[0] for cell in rows[2]] == table[0]
    assert rows.max_row - 2 == len(table) - 1
    told = [[cell.value for cell in row] for row in definitions.iter_rows()]
    columns = told[told.index(["column", "type", "unit", "meaning", "may be empty"]) + 1 :]
    assert [row[0] for row in columns] == table[0]
    assert [row[0] for row in columns if not row[3]] == [], "every column says what it means"


def test_a_workbook_of_forecasts_has_days_figures_and_the_markets_unit(service: Running) -> None:
    path = f"/v1/markets/{MARKET}/forecasts"
    first = service.client.get(path).json()["forecasts"][0]
    sheet = openpyxl.load_workbook(io.BytesIO(service.client.get(path, params={"format": "xlsx"}).content)).worksheets[0]
    cells = {header.value: cell for header, cell in zip(sheet[2], sheet[3], strict=True)}
    assert cells["predicted_price [USD/t]"].value == first["predicted_price"]
    assert cells["predicted_price [USD/t]"].number_format == "#,##0.00##"
    assert f"{cells['target_date'].value:%Y-%m-%d}" == first["target_date"]
    assert cells["target_date"].number_format == "yyyy-mm-dd"
    assert cells["horizon [trading days]"].value == first["horizon"]
    assert cells["simulated"].value is True


def test_a_text_that_begins_like_a_formula_is_a_text_in_both() -> None:
    attack = '=HYPERLINK("http://evil.test","click")'
    alerts = schemas.Alerts.model_validate(example(schemas.Alerts))
    alerts.alerts[0].message, alerts.alerts[0].market = attack, "@SUM(1)"
    [row] = csv.DictReader(io.StringIO(table(alerts, simulated=False).decode(), newline=""))
    assert (row["message"], row["market"]) == (f"'{attack}", "'@SUM(1)")
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(alerts, "alerts", simulated=False))).worksheets[0]
    assert not sheet["A1"].value.startswith("SIMULATED")
    cells = {header.value: cell for header, cell in zip(sheet[2], sheet[3], strict=True)}
    for name, text in (("message", attack), ("market", "@SUM(1)")):
        assert (cells[name].value, cells[name].data_type, cells[name].quotePrefix) == (text, "s", True)


@pytest.mark.parametrize("path", PATHS)
def test_parquet_has_the_same_rows_with_types_units_and_whether_they_are_simulated(service: Running, path: str) -> None:
    by_name = service.client.get(path, params={"format": "parquet"})
    by_header = service.client.get(path, headers={"accept": PARQUET})
    table = csv.DictReader(io.StringIO(service.client.get(path, params={"format": "csv"}).text, newline=""))
    for answer in (by_name, by_header):
        assert (answer.status_code, answer.headers["content-type"], answer.headers["x-simulated"]) == (200, PARQUET, "true")
        assert answer.headers["content-disposition"].endswith('.parquet"')
    found = pq.read_table(io.BytesIO(by_name.content))
    assert found.column_names == table.fieldnames
    assert found.schema.metadata[b"simulated"] == b"true"
    assert all(field.metadata[b"description"] for field in found.schema)
    for row, told in zip(found.to_pylist(), table, strict=True):
        for name, value in row.items():
            if isinstance(value, float):
                assert float(told[name]) == value
            elif name not in ("message", "age_seconds", "forecast_age_seconds"):  # these grow between two answers
                assert told[name] == ("" if value is None else shown(value))


def shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_parquet_of_forecasts_has_the_types_of_an_export_and_the_markets_unit(service: Running) -> None:
    answer = service.client.get(f"/v1/markets/{MARKET}/forecasts", params={"format": "parquet"})
    schema = pq.read_schema(io.BytesIO(answer.content))
    names = ("market", "horizon", "target_date", "predicted_price", "as_of", "simulated")
    assert [str(schema.field(name).type) for name in names] == [
        "string", "int64", "date32[day]", "double", "timestamp[us, tz=UTC]", "bool",
    ]  # fmt: skip
    assert schema.field("predicted_price").metadata[b"unit"] == b"USD/t"
    assert schema.metadata[b"table"] == f"markets-{MARKET}-forecasts".encode()


def test_where_its_library_is_not_installed_parquet_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/v1/alerts"
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(forms, "offered", forms.offered.__wrapped__)  # another test of this process may have asked
    with (
        answering(tmp_path, opened=True) as (_, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        by_header = client.get(path, headers={"accept": PARQUET})
        by_name = client.get(path, params={"format": "parquet"})
        assert client.get(path, params={"format": "xlsx"}).status_code == 200
    assert (by_header.status_code, by_header.json()["error"]) == (406, "not_acceptable")
    assert by_name.status_code == 422
    assert by_name.json()["message"].startswith("format: write json, csv or xlsx; Parquet is written where pyarrow")
    for answer in (by_header, by_name):
        assert "steel export" in answer.json()["message"]


@pytest.mark.parametrize("path", PATHS)
def test_a_form_that_there_is_not_is_refused_with_what_to_do(service: Running, path: str) -> None:
    by_header = service.client.get(path, headers={"accept": "application/xml"})
    by_name = service.client.get(path, params={"format": "xml"})
    assert (by_header.status_code, by_header.json()["error"]) == (406, "not_acceptable")
    assert by_name.status_code == 422
    assert by_name.json()["message"].startswith("format: write json, csv, xlsx or parquet")


def test_parquet_of_an_odd_answer_keeps_its_types_and_texts() -> None:
    body = example(schemas.Alert)
    odd = [body | {"message": "=1+1", "market": "2026-11-20"}, body | {"market": None}, body | {"market": "coil"}]
    answer = schemas.Alerts.model_validate(example(schemas.Alerts) | {"alerts": odd})
    found = pq.read_table(io.BytesIO(parquet(answer, "alerts", simulated=False)))
    assert found["market"].to_pylist() == ["2026-11-20", None, "coil"]
    assert found["message"][0].as_py() == "=1+1"
    assert found.schema.metadata[b"simulated"] == b"false"


@pytest.mark.parametrize("shape", ROWS)
def test_parquet_of_nothing_has_the_types_of_one_with_rows(shape: type[Shape]) -> None:
    full = shape.model_validate(example(shape))
    none = full.model_copy(update={ROWS[shape][0]: []})
    empty, types = (pq.read_schema(io.BytesIO(parquet(answer, "some", simulated=True))) for answer in (none, full))
    unlike = [field.name for field in empty if field.type != types.field(field.name).type]
    assert unlike == []


def test_a_table_needs_the_same_key_and_scope(service: Running, keys: dict[str, str]) -> None:
    asked = {"format": "csv"}
    with httpx.Client(base_url=service.url, trust_env=False) as stranger:
        assert stranger.get("/v1/metrics/daily", params=asked).status_code == 401
    operator = {"x-api-key": keys["only_operate"]}
    assert service.client.get("/v1/metrics/daily", params=asked, headers=operator).status_code == 403


@pytest.mark.parametrize("shape", ROWS)
def test_a_table_of_nothing_has_the_columns_of_one_with_rows(shape: type[Shape]) -> None:
    full = shape.model_validate(example(shape))
    none = full.model_copy(update={ROWS[shape][0]: []})
    header = table(full, simulated=True).split(b"\r\n")[0]
    assert table(none, simulated=True) == header + b"\r\n"
    book = openpyxl.load_workbook(io.BytesIO(workbook(none, "nothing", simulated=True)))
    assert [cell.value.partition(" [")[0] for cell in book.worksheets[0][2]] == header.decode().split(",")
    assert b"simulated" in header.split(b",")


def test_the_python_lines_and_the_query_of_the_page_ask_for_what_there_is(
    service: Running, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "use-it.md").read_text()
    monkeypatch.setenv("KEY", keys["read"])
    for lines, says in zip(re.findall(r"```python\n(.*?)```", page, re.DOTALL), ("predicted_price", "USD/t True"), strict=True):
        exec(lines.replace("http://127.0.0.1:8000", service.url), {})  # noqa: S102  our own page
        assert says in capsys.readouterr().out
    (path,) = re.findall(r'RelativePath = "(.*?)"', page)
    found = rows(service.client.get(f"/{path}", params={"format": "csv"}))
    typed = re.findall(r'{"(\w+)", type ', page)
    assert len(typed) == 5
    assert set(typed) <= set(found[0])


def test_a_text_of_the_world_is_no_formula() -> None:
    alert = example(schemas.Alert) | {"message": "=1+1", "values": ["1", "2"]}
    answer = schemas.Alerts.model_validate(example(schemas.Alerts) | {"alerts": [alert]})
    assert b",'=1+1," in table(answer, simulated=False)
