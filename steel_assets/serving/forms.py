"""The same answer as JSON or as CSV: which of the two is asked for, and how an answer becomes a table. Knows no route.

A table has a row for each thing that the answer lists and, before its own columns, what the answer says of all of them: a row
alone still says its market, its unit and whether it is simulated. Columns follow from the shapes, so they are the same when
nothing is listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import quote

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator
from starlette.responses import Response

from steel_assets.core.csv_text import csv_text
from steel_assets.serving import schemas
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.schemas import refusals, shown
from steel_assets.serving.shape import Shape

JSON, CSV = "application/json", "text/csv"
COMMAND = "workbooks and Parquet are written by the command line: steel export forecasts --output forecasts.xlsx"

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
    schemas.MetricsDaily: ("metrics",),
    schemas.Alerts: ("alerts",),
}
"""Shape → the list in it that is the table, and the list in each of that one's rows where those are the rows."""


def _named(value: Any) -> str:
    text = str(value).lower()
    if text not in ("json", "csv"):
        raise ValueError(f"write json or csv; {COMMAND}")
    return text


Format = Annotated[Literal["json", "csv"], BeforeValidator(_named)]


@dataclass(frozen=True)
class Form:
    """How one request wants its answer.

    Attributes:
        kind: json or csv.
        file: what a browser calls the table when it saves it, without its ending.
    """

    kind: Literal["json", "csv"]
    file: str

    def body(self, answer: Shape, *, simulated: bool) -> bytes:
        """``answer`` as it is wanted. ``simulated`` is said in every row of a table whose shape does not say it."""
        return answer.to_json() if self.kind == "json" else table(answer, simulated=simulated)

    def response(self, body: bytes, *, simulated: bool) -> Response:
        """The response with ``body``, made by ``body``."""
        headers = {"vary": "Accept"}
        if self.kind == "json":
            return Response(body, headers=headers, media_type=JSON)
        headers |= {"content-disposition": f'attachment; filename="{self.file}.csv"', "x-simulated": str(simulated).lower()}
        return Response(body, headers=headers, media_type=f"{CSV}; charset=utf-8; header=present")


async def wanted(
    request: Request,
    format: Annotated[
        Format | None, Query(description="json or csv; default: what the header Accept prefers, else json", examples=["csv"])
    ] = None,
) -> Form:
    """The form that the parameter names, else the header. Raises RequestRefused (406)."""
    kind = format or accepted(",".join(request.headers.getlist("accept")))
    if kind is None:
        raise RequestRefused(406, f"this is answered as {JSON} or {CSV}: send Accept: {CSV}, or ?format=csv; {COMMAND}")
    return Form(kind, quote(request.url.path.removeprefix("/v1/").replace("/", "-"), safe=""))


Wanted = Annotated[Form, Depends(wanted)]


def accepted(header: str) -> Literal["json", "csv"] | None:
    """Which of the two a header ``Accept`` prefers (RFC 9110, 12.5.1), JSON where it likes both alike; None: it takes neither."""
    ranges = dict(_range(part) for part in header.split(",") if part.strip())
    if not ranges:
        return "json"
    as_json, as_csv = (
        next((ranges[name] for name in (kind, f"{kind.partition('/')[0]}/*", "*/*") if name in ranges), 0.0)
        for kind in (JSON, CSV)
    )
    return None if max(as_json, as_csv) <= 0 else "json" if as_json >= as_csv else "csv"


def tabled(shape: type[Shape]) -> dict[int | str, dict[str, Any]]:
    """How an answer of this shape is documented that may be a table, with the refusal of any other form."""
    documented = shown(shape)
    documented[200]["content"][CSV] = {"schema": {"type": "string"}, "example": f"{','.join(_names(shape))}\r\n"}
    return documented | refusals(406)


def table(answer: Shape, *, simulated: bool) -> bytes:
    """``answer`` as CSV in UTF-8."""
    names = _names(type(answer))
    rows = list(_rows(answer, ROWS[type(answer)]))
    for row in rows:
        row["simulated"] = simulated if row.get("simulated") is None else row["simulated"]
    return csv_text(names, ([row[name] for name in names] for row in rows)).encode()


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


def _rows(answer: Shape, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    about = _values(answer)
    if not path:
        yield about
        return
    for item in getattr(answer, path[0]) or ():
        for row in _rows(item, path[1:]):
            yield about | row


def _columns(shape: type[Shape]) -> Iterator[str]:
    """The names of what ``shape`` says by itself, and of the shapes in it; what it lists is a table of its own."""
    for name, field in shape.model_fields.items():
        inner = _inner(field.annotation)
        if isinstance(inner, type):
            yield from _columns(inner)
        elif inner is None:
            yield name


def _values(answer: Shape) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in type(answer).model_fields.items():
        inner, value = _inner(field.annotation), getattr(answer, name)
        if isinstance(inner, type):
            found |= dict.fromkeys(_columns(inner)) if value is None else _values(value)
        elif inner is None:
            found[name] = _cell(value)
    return found


def _cell(value: Any) -> Any:
    """A value as a cell holds it: several values with spaces between them, named ones as JSON."""
    if isinstance(value, dict):
        return json.dumps(value)
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _inner(kind: Any) -> type[Shape] | Literal["listed"] | None:
    """The shape that a field holds; ``listed`` where it lists shapes, None where it holds a plain value or several."""
    parts = (kind, *get_args(kind))
    shapes = [part for part in parts if isinstance(part, type) and issubclass(part, Shape)]
    if shapes:
        return "listed" if get_origin(kind) is list else shapes[0]
    lists = [part for part in parts[1:] if get_origin(part) is list]
    return _inner(lists[0]) if lists else None


def _range(part: str) -> tuple[str, float]:
    """A media range without its parameters, and how much it is wanted; not at all where that is no number."""
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 0.0
