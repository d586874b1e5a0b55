"""Reads from the lake what the prediction service measured of itself."""

from datetime import datetime, timedelta

from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.core.service_use import FOLDER, Minute, parse


def service_minutes(store: ObjectStore, since: datetime, until: datetime) -> list[Minute]:
    """The minutes of every process of the service that began after ``since`` and not after ``until`` (UTC)."""
    days = [since.date() + timedelta(days=count) for count in range((until.date() - since.date()).days + 1)]
    keys = [key for day in days for key in store.list(f"{FOLDER}/{day:%Y-%m-%d}/")]
    found = [minute for key in keys for minute in parse(store.get(key))]
    return [minute for minute in found if since < datetime.fromisoformat(minute.minute) <= until]
