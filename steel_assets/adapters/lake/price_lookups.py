"""What the newest run that looked for a market's prices found, beside the market's history in the lake: ``looked.json``.

With it are the days on which the market's exchange is shut, so that whoever tells the age of a price needs no calendar library.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.core.price_age import LookedUp


@dataclass(frozen=True)
class PriceLookup:
    """One look at a market.

    Attributes:
        calendar: name of its calendar.
        closed, extra: weekdays without a session and weekend days with one.
        newest, until: as in ``LookedUp``.
    """

    calendar: str
    closed: Sequence[str]
    extra: Sequence[str]
    newest: str
    until: str

    @property
    def looked_up(self) -> LookedUp:
        """What it says, with days instead of text. Raises ValueError where one is no day."""
        return LookedUp(date.fromisoformat(self.newest), date.fromisoformat(self.until))


def write_lookup(store: ObjectStore, market: str, lookup: PriceLookup) -> None:
    """Keep ``lookup`` as the newest one of ``market``."""
    store.put(_key(market), json.dumps(asdict(lookup)).encode())


def read_lookup(store: ObjectStore, market: str) -> PriceLookup | None:
    """The newest look at ``market``; None where there is none that can be read.

    None was kept, an older version of the platform looked, or what was kept was damaged: the next ``market_daily`` writes it
    again.
    """
    return read_kept(store, _key(market), _lookup)


def _lookup(content: dict[str, Any]) -> PriceLookup:
    """What is kept of a look. Raises KeyError, TypeError, ValueError for anything else."""
    days = {name: [f"{date.fromisoformat(day)}" for day in content[name]] for name in ("closed", "extra")}
    newest, until = (f"{date.fromisoformat(content[name])}" for name in ("newest", "until"))
    if not isinstance(content["calendar"], str):
        raise TypeError("its calendar has no name")
    return PriceLookup(content["calendar"], days["closed"], days["extra"], newest, until)


def _key(market: str) -> str:
    return f"processed-data/daily/history/{market}/looked.json"
