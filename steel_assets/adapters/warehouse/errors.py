"""The errors of warehouses; implementations raise no others."""

from __future__ import annotations

from steel_assets.core.problem import Problem


class WarehouseError(Problem):
    """The warehouse failed; the message names the file or table and the remedy. Nothing was written.

    Attributes:
        trouble: the kind of error, for example ``permission``, ``quota``, ``location`` or ``schema``.
    """

    def __init__(self, message: str, trouble: str = "refused") -> None:
        super().__init__(message)
        self.trouble = trouble


class WarehouseBusy(WarehouseError):
    """Another process held the warehouse for longer than we wait."""
