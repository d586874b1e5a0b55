"""The price list and the usage of each installation profile: ``prices.yaml`` and ``profiles.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pydantic import model_validator

from steel_assets.core.month_costs import MonthUsage, Price
from steel_assets.core.types import Declaration

NEEDED = ("job_cpu", "job_memory", "storage", "warehouse_scans")


class Prices(Declaration):
    """List prices of one region on one day, in USD."""

    as_of: date
    place: str
    items: Mapping[str, Price]

    @model_validator(mode="after")
    def _has_what_a_day_costs(self) -> Prices:
        missing = [name for name in NEEDED if name not in self.items]
        if missing:
            raise ValueError(f"items lacks {', '.join(missing)}, of which the daily estimate is made")
        return self

    def of_a_day(self, use: MonthUsage) -> dict[str, float]:
        """The prices of ``rules.Costs``, from which each day's cost is estimated; memory is that of a job, per processor."""
        memory = use.job_memory_gib / use.job_vcpus * self.items["job_memory"].usd
        return {
            "compute_usd_per_vcpu_hour": round(3600 * (self.items["job_cpu"].usd + memory), 9),
            "storage_usd_per_gib_month": self.items["storage"].usd,
            "query_usd_per_tib": self.items["warehouse_scans"].usd,
        }


class Profiles(Declaration):
    """The monthly usage of each profile.

    Attributes:
        basis: where the figures come from.
        day: the profile from which a day's cost is estimated.
    """

    basis: str
    day: str
    profiles: Mapping[str, MonthUsage]

    @model_validator(mode="after")
    def _day_is_one(self) -> Profiles:
        if self.day not in self.profiles:
            raise ValueError(f"day: {self.day!r} is not one of {', '.join(self.profiles)}")
        return self
