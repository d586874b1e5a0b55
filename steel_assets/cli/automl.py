"""``steel automl``: buy forecasts of a market from Vertex AI AutoML, up to a confirmed price."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.bootstrap import platform
from steel_assets.cli.problem import Problem
from steel_assets.operations import automl as bought
from steel_assets.operations import feature_store, histories


def automl(
    market: Annotated[str, typer.Argument(help="id of a market that declares automl.vertex")],
    confirm_usd: Annotated[
        float | None, typer.Option(help="the most it may cost; without it only the estimate is shown", min=0)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
) -> None:
    """Buy forecasts of a market's past days from Vertex AI AutoML. Prints the estimated cost; buys up to --confirm-usd."""
    parts = platform()
    declared = parts.catalog.markets.get(market)
    if declared is None:
        raise Problem(f"MARKET: {market!r} is not in the catalogue; there are {', '.join(parts.catalog.markets)}")
    terms = declared.automl.vertex
    if terms is None:
        raise Problem(f"MARKET: {market} declares no automl.vertex, so nothing can be bought for it (docs/automl.md)")
    search = parts.vertex(terms)
    try:
        history = histories.load(parts.catalog, parts.lake, market)
    except ObjectNotFound as error:
        raise Problem(f"MARKET: {market} has no history yet: collect or import its prices and run its daily job") from error
    plan = bought.planned(history, terms, search)
    count = 0
    if confirm_usd is not None:
        bought.confirm(plan, terms, confirm_usd)
        features = feature_store.load(parts.lake, history)
        count = bought.buy(parts.lake, history, features, plan, search, lambda line: typer.echo(line, err=True))
    about = {
        "market": market,
        "searches": plan.count,
        "origins": plan.rows,
        "estimate_usd": round(plan.cost_usd, 2),
        "budget_usd": terms.budget_usd,
        "answered": count,
        "simulated": history.simulated,
    }
    if as_json:
        typer.echo(json.dumps(about))
        return
    if history.simulated:
        typer.echo("SIMULATED DATA")
    typer.echo(
        f"{market}: {plan.count} searches for {plan.rows} origins, at most about {plan.cost_usd:.2f} USD "
        f"(budget {terms.budget_usd:g} USD)"
    )
    typer.echo(
        f"{count} origins answered" if confirm_usd is not None else "nothing was bought; confirm the cost with --confirm-usd"
    )
