"""An answer as JSON, CSV, a workbook or Parquet: which form is requested, and how an answer becomes a table.

A table has a row for each listed item, preceded by the answer's common fields: each row alone contains its market, its unit and
whether it is simulated. Columns follow from the shapes, so they are the same if nothing is listed.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.util import find_spec
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import quote

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo
from starlette.responses import Response

from steel_assets import __version__
from steel_assets.core.csv_text import csv_text
from steel_assets.core.sheet import ExportSheet, Heading
from steel_assets.core.sheet import Kind as ColumnKind
from steel_assets.serving import schemas
from steel_assets.serving.column_meanings import MEANINGS, PRICED, UNITS
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.openapi import refusals, shown
from steel_assets.serving.shape import Shape

Kind = Literal["json", "csv", "xlsx", "parquet"]

JSON, CSV = "application/json", "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"
TYPES: Mapping[Kind, str] = {"json": JSON, "csv": CSV, "xlsx": XLSX, "parquet": PARQUET}
SLOW = frozenset({"xlsx", "parquet"})
"""Forms that are made in a thread."""

SOURCE = f"Steel Assets {__version__}"
COMMAND = (
    "Parquet is written where pyarrow is installed, which it is not here, and by the command line: "
    "steel export forecasts --output forecasts.parquet"
)

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")

KINDS: Mapping[frozenset[type], ColumnKind] = {
    frozenset({float}): "float",
    frozenset({float, int}): "float",
    frozenset({int}): "int",
    frozenset({bool}): "bool",
    frozenset({date}): "date",
    frozenset({datetime}): "timestamp",
}
"""The types of a column's values → their kind in a spreadsheet; any other is text."""

ROWS: Mapping[type[Shape], tuple[str, ...]] = {
    schemas.Markets: ("markets",),
    schemas.Regions: ("regions",),
    schemas.Region: ("markets",),
    schemas.Forecasts: ("forecasts",),
    schemas.Averages: ("averages",),
    schemas.Analysis: ("statements",),
    schemas.Scorecard: ("rows",),
    schemas.Explanation: ("horizons", "drivers"),
    schemas.Models: ("ledger",),
    schemas.Experiments: ("experiments",),
    schemas.MetricsDaily: ("metrics",),
    schemas.Alerts: ("alerts",),
    schemas.Watches: ("watches",),
}
"""Shape → its list that is the table, and the list within each of its rows if those are the rows."""


@cache
def offered() -> list[Kind]:
    """The forms available: Parquet only if its library is installed, which the small image leaves out."""
    return [kind for kind in TYPES if kind != "parquet" or find_spec("pyarrow") is not None]


def _named(value: Any) -> str:
    text, there = str(value).lower(), offered()
    if text not in there:
        raise ValueError(f"write {_listing(there)}{_missing(there)}")
    return text


