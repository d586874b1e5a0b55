"""What the platform is estimated to cost: measured use times the prices of the catalogue. An estimate, not a bill.

cost of a day = compute seconds / 3600 × vCPUs × price per vCPU-hour
              + bytes stored / 2³⁰ × price per GiB-month / 30.4375
              + bytes billed for queries / 2⁴⁰ × price per TiB
"""

from __future__ import annotations

import math

import pandas as pd

DAYS_PER_MONTH = 365.25 / 12


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
    compute = compute_seconds / 3600 * vcpus * compute_usd_per_vcpu_hour
    storage = stored_bytes / 2**30 * storage_usd_per_gib_month / DAYS_PER_MONTH
    return compute + storage + queried_bytes / 2**40 * query_usd_per_tib


def cost_per_prediction_usd(cost_usd: float, predictions: int) -> float | None:
    """Cost of one published forecast; None when there was none to carry it."""
    return cost_usd / predictions if predictions > 0 else None


def month_projection_usd(daily_costs: pd.Series) -> float | None:
    """What a whole month costs if it goes on like the days in ``daily_costs``; None without a day.

    Args:
        daily_costs: cost of each day; days without a figure are left out, never counted as free.
    """
    known = daily_costs.dropna()
    return float(known.mean()) * DAYS_PER_MONTH if len(known) else None
