"""A publication of two markets as watches see it, with what a test wants to be otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from steel_assets.core.publication_parts import EMPTY
from steel_assets.core.published_paths import Period, packed
from steel_assets.core.watches.reading import Published
from steel_assets.core.watches.watch import Watch, watch_of
from steel_assets_tests.core.alerts.conftest import MORNING

REBAR, SCRAP, COIL = "rebar_fob_turkey", "scrap_turkey", "hrc_us_midwest"
AS_OF = "2026-11-20T08:00:00Z"
UNITS = {REBAR: "USD/t", SCRAP: "USD/t", COIL: "USD/short_ton"}


def published(
    rebar: float = 600.0, scrap: float = 400.0, *, day: str = "2026-11-19", chance: float = 0.5, simulated: bool = True
) -> Published:
    """Last prices; the share of paths that lie above 640 on the first of December; the band 590 – 610 forecast for ``day``."""
    above = round(100 * chance)
    issued = {"horizon": 1, "target_date": day, "unit": "USD/t", "as_of": AS_OF, "q05": 590.0, "q95": 610.0}
    paths = packed(
        ["2026-12-01", "2026-12-02"],
        [[650.0] * above + [630.0] * (100 - above)] * 2,
        [Period("2026-12", 0.0, 0, 0, 2, 0, 0, {})],
    )
    content: dict[str, Any] = {
        "catalogue": {"simulated": simulated, "markets": [{"id": name, "unit": unit} for name, unit in UNITS.items()]},
        "prices": {REBAR: {"dates": [day], "prices": [rebar]}, SCRAP: {"dates": ["2026-11-18"], "prices": [scrap]}},
        "latest": {REBAR: {"rows": [{"as_of": AS_OF, "last_price": rebar, "data_as_of": day, "simulated": simulated}]}},
        "issues": {REBAR: [{"rows": [issued, issued | {"horizon": 5, "q05": 1.0, "q95": 2.0}]}]},
        "outlooks": {REBAR: {"as_of": AS_OF, "problem": None, "paths": paths}},
    }
    return Published({**EMPTY, **content})


def watch(
    kind: str = "level", *, at: datetime = MORNING, world: Published | None = None, name: str = "0", **fields: Any
) -> Watch:
    """A watch of rebar set at ``at``, beginning with what ``world`` says of it."""
    asked = {"id": (name * 12)[:12], "owner": "local", "kind": kind, "market": REBAR, "created_at": at} | fields
    found = watch_of(asked)
    return found.model_copy(update={"seen": (world or published()).read(found).seen(found)})