def _listing(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _missing(installed: list[Kind]) -> str:
    """What to do for Parquet if it is not among the forms ``installed``."""
    return "" if "parquet" in installed else f"; {COMMAND}"


Format = Annotated[Kind, BeforeValidator(_named)]


@dataclass(frozen=True)
class Form:
    """The requested form of an answer.

    Attributes:
        kind: json, csv, xlsx or parquet.
        file: the name of a saved table, without its ending.
    """

    kind: Kind
    file: str

    def body(self, shape: Shape, *, simulated: bool) -> bytes:
        """``shape`` in this form. Every row of a table contains ``simulated``, also if its shape does not."""
        if self.kind == "json":
            return shape.to_json()
        if self.kind == "csv":
            return table(shape, simulated=simulated)
        return (workbook if self.kind == "xlsx" else parquet)(shape, self.file, simulated=simulated)

    async def made(self, make: Callable[[], bytes]) -> bytes:
        """The result of ``make``, which runs in a thread if it is slow."""
        return await asyncio.to_thread(make) if self.kind in SLOW else make()

    def response(self, body: bytes, *, simulated: bool) -> Response:
        """The response with ``body``, as made by ``body()``."""
        headers = {"vary": "Accept"}
        if self.kind == "json":
            return Response(body, headers=headers, media_type=JSON)
        headers |= {
            "content-disposition": f'attachment; filename="{self.file}.{self.kind}"',
            "x-simulated": str(simulated).lower(),
        }
        kind = f"{CSV}; charset=utf-8; header=present" if self.kind == "csv" else TYPES[self.kind]
        return Response(body, headers=headers, media_type=kind)


async def wanted(
    request: Request,
    format: Annotated[
        Format | None,
        Query(
            description="json, csv, xlsx or, where the service has its library, parquet; default: what the header Accept "
            "prefers, else json",
            examples=["csv"],
        ),
    ] = None,
) -> Form:
    """The form in the parameter, else in the header.

    Raises:
        RequestRefused: (406) none is available.
    """
    there = offered()
    kind = format or accepted(",".join(request.headers.getlist("accept")), there)
    if kind is None:
        types = _listing([TYPES[known] for known in there])
        raise RequestRefused(406, f"this is answered as {types}: send Accept: {CSV}, or ?format=csv{_missing(there)}")
    return Form(kind, quote(request.url.path.removeprefix("/v1/").replace("/", "-"), safe=""))


Wanted = Annotated[Form, Depends(wanted)]


def accepted(header: str, offered: Sequence[Kind]) -> Kind | None:
    """The form among ``offered`` that a header ``Accept`` prefers (RFC 9110, 12.5.1); the first of equally preferred ones.

    None if it accepts none.
    """
    ranges = dict(_range(part) for part in header.split(",") if part.strip())
    if not ranges:
        return "json"
    wishes: dict[Kind, float] = {
        kind: next((ranges[name] for name in (media, f"{media.partition('/')[0]}/*", "*/*") if name in ranges), 0.0)
        for kind, media in TYPES.items()
        if kind in offered
    }
    best = max(wishes, key=lambda kind: wishes[kind])
    return best if wishes[best] > 0 else None


def tabled(shape: type[Shape]) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI documentation of an answer of this shape that can be a table, and of the refusal of other forms."""
    documented = shown(shape)
    documented[200]["content"][CSV] = {"schema": {"type": "string"}, "example": f"{','.join(_names(shape))}\r\n"}
    for media in (XLSX, PARQUET):
        documented[200]["content"][media] = {"schema": {"type": "string", "format": "binary"}}
    return documented | refusals(406)


def table(shape: Shape, *, simulated: bool) -> bytes:
    """``shape`` as CSV in UTF-8."""
    names, rows = _table(shape, simulated=simulated)
    return csv_text(names, rows).encode()


def workbook(shape: Shape, name: str, *, simulated: bool) -> bytes:
    """``shape`` as an Excel workbook, with a sheet that describes its columns. ``name`` is the table's."""
    from steel_assets.adapters.exports.workbook import as_workbook  # its library is read when a first workbook is asked for

    return as_workbook(sheet(shape, name, simulated=simulated))


def parquet(shape: Shape, name: str, *, simulated: bool) -> bytes:
    """``shape`` as Parquet, as ``steel export`` writes it. ``name`` is the table's.

    Raises:
        ImportError: pyarrow is not installed.
    """
    from steel_assets.adapters.exports.described import sheet_as_parquet  # its library is read when a first file is asked for

    about = {"description": (type(shape).__doc__ or "").strip(), "source": SOURCE}
    return sheet_as_parquet(sheet(shape, name, simulated=simulated), about)


def sheet(body: Shape, name: str, *, simulated: bool) -> ExportSheet:
    """``body`` as a spreadsheet: texts that are a day or a moment become one, prices have their market's unit."""
    shape = type(body)
    names, rows = _table(body, simulated=simulated)
    values = [[_typed(value) for value in row] for row in rows]
    units = {row[names.index("unit")] for row in rows} if "unit" in names else set()
    unit = units.pop() if len(units) == 1 else PRICED
    fields = dict(_fields(shape, ROWS[shape]))
    headings = tuple(
        _heading(column, fields.get(column), [row[place] for row in values], unit) for place, column in enumerate(names)
    )
    said = ["SIMULATED DATA"] if simulated else []
    about = " · ".join([*said, f"table {name}", SOURCE])
    facts = (
        ("table", name),
        ("meaning", (shape.__doc__ or "").strip()),
        ("source", SOURCE),
        ("simulated", "SIMULATED DATA" if simulated else "no row says that it is simulated"),
        ("rows", len(rows)),
    )
    return ExportSheet(name, about, simulated, facts, headings, values)


def _table(shape: Shape, *, simulated: bool) -> tuple[list[str], list[list[Any]]]:
    names = _names(type(shape))
    rows = list(_rows(shape, ROWS[type(shape)]))
    for row in rows:
        row["simulated"] = simulated if row.get("simulated") is None else row["simulated"]
    return names, [[row[name] for name in names] for row in rows]


def _heading(name: str, field: FieldInfo | None, values: list[Any], priced_in: str) -> Heading:
    unit = UNITS.get(name, "")
    meaning = (field.description if field else None) or MEANINGS.get(name, "")
    found = frozenset(type(value) for value in values if value is not None)
    kind: ColumnKind = KINDS.get(found or _declared(field), "string")
    return Heading(name, kind, priced_in if unit == PRICED else unit, meaning, any(value is None for value in values))


def _declared(field: FieldInfo | None) -> frozenset[type]:
    """The types of a column without values, from its field's declaration and example; without a field it is ``simulated``."""
    if field is None:
        return frozenset({bool})
    if get_origin(field.annotation) in (list, dict):  # several values are a text in a cell
        return frozenset({str})
    kinds = {kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)} - {type(None)}
    examples = {type(_typed(shown)) for shown in field.examples or () if isinstance(shown, str)}
    return frozenset(examples if kinds == {str} and examples else kinds)


