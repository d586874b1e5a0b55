"""The parts of the platform that a publication reads."""

from __future__ import annotations

from typing import Protocol

from steel_assets.adapters.lake.import_ledger import ImportLedger
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.publications import Publications
from steel_assets.adapters.models.store import ModelStore
from steel_assets.adapters.warehouse.warehouse import Warehouse
from steel_assets.catalog import Catalog
from steel_assets.providers import Providers


class Inputs(Protocol):
    """Everything that a publication of all markets reads."""

    @property
    def catalog(self) -> Catalog: ...

    @property
    def lake(self) -> Lake: ...

    @property
    def imports(self) -> ImportLedger: ...

    @property
    def warehouse(self) -> Warehouse: ...

    @property
    def models(self) -> ModelStore: ...

    @property
    def published(self) -> Publications: ...

    @property
    def providers(self) -> Providers: ...
