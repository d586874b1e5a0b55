"""What every asset declares in the same way: its key, group, owners, tags and kinds, and the days that are partitions."""

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
    """What the definitions are built from: what exists, and what the settings say of this installation.

    Attributes:
        simulated: whether its prices come from the sandbox; every asset and every run is tagged with it.
        warehouse_kind: ``duckdb`` or ``bigquery``, the kind of assets that write a table.
        mails: whether the morning mail is sent from here.
        traced: whether runs are sent as traces to a collector.
        first_day: the first partition of the assets by day; the catalogue's (schedules.first_day) when None.
    """

    catalog: Catalog
    simulated: bool
    warehouse_kind: str
    mails: bool = False
    traced: bool = False
    first_day: date | None = None

    @property
    def nature(self) -> str:
        """``simulated`` or ``live``."""
        return "simulated" if self.simulated else "live"

    @property
    def days(self) -> dg.DailyPartitionsDefinition:
        """The days on which forecasts are issued, on the installation's calendar; the newest is today."""
        schedules = self.catalog.rules.schedules
        first = self.first_day or schedules.first_day
        return dg.DailyPartitionsDefinition(f"{first:%Y-%m-%d}", timezone=schedules.zone, end_offset=1)

    def reaching(self, moment: pd.Timestamp) -> "Installation":
        """The same, its days beginning early enough for a run at ``moment`` (UTC): a demo or a test may live long ago."""
        schedules = self.catalog.rules.schedules
        day = local_day(moment, schedules.tzinfo).date()
        return replace(self, first_day=min(day, self.first_day or schedules.first_day))

    def stage(self, group: str, *kinds: str, owner: str = DATA_TEAM, market: Market | None = None) -> dict[str, Any]:
        """Arguments that the assets of one stage share."""
        named = {self.warehouse_kind if kind == "duckdb" else kind for kind in kinds}
        tags = {"steel/data": self.nature, "steel/stage": group} | ({MARKET_TAG: market.id} if market else {})
        return {"group_name": group, "kinds": {"python", *named}, "owners": [owner], "tags": tags}


def key_of(market: str, name: str) -> dg.AssetKey:
    """The key of a market's own asset, such as ``rebar_fob_turkey/forecasts``."""
    return dg.AssetKey([market, name])


def step_name(market: str, name: str) -> str:
    """The name of the step that makes it; Dagster's own name of a step that makes one asset."""
    return f"{market}__{name}"
