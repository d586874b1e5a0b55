"""The result of the newest run that looked for a market's prices, with its history in the lake: ``looked.json``.

It includes the days on which the market's exchange is closed, so that the age of a price can be computed without the calendar
library.
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
    """The result of one run for a market.

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
        """The result with days instead of text.

        Raises:
            ValueError: a text is not a day.
        """
        return LookedUp(date.fromisoformat(self.newest), date.fromisoformat(self.until))


def write_lookup(store: ObjectStore, market: str, lookup: PriceLookup) -> None:
    """Store ``lookup`` as the newest of ``market``."""
    store.put(_key(market), json.dumps(asdict(lookup)).encode())


def read_lookup(store: ObjectStore, market: str) -> PriceLookup | None:
    """The newest result for ``market``; None if none can be read.

    That is so before the first run, with data of an older release, and if the file is damaged; the next ``market_daily`` writes
    it again.
    """
    return read_kept(store, _key(market), _lookup)


def _lookup(content: dict[str, Any]) -> PriceLookup:
    """The stored result.

    Raises:
        KeyError, TypeError, ValueError: it has another form.
    """
    days = {name: [f"{date.fromisoformat(day)}" for day in content[name]] for name in ("closed", "extra")}
    newest, until = (f"{date.fromisoformat(content[name])}" for name in ("newest", "until"))
    if not isinstance(content["calendar"], str):
        raise TypeError("its calendar has no name")
    return PriceLookup(content["calendar"], days["closed"], days["extra"], newest, until)


def _key(market: str) -> str:
    return f"processed-data/daily/history/{market}/looked.json"
