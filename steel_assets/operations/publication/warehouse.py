"""Reads warehouse tables for a publication: small ones completely and once, growing ones only their newest rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from steel_assets.adapters.warehouse.warehouse import Since, Warehouse, WarehouseBusy
from steel_assets.core.table_schema import Table


class Tables:
    """A cache in front of the warehouse. If it is busy, later parts do not ask again.

    Attributes:
        latest: the part ``latest`` of this reading; None until it was read, or if it could not be.
    """

    def __init__(self, warehouse: Warehouse, moment: float = math.inf, in_force: Mapping[str, Any] | None = None) -> None:
        """A cache for one publication.

        Args:
            moment: of this reading, Unix seconds; rows published later are rejected.
            in_force: the part ``latest`` of the publication before.
        """
        self.moment = moment
        self.in_force = in_force or {}
        self.latest: Mapping[str, Any] | None = None
        self._warehouse = warehouse
        self._read: dict[str, pd.DataFrame] = {}
        self._busy: WarehouseBusy | None = None

    def rows(self, table: Table) -> pd.DataFrame:
        """The whole table.

        Raises:
            WarehouseError: it cannot be read.
        """
        if table.name not in self._read:
            self._read[table.name] = self._asked(table, {})
        return self._read[table.name]

    def newest(
        self, table: Table, column: str, days: int, markets: Iterable[str], enough: Callable[[pd.DataFrame], bool]
    ) -> pd.DataFrame:
        """The rows of ``table`` whose ``column`` (a date) is in the last ``days``.

        Of those ``markets`` for which that is not ``enough``, all rows.

        Raises:
            WarehouseError: it cannot be read.
        """
        if not math.isfinite(self.moment):
            return self.rows(table)
        since = pd.Timestamp(self.moment, unit="s").normalize() - pd.Timedelta(days=days)
        recent = self._asked(table, {column: Since(since)})
        short = [market for market in markets if not enough(recent[recent["market"] == market])]
        if not short:
            return recent
        rest = self._asked(table, {"market": short})
        return pd.concat([recent[~recent["market"].isin(short)], rest]).sort_values(list(table.key), ignore_index=True)

    def where(self, table: Table, where: Mapping[str, Any]) -> pd.DataFrame:
        """The rows of ``table`` selected by ``where``, as in ``Warehouse.read``.

        Raises:
            WarehouseError: it cannot be read.
        """
        return self._asked(table, where)

    def _asked(self, table: Table, where: Mapping[str, Any]) -> pd.DataFrame:
        if self._busy is not None:
            raise self._busy
        try:
            return self._warehouse.read(table, where)
        except WarehouseBusy as error:
            self._busy = error
            raise


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON values: dates and times in ISO 8601, values that are not finite as null."""
    plain = frame.copy()
    for name in plain.columns:
        if isinstance(plain[name].dtype, pd.DatetimeTZDtype):
            plain[name] = plain[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        elif pd.api.types.is_datetime64_any_dtype(plain[name]):
            plain[name] = plain[name].dt.strftime("%Y-%m-%d")
    plain = plain.astype(object).where(plain.notna(), None)
    return [dict(row) for row in plain.replace([float("inf"), float("-inf")], None).to_dict("records")]
