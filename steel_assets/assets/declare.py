"""What all assets declare alike: key, group, owners, tags and kinds, and days as partitions."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import dagster as dg
import pandas as pd

from steel_assets.catalog import Catalog
from steel_assets.core.calendars import local_day
from steel_assets.core.types import Market

DATA_TEAM = "team:data-engineering"
MODEL_TEAM = "team:forecasting"
MARKET_TAG = "steel/market"
"""Of an asset of one market: its id."""


@dataclass(frozen=True)
class Installation:
    """What the definitions are built from: the catalogue and the settings of this installation.

    Attributes:
        simulated: whether prices come from the sandbox; every asset and every run is tagged with it.
        warehouse_kind: ``duckdb`` or ``bigquery``, the kind shown on assets that write a table.
        mails: whether this installation sends the morning mail.
        traced: whether runs are sent as traces to a collector.
        first_day: the first partition of assets by day; None for the catalogue's ``schedules.first_day``.
    """

    catalog: Catalog
    simulated: bool
    warehouse_kind: str
    mails: bool = False
    traced: bool = False
    first_day: date | None = None

    @property
    def nature(self) -> str:
        """The tag's value: ``simulated`` or ``live``."""
        return "simulated" if self.simulated else "live"

    @property
    def days(self) -> dg.DailyPartitionsDefinition:
        """The daily partitions: days of issue in the installation's time zone; the newest is today."""
        schedules = self.catalog.rules.schedules
        first = self.first_day or schedules.first_day
        return dg.DailyPartitionsDefinition(f"{first:%Y-%m-%d}", timezone=schedules.zone, end_offset=1)

    def reaching(self, moment: pd.Timestamp) -> "Installation":
        """This installation with partitions that begin before ``moment`` (UTC), for demos and tests in the past."""
        schedules = self.catalog.rules.schedules
        day = local_day(moment, schedules.tzinfo).date()
        return replace(self, first_day=min(day, self.first_day or schedules.first_day))

    def stage(self, group: str, *kinds: str, owner: str = DATA_TEAM, market: Market | None = None) -> dict[str, Any]:
        """Arguments that all assets of one stage are declared with."""
        named = {self.warehouse_kind if kind == "duckdb" else kind for kind in kinds}
        tags = {"steel/data": self.nature, "steel/stage": group} | ({MARKET_TAG: market.id} if market else {})
        return {"group_name": group, "kinds": {"python", *named}, "owners": [owner], "tags": tags}


def key_of(market: str, name: str) -> dg.AssetKey:
    """The key of a market's own asset, such as ``rebar_fob_turkey/forecasts``."""
    return dg.AssetKey([market, name])


def step_name(market: str, name: str) -> str:
    """The name of the step that makes that asset; it is the name Dagster gives to a step of one asset."""
    return f"{market}__{name}"
