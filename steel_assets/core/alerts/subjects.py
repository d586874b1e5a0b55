"""Parses the subjects of alerts into markets, series and providers.

A subject is a line for people and an identifier for programs: ``raw/yahoo_finance/steel_futures: collected``,
``hrc_us_midwest/forecasts: recent_price``, ``forecasts: recent_price [hrc_us_midwest]``, ``hrc_us_midwest``, ``mape of
hrc_us_midwest``, ``Nucor (share_nucor, alpha_vantage)``. This module does not use any rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from steel_assets.core.types import Declaration, Market, Series

RAW = "raw"
COLLECT = "collect_"
ASSET = re.compile(r"(?P<asset>[\w/-]+)(?:: (?P<check>\w+))?(?: \[(?P<partition>[^\]]+)\])?")
SERIES = re.compile(r"\((?P<series>\w+), (?P<provider>\w+)\)$")
FIGURE = re.compile(r"(?P<metric>\w+) of (?P<subject>.+)")
NAMED = re.compile(r"(?:^|; )(\w+): ")


@dataclass(frozen=True)
class Place:
    """A place in the pipeline; fields that are not known are empty.

    Attributes:
        asset: without the market or the partition, such as ``forecasts``.
        metric: name of a figure that could not be measured.
    """

    provider: str = ""
    group: str = ""
    market: str = ""
    series: str = ""
    asset: str = ""
    check: str = ""
    metric: str = ""

    def fits(self, other: Place) -> bool:
        """False if the two name different endpoint groups or different markets."""
        groups = {self.group, other.group} - {""}
        markets = {self.market, other.market} - {""}
        return len(groups) < 2 and len(markets) < 2


class Subjects(Declaration):
    """All names by id, as the catalogue declares them; ``providers``: id → name."""

    markets: Mapping[str, Market] = {}
    series: Mapping[str, Series] = {}
    providers: Mapping[str, str] = {}

    def place(self, subject: str) -> Place:
        """The place that ``subject`` names; an empty place if it names nothing declared."""
        if found := SERIES.search(subject):
            return self._of_series(found["series"], found["provider"])
        if found := FIGURE.fullmatch(subject):
            about = found["subject"]
            return Place(metric=found["metric"], market=about if about in self.markets else "")
        if found := ASSET.fullmatch(subject):
            return self._of_asset(found["asset"], found["check"] or "", found["partition"] or "")
        return Place()

    def of_step(self, step: str) -> Place:
        """The place of a run's step, from its key: ``hrc_us_midwest__forecasts``, ``collect_yahoo_finance``."""
        asset = step.partition(".")[0]  # what follows names a part of the step
        provider = asset.removeprefix(COLLECT)
        if asset.startswith(COLLECT) and provider in self.providers:
            return Place(provider=provider, asset=asset)
        return self._of_asset(asset.replace("__", "/"), "", "")

    def sources(self, market: str) -> frozenset[str]:
        """The providers that ``market`` needs for its price."""
        if market not in self.markets:
            return frozenset()
        target = self.markets[market].target
        needed = [target.series, *([target.fx] if target.fx else [])]
        return frozenset(self.series[name].source for name in needed if name in self.series)

    def priced_by(self, series: frozenset[str]) -> list[str]:
        """The markets whose price needs one of ``series``."""
        return [
            market.id
            for market in self.markets.values()
            if market.target.series in series or (market.target.fx is not None and market.target.fx in series)
        ]

    def series_at(self, place: Place, text: str = "") -> frozenset[str]:
        """The series that ``place`` is about: itself, or those of its group that ``text`` names (all if it names none)."""
        if place.series:
            return frozenset({place.series})
        there = {
            declared.id
            for declared in self.series.values()
            if place.provider and declared.source == place.provider and place.group in ("", declared.group)
        }
        return frozenset(there & set(NAMED.findall(text))) or frozenset(there)

    def _of_series(self, series: str, provider: str) -> Place:
        declared = self.series.get(series)
        if declared is None:
            return Place(provider=provider if provider in self.providers else "")
        return Place(provider=declared.source, group=declared.group, series=series)

    def _of_asset(self, asset: str, check: str, partition: str) -> Place:
        first, *rest = asset.split("/")
        if first == RAW and rest and rest[0] in self.providers:
            return Place(provider=rest[0], group=rest[1] if len(rest) > 1 else "", asset=asset, check=check)
        if first in self.markets:
            return Place(market=first, asset="/".join(rest), check=check)
        market = next((name for name in partition.split("|") if name in self.markets), "")
        return Place(market=market, asset=asset, check=check)
