"""Estimated cost of a month on Google Cloud, line by line: usage times list prices, with free tiers shown separately.

The formulas for quantities are here; usage figures and prices are in the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import Field

from steel_assets.core.costs import DAYS_PER_MONTH, charged_usd
from steel_assets.core.types import Declaration

SECONDS_BETWEEN_LOOKS = 2
LOOKS = 2
"""Number of objects whose version the service requests at each refresh: the published pointer and the alert state."""

EVALUATIONS_A_MONTH = 2 * 60 * 24 * DAYS_PER_MONTH
"""An alert condition is evaluated every 30 seconds."""


class Price(Declaration):
    """``usd`` per ``per`` units; ``free`` units a month are not charged."""

    name: str
    usd: float = Field(ge=0, allow_inf_nan=False)
    per: float = Field(gt=0, allow_inf_nan=False)
    unit: str
    free: float = Field(ge=0, allow_inf_nan=False)


class JobUse(Declaration):
    """One job: runs a month, longest duration, and requests to Cloud Storage per run."""

    runs: float = Field(ge=0)
    minutes: float = Field(gt=0)
    class_a: int = Field(ge=0)
    class_b: int = Field(ge=0)
    scanned_gib: float = Field(ge=0)


class MonthUsage(Declaration):
    """What an installation uses in a month.

    Attributes:
        jobs: by name.
        job_vcpus, job_memory_gib: of one execution.
        requests: to the service; each occupies an instance for ``request_seconds``.
        up_hours_a_day: hours in which an instance of the service exists and refreshes.
        answer_kib: mean size of an answer.
        lake_gib, warehouse_gib, images_gib: sizes stored.
        secrets, schedules, alert_conditions: numbers of each.
        always_on: items of the price list that run all month.
    """

    jobs: Mapping[str, JobUse]
    job_vcpus: float = Field(gt=0)
    job_memory_gib: float = Field(gt=0)
    requests: float = Field(ge=0)
    request_seconds: float = Field(gt=0)
    service_vcpus: float = Field(gt=0)
    service_memory_gib: float = Field(gt=0)
    up_hours_a_day: float = Field(ge=0, le=24)
    answer_kib: float = Field(ge=0)
    lake_gib: float = Field(ge=0)
    warehouse_gib: float = Field(ge=0)
    images_gib: float = Field(ge=0)
    secrets: int = Field(ge=0)
    logs_gib: float = Field(ge=0)
    schedules: int = Field(ge=0)
    alert_conditions: int = Field(ge=0)
    always_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class CostLine:
    """One line of the month's costs.

    Attributes:
        item: of the price list.
        quantity: in the price's unit.
        list_usd: without the free tier.
        usd: with it.
        because: how the quantity is computed.
    """

    item: str
    price: Price
    quantity: float
    because: str

    @property
    def list_usd(self) -> float:
        """The cost in USD without the free tier."""
        return charged_usd(self.quantity, self.price.usd, self.price.per)

    @property
    def usd(self) -> float:
        """The cost in USD after the free tier."""
        return charged_usd(self.quantity, self.price.usd, self.price.per, self.price.free)


def month(use: MonthUsage, prices: Mapping[str, Price]) -> list[CostLine]:
    """Every line of a month, in the order of the price list; unused items are left out."""
    found = {item: (quantity, because) for item, quantity, because in _quantities(use)}
    return [CostLine(item, price, *found[item]) for item, price in prices.items() if item in found and found[item][0] > 0]


def _quantities(use: MonthUsage) -> Iterator[tuple[str, float, str]]:
    seconds = sum(job.runs * job.minutes * 60 for job in use.jobs.values())
    counted = ", ".join(f"{name} {job.runs:g} × {job.minutes:g} min" for name, job in use.jobs.items())
    yield "job_cpu", seconds * use.job_vcpus, f"{counted}; {use.job_vcpus:g} vCPU"
    yield "job_memory", seconds * use.job_memory_gib, f"the same; {use.job_memory_gib:g} GiB"
    busy = use.requests * use.request_seconds
    yield (
        "service_cpu",
        busy * use.service_vcpus,
        f"{use.requests:,.0f} questions × {use.request_seconds:g} s, throttled between them",
    )
    yield "service_memory", busy * use.service_memory_gib, f"the same; {use.service_memory_gib:g} GiB"
    yield "service_requests", use.requests, "questions to the service"
    yield "storage", use.lake_gib, "lake with former versions"
    up = use.up_hours_a_day * 3600 * DAYS_PER_MONTH
    written = sum(job.runs * job.class_a for job in use.jobs.values())
    reason = f"jobs {written:,.0f}, and a measurement each minute of {use.up_hours_a_day:g} h a day"
    yield "storage_class_a", written + up / 60, reason
    read = sum(job.runs * job.class_b for job in use.jobs.values())
    looked_up = up / SECONDS_BETWEEN_LOOKS * LOOKS
    yield (
        "storage_class_b",
        read + looked_up,
        f"jobs {read:,.0f}, looks of the service {looked_up:,.0f} in {use.up_hours_a_day:g} h a day",
    )
    yield "warehouse_storage", use.warehouse_gib, "the platform's tables"
    scanned = sum(job.runs * job.scanned_gib for job in use.jobs.values())
    yield "warehouse_scans", scanned / 1024, "10 MiB at least for each table that a query reads"
    yield "images", use.images_gib, "two versions of two images"
    yield "secret_versions", use.secrets, "one version each"
    yield "secret_accesses", sum(job.runs for job in use.jobs.values()) * use.secrets, "once per process"
    yield "schedules", use.schedules, "the mission's three jobs"
    yield "logs", use.logs_gib, "what jobs and service write"
    yield "alert_conditions", use.alert_conditions, "deploy/google-cloud/monitoring.tf"
    yield "alert_series", use.alert_conditions * EVALUATIONS_A_MONTH, "one series each, every 30 s"
    yield "egress", use.requests * use.answer_kib / 2**20, f"{use.answer_kib:g} KiB an answer"
    for item in use.always_on:
        yield item, 1, "runs all month"