def _fields(shape: type[Shape], path: tuple[str, ...]) -> Iterator[tuple[str, FieldInfo]]:
    """Every column of a table of ``shape``, with the field that it comes from."""
    for name, field in shape.model_fields.items():
        inner = _inner(field.annotation)
        if isinstance(inner, type):
            yield from _fields(inner, ())
        elif inner is None:
            yield name, field
    if path:
        yield from _fields(get_args(_listed(shape, path[0]))[0], path[1:])


def _typed(value: Any) -> Any:
    """A text that is a day or a moment as what it is."""
    if isinstance(value, str) and DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    if isinstance(value, str) and MOMENT.fullmatch(value):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    return value


def _names(shape: type[Shape]) -> list[str]:
    names: dict[str, None] = {}
    for name in ROWS[shape]:
        names |= dict.fromkeys(_columns(shape))
        shape = get_args(_listed(shape, name))[0]
    return list(names | dict.fromkeys([*_columns(shape), "simulated"]))


def _listed(shape: type[Shape], name: str) -> Any:
    """The type of the list ``name`` of ``shape``, which may be missing."""
    kind = shape.model_fields[name].annotation
    return kind if get_origin(kind) is list else next(part for part in get_args(kind) if get_origin(part) is list)


def _rows(shape: Shape, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    about = _values(shape)
    if not path:
        yield about
        return
    for item in getattr(shape, path[0]) or ():
        for row in _rows(item, path[1:]):
            yield about | row


def _columns(shape: type[Shape]) -> Iterator[str]:
    """The columns of ``shape`` and of the shapes in it, without its lists, which are tables of their own."""
    for name, field in shape.model_fields.items():
        inner = _inner(field.annotation)
        if isinstance(inner, type):
            yield from _columns(inner)
        elif inner is None:
            yield name


def _values(shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in type(shape).model_fields.items():
        inner, value = _inner(field.annotation), getattr(shape, name)
        if isinstance(inner, type):
            found |= dict.fromkeys(_columns(inner)) if value is None else _values(value)
        elif inner is None:
            found[name] = _cell(value)
    return found


def _cell(value: Any) -> Any:
    """A value as a cell: several values joined by spaces, named ones as JSON."""
    if isinstance(value, dict):
        return json.dumps(value)
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _inner(kind: Any) -> type[Shape] | Literal["listed"] | None:
    """The shape in a field; ``listed`` if it lists shapes, None if it holds plain values."""
    parts = (kind, *get_args(kind))
    shapes = [part for part in parts if isinstance(part, type) and issubclass(part, Shape)]
    if shapes:
        return "listed" if get_origin(kind) is list else shapes[0]
    lists = [part for part in parts[1:] if get_origin(part) is list]
    return _inner(lists[0]) if lists else None


def _range(part: str) -> tuple[str, float]:
    """A media range without its parameters, and its quality; 0 if that is not a number."""
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 0.0
