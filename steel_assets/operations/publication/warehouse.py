"""The warehouse's tables, each read at most once per publication."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from steel_assets.adapters.warehouse import Warehouse, WarehouseBusy
from steel_assets.core.tables import Table


class Tables:
    """Reads through to the warehouse. One that is busy is not asked again by the parts that follow."""

    def __init__(self, warehouse: Warehouse, moment: float = math.inf, in_force: Mapping[str, Any] | None = None) -> None:
        """
        Args:
            moment: of this reading, Unix seconds; nothing published can be of later.
            in_force: the part ``latest`` of the publication before.
        """
        self.moment = moment
        self.in_force = in_force or {}
        self._warehouse = warehouse
        self._read: dict[str, pd.DataFrame] = {}
        self._busy: WarehouseBusy | None = None

    def rows(self, table: Table) -> pd.DataFrame:
        """The whole table. Raises WarehouseError."""
        if self._busy is not None:
            raise self._busy
        if table.name not in self._read:
            try:
                self._read[table.name] = self._warehouse.read(table)
            except WarehouseBusy as error:
                self._busy = error
                raise
        return self._read[table.name]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain JSON values: dates and moments in ISO 8601, what is not a figure as null."""
    plain = frame.copy()
    for name in plain.columns:
        if isinstance(plain[name].dtype, pd.DatetimeTZDtype):
            plain[name] = plain[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        elif pd.api.types.is_datetime64_any_dtype(plain[name]):
            plain[name] = plain[name].dt.strftime("%Y-%m-%d")
    plain = plain.astype(object).where(plain.notna(), None)
    return [dict(row) for row in plain.replace([float("inf"), float("-inf")], None).to_dict("records")]
