"""Options for reading a file, with the names of ``steel import``'s options and of a mapping's keys."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from steel_assets.core.types import Declaration, Identifier


class FileMapping(Declaration):
    """How a file is read, and which series it fills. Options left out are determined from the file, or asked for.

    Which series: ``series`` names one; ``columns`` names one for each column of values (``{M01: lme_rebar_m01}``);
    ``series_column`` names a column that distinguishes the products of a long file, and ``series`` then names the series of each
    of its values (``{rebar: lme_rebar_m01}``).
    """

    series: Identifier | dict[str, Identifier] | None = None
    columns: dict[str, Identifier] = Field(default_factory=dict)
    series_column: str | None = None

    sheet: str | None = None
    header_row: int | None = Field(default=None, ge=0)
    """As the file's program counts rows, from 1; 0 where no row has names, and columns go by ``column 1``, ``column 2``, …."""

    encoding: str | None = None
    date_column: tuple[str, ...] = ()
    """One column, or the parts of a date in the order year, month, day."""

    date_format: str | None = None
    """``strptime`` codes, or ``excel``, ``excel-1904``, ``unix``, ``unix-ms`` for numbers."""

    day_first: bool = False
    month_first: bool = False
    value_column: str | None = None
    decimal: Literal[".", ","] | None = None
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    where: dict[str, str] = Field(default_factory=dict)
    """Only rows that have this value in this column."""

    @field_validator("date_column", mode="before")
    @classmethod
    def _one_column(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else () if value is None else value

    @field_validator("where", "columns", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        """Convert numbers to text, because YAML reads 2024 and 01 as numbers, and cells are compared as text."""
        return {str(key): str(entry) for key, entry in value.items()} if isinstance(value, dict) else value

    @field_validator("series", mode="before")
    @classmethod
    def _text_keys(cls, value: object) -> object:
        return {str(key): entry for key, entry in value.items()} if isinstance(value, dict) else value

    @field_validator("decimal", mode="before")
    @classmethod
    def _words_of_marks(cls, value: object) -> object:
        """Accept names of decimal marks, because a comma needs quotes in YAML."""
        return {"comma": ",", "point": ".", "dot": "."}.get(value, value) if isinstance(value, str) else value

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                "".encode(name)
            except (LookupError, ValueError) as error:
                raise ValueError(f"there is no encoding {name!r}; write for example utf-8, windows-1252 or gb18030") from error
        return name

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.day_first and self.month_first:
            raise ValueError("day_first and month_first exclude each other")
        if self.columns and (self.series is not None or self.series_column or self.value_column):
            raise ValueError("columns names the series of each column; leave out series, series_column and value_column")
        if self.series_column and not isinstance(self.series, dict):
            raise ValueError("series_column needs series: with the series of each value, for example {rebar: lme_rebar_m01}")
        if isinstance(self.series, dict) and not self.series_column:
            raise ValueError("series with several entries needs series_column: the column that tells them apart")
        if len(self.date_column) > 3:
            raise ValueError("date_column takes at most three columns: year, month, day")
        ids = self.series_ids
        if len(set(ids)) != len(ids):
            raise ValueError("a series is named twice")
        return self

    @property
    def series_ids(self) -> tuple[str, ...]:
        """The series that the file fills, in the order they are named; empty where none is."""
        if self.columns:
            return tuple(self.columns.values())
        if isinstance(self.series, dict):
            return tuple(self.series.values())
        return () if self.series is None else (self.series,)
