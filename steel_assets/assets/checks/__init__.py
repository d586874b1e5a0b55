"""Checks of what a market has, one per file, found by its name; ``mape_increase`` is the exemplar.

A check is a module with ``ASSET`` (the name of one of a market's assets), ``DESCRIPTION`` (what holds when it passes, one
sentence) and ``check(market, …) -> Verdict``, which runs after each materialisation of that asset and names, as its further
parameters, the parts that it reads (``catalog, lake, warehouse, …``: ``assets/resources.py``). How bad it is when it fails, and
which alert that raises, is in the catalogue under its name (``checks:`` in ``rules.yaml``): a check without a rule, and a rule
without a check, keep the definitions from loading. A check that stops what lies behind it is part of its asset's body instead,
where the step can fail.
"""

from collections.abc import Callable, Iterable
from inspect import signature
from types import ModuleType

import dagster as dg

from steel_assets.assets.checking import Verdict, result
from steel_assets.assets.declare import Installation, key_of
from steel_assets.assets.resources import PARTS
from steel_assets.core.open_sets import PluginError, members
from steel_assets.core.types import Market


def checks_of(here: Installation, market: Market, assets: Iterable[dg.AssetKey]) -> list[dg.AssetChecksDefinition]:
    """Every check of this folder, and of one's own, on ``market``.

    Args:
        assets: the keys of all assets that there are.

    Raises:
        PluginError: a check is about an asset that no market has, or does not offer what a check does.
    """
    known = list(assets)
    there, mine = ({key.path[-1] for key in known if key.path[0] in owners} for owners in (here.catalog.markets, (market.id,)))
    found = []
    for name, module in members(__name__).items():
        missing = [part for part in ("ASSET", "DESCRIPTION", "check") if not hasattr(module, part)]
        if missing:
            raise PluginError(f"{module.__file__}: a check needs {', '.join(missing)}")
        if module.ASSET not in there:
            raise PluginError(f"{module.__file__}: no market has an asset {module.ASSET!r}; they have {', '.join(sorted(there))}")
        if module.ASSET in mine:
            found.append(_check(here, market, name, module))
    return found


def _check(here: Installation, market: Market, name: str, module: ModuleType) -> dg.AssetChecksDefinition:
    key = key_of(market.id, module.ASSET)
    evaluate: Callable[..., Verdict] = module.check
    parts = [part for part in signature(evaluate).parameters if part != "market"]
    if unknown := [part for part in parts if part not in PARTS]:
        raise PluginError(f"{module.__file__}: check() asks for {', '.join(unknown)}; it can have market, {', '.join(PARTS)}")

    @dg.asset_check(asset=key, name=name, description=module.DESCRIPTION, required_resource_keys=set(parts))
    def checked(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        verdict = evaluate(market=market, **{part: getattr(context.resources, part) for part in parts})
        return result(here.catalog.rules, key, name, verdict)

    return checked
