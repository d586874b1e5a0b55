"""What the platform is estimated to cost: measured use times the prices of the catalogue. An estimate, not a bill.

A day's estimate, which the alerts watch, takes no free tier off: those are a month's, and of a whole billing account. What a
month is expected to cost line by line, with them, is in ``month_costs``; both multiply in ``charged_usd``.

cost of a day = compute seconds / 3600 × vCPUs × price per vCPU-hour
              + bytes stored / 2³⁰ × price per GiB-month / 30.4375
              + bytes billed for queries / 2⁴⁰ × price per TiB
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_MONTH = 365.25 / 12


def charged_usd(quantity: float, usd: float, per: float = 1.0, free: float = 0.0) -> float:
    """The cost of ``quantity`` at ``usd`` per ``per`` units, the first ``free`` of it not charged."""
    return max(0.0, quantity - free) / per * usd


def day_cost_usd(
    compute_seconds: float,
    stored_bytes: float,
    *,
    compute_usd_per_vcpu_hour: float,
    storage_usd_per_gib_month: float,
    vcpus: float = 1.0,
    queried_bytes: float = 0.0,
    query_usd_per_tib: float = 0.0,
) -> float:
    """Estimated cost of one day.

    Args:
        compute_seconds: measured run time of that day's work.
        stored_bytes: what lake, warehouse and models hold that day.
        vcpus: processors that the work kept busy.
        queried_bytes: what a warehouse that bills its queries billed that day.

    Raises:
        ValueError: a measure or price is negative or not a number.
    """
    given = {
        "compute_seconds": compute_seconds,
        "stored_bytes": stored_bytes,
        "compute_usd_per_vcpu_hour": compute_usd_per_vcpu_hour,
        "storage_usd_per_gib_month": storage_usd_per_gib_month,
        "vcpus": vcpus,
        "queried_bytes": queried_bytes,
        "query_usd_per_tib": query_usd_per_tib,
    }
    wrong = [f"{name} = {value}" for name, value in given.items() if not (math.isfinite(value) and value >= 0)]
    if wrong:
        raise ValueError(f"a cost needs finite figures that are not negative, got {', '.join(wrong)}")
    compute = charged_usd(compute_seconds * vcpus, compute_usd_per_vcpu_hour, per=3600)
    storage = charged_usd(stored_bytes, storage_usd_per_gib_month, per=2**30 * DAYS_PER_MONTH)
    return compute + storage + charged_usd(queried_bytes, query_usd_per_tib, per=2**40)


def cost_per_prediction_usd(cost_usd: float, predictions: int) -> float | None:
    """Cost of one published forecast; None if there was none."""
    return cost_usd / predictions if predictions > 0 else None


def month_projection_usd(daily_costs: pd.Series) -> float | None:
    """The cost of a whole month at the mean daily cost of ``daily_costs``; None without a day.

    Args:
        daily_costs: cost of each day; days without a value are left out, not counted as zero.
    """
    known = daily_costs.dropna()
    return float(known.mean()) * DAYS_PER_MONTH if len(known) else None
