"""Loads the YAML files into one validated, frozen Catalog, or raises one error with the file, the field and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from steel_assets.catalog.prices import Prices, Profiles
from steel_assets.catalog.rules import Rules
from steel_assets.catalog.source import Source
from steel_assets.core.alerts.naming import NAMES
from steel_assets.core.alerts.rules import AlertRule, Rulebook
from steel_assets.core.alerts.subjects import Subjects
from steel_assets.core.alerts.wording import names_in
from steel_assets.core.calendar_names import calendar_exists
from steel_assets.core.experiments import Experiment
from steel_assets.core.open_sets import SETS
from steel_assets.core.parity_terms import PERCENT, Parity
from steel_assets.core.plain_yaml import NotPlain, load_plain
from steel_assets.core.problem import Problem
from steel_assets.core.types import HORIZONS, Declaration, Market, Series
from steel_assets.core.units import UnitError, conversion, other_currency

SHIPPED = Path(__file__).parent

LARGEST_BYTES = 4 * 2**20
DEEPEST = 16

KINDS = ("sources", "series", "markets", "parity", "alerts", "experiments")
"""The folders of declarations."""

LISTS = ("series", "alerts")
"""Folders whose files hold a list of declarations; in the others each file is one declaration."""

Files = dict[tuple[type[Declaration], str], Path]
"""Which file declares what, by kind and id."""

D = TypeVar("D", Source, Series, Market, Parity, AlertRule, Experiment)


class CatalogError(Problem, ValueError):
    """A declaration is not valid; the message names the file and the field, and says what is allowed."""


class Catalog(Declaration):
    """All declarations by id, in the order declared."""

    sources: Mapping[str, Source]
    series: Mapping[str, Series]
    markets: Mapping[str, Market]
    parity: Mapping[str, Parity]
    alerts: Mapping[str, AlertRule]
    rules: Rules
    prices: Prices
    profiles: Profiles
    experiments: Mapping[str, Experiment] = {}

    @property
    def rulebook(self) -> Rulebook:
        """The alert rules with their policy and the names that they can refer to."""
        subjects = Subjects(
            markets=self.markets, series=self.series, providers={source.id: source.name for source in self.sources.values()}
        )
        return Rulebook(rules=self.alerts, policy=self.rules.alerts, zone=self.rules.schedules.zone, subjects=subjects)

    def series_of(self, source: str, group: str | None = None) -> list[Series]:
        """The series of a source (or of one of its endpoint groups)."""
        return [s for s in self.series.values() if s.source == source and group in (None, s.group)]

    def market_series(self, market: str) -> dict[str, Series]:
        """Declarations of every series that a market reads."""
        return {name: self.series[name] for name in self.markets[market].series_ids}

    def experiments_of(self, market: str) -> list[Experiment]:
        """The experiments in which a market takes part."""
        return [experiment for experiment in self.experiments.values() if market in experiment.markets]


def load_catalog(extra: Path | None = None) -> Catalog:
    """The shipped catalogue, extended by the folder ``extra``.

    Raises:
        CatalogError: a file is not YAML, a key is unknown, a value is out of range, a reference names nothing, an id is declared
            twice in one folder, or units do not convert.
    """
    folders = [SHIPPED]
    if extra is not None:
        if not extra.is_dir():
            raise CatalogError(f"STEEL_CATALOG_DIR names {extra}, which is not a folder; create it or unset the variable")
        folders.append(extra)
        _no_misspelt_folder(extra)
    prices = _declare(Prices, _whole(folders, "prices.yaml"), _file_of(folders, "prices.yaml"))
    profiles = _declare(Profiles, _whole(folders, "profiles.yaml"), _file_of(folders, "profiles.yaml"))
    costs = {"costs": prices.of_a_day(profiles.profiles[profiles.day])}
    declared = _declare(Rules, _merged(costs, _whole(folders, "rules.yaml")), _file_of(folders, "rules.yaml"))
    files: Files = {}
    catalog = Catalog(
        sources=_gather(folders, "sources", Source, files),
        series=_gather(folders, "series", Series, files),
        markets=_gather(folders, "markets", Market, files),
        parity=_gather(folders, "parity", Parity, files),
        alerts={name: _limited(rule, declared) for name, rule in _gather(folders, "alerts", AlertRule, files).items()},
        rules=declared,
        prices=prices,
        profiles=profiles,
        experiments=_gather(folders, "experiments", Experiment, files),
    )
    _check(catalog.markets, _check_market, catalog, files)
    _check(catalog.series, _check_series, catalog, files)
    _check(catalog.parity, _check_parity, catalog, files)
    _check(catalog.alerts, _check_alert, catalog, files)
    _check(catalog.experiments, _check_experiment, catalog, files)
    rules = _file_of(folders, "rules.yaml")
    for name, check in catalog.rules.checks.items():
        if check.alert not in catalog.alerts:
            raise CatalogError(f"{rules}: checks.{name}.alert {check.alert!r} is not an alert rule; {_known(catalog.alerts)}")
    if catalog.rules.default_market not in catalog.markets:
        raise CatalogError(f"{rules}: default_market {catalog.rules.default_market!r} is not a market; {_known(catalog.markets)}")
    if catalog.markets[catalog.rules.default_market].frequency != "daily":
        raise CatalogError(
            f"{rules}: default_market {catalog.rules.default_market!r} must be a daily market: its next business day is what "
            "GET /predict/steel-rebar-price answers"
        )
    return catalog


def _no_misspelt_folder(extra: Path) -> None:
    """Refuse a subfolder with YAML that is nearly called as one that is read. Raises CatalogError."""
    for folder in sorted(extra.iterdir()):
        meant = get_close_matches(folder.name, KINDS, 1, 0.8) if folder.name not in (*KINDS, *SETS) else []
        if meant and folder.is_dir() and any(folder.glob("*.y*ml")):
            raise CatalogError(f"{folder}: nothing is read from a folder of this name; did you mean {meant[0]}/?")


def _file_of(folders: list[Path], name: str) -> Path:
    """The file to look at when what all files called ``name`` say together is wrong: the user's own, where there is one."""
    return next(path for folder in reversed(folders) if (path := folder / name).exists())


def _check(things: Mapping[str, D], check: Callable[[D, Catalog], None], catalog: Catalog, files: Files) -> None:
    """Hold each of ``things`` to what else is declared. Raises CatalogError, with the file."""
    for thing in things.values():
        try:
            check(thing, catalog)
        except CatalogError as error:
            raise CatalogError(f"{files[type(thing), thing.id]}: {error}") from error


def _whole(folders: list[Path], name: str) -> dict[str, Any]:
    """A file of the shipped folder, overridden by the user's file of that name."""
    found: dict[str, Any] = {}
    for folder in folders:
        found = _merged(found, _read(folder / name) if (folder / name).exists() else {})
    return found


def _gather(folders: list[Path], kind: str, model: type[D], files: Files) -> dict[str, D]:
    found: dict[str, D] = {}
    for folder in folders:
        here: dict[str, Path] = {}
        for path in sorted((folder / kind).glob("*.y*ml")):
            if path.name.startswith("_"):
                continue
            for raw in _entries(path, kind):
                entry = _declare(model, raw, path)
                if entry.id in here:
                    raise CatalogError(f"{path}: {entry.id!r} is already declared in {here[entry.id]}; choose another id")
                here[entry.id] = files[model, entry.id] = path
                found[entry.id] = entry
    return found


def _entries(path: Path, kind: str) -> Iterator[Any]:
    content = _read(path)
    if kind not in LISTS:
        yield content
        return
    if set(content) != {kind} or not isinstance(content[kind], list):
        raise CatalogError(f"{path}: a file of {kind} has one key, {kind}, that holds a list of declarations")
    yield from content[kind]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = load_plain(path.read_bytes(), largest=LARGEST_BYTES, deepest=DEEPEST)
    except NotPlain as error:
        raise CatalogError(f"{path}: not readable as YAML: {error}") from error
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror}") from error
    if not isinstance(content, dict):
        raise CatalogError(f"{path}: expected keys and values at the top, found {type(content).__name__}")
    return content


def _declare(model: type[Declaration], raw: Any, where: Path) -> Any:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        named = f"declaration {raw['id']!r} is" if isinstance(raw, dict) and "id" in raw else "what it declares is"
        lines = [f"  {'.'.join(map(str, e['loc'])) or '(whole entry)'}: {_wrong(model, e)}" for e in error.errors()]
        raise CatalogError(f"{where}: {named} not valid\n" + "\n".join(lines)) from error


def _wrong(model: type[Declaration], problem: Any) -> str:
    """What is wrong with one field, and which keys there are where it is one that there is not."""
    if problem["type"] != "extra_forbidden":
        return str(problem["msg"]).removeprefix("Value error, ")
    *place, key = problem["loc"]
    there = _keys_at(model, tuple(place))
    meant = get_close_matches(str(key), there, 1)
    remedy = f"; did you mean {meant[0]}?" if meant else f"; there are {', '.join(there)}" if there else ""
    return f"there is no such key{remedy}"


def _keys_at(kind: Any, place: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that a declaration of ``kind`` may have at ``place``; none where it holds no declaration there."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if not place:
            return tuple(kind.model_fields)
        about = kind.model_fields.get(str(place[0]))
        return _keys_at(about.annotation, place[1:]) if about else ()
    inside = place if get_origin(kind) in (Union, UnionType, Annotated) else place[1:]
    return next((keys for part in get_args(kind) if (keys := _keys_at(part, inside))), ())


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    return base | {
        key: _merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        for key, value in over.items()
    }


def _limited(rule: AlertRule, rules: Rules) -> AlertRule:
    """``rule`` with the limit derived from the monthly budget, if it asks for one."""
    if rule.budget_days is None:
        return rule
    return rule.model_copy(update={"above": rules.costs.monthly_budget_usd / rule.budget_days, "budget_days": None})


def _check_series(series: Series, catalog: Catalog) -> None:
    source = catalog.sources.get(series.source)
    if source is None:
        raise CatalogError(f"series {series.id}: source {series.source!r} does not exist; {_known(catalog.sources)}")
    if series.group not in source.groups:
        raise CatalogError(
            f"series {series.id}: source {source.id} has no group {series.group!r}; it has {', '.join(source.groups)}"
        )
    if source.kind == "api" and not series.symbol:
        raise CatalogError(f"series {series.id}: symbol is missing; {source.name} needs one to be asked")
    if not calendar_exists(series.calendar):
        raise CatalogError(
            f"series {series.id}: calendar {series.calendar!r} is not known; use weekdays, 24/5 or an exchange code such as XLON"
        )


def _check_market(market: Market, catalog: Catalog) -> None:
    unknown = [name for name in market.series_ids if name not in catalog.series]
    if unknown:
        raise CatalogError(f"market {market.id}: series {', '.join(unknown)} are not declared; add them to a file in series/")
    if market.frequency == "daily" and not calendar_exists(market.calendar):
        raise CatalogError(
            f"market {market.id}: calendar {market.calendar!r} is not known; use weekdays, 24/5 or an exchange code such as XLON"
        )
    if market.automl.vertex and (strange := [str(h) for h in market.automl.vertex.horizons if h not in market.horizons]):
        raise CatalogError(f"market {market.id}: automl.vertex.horizons {', '.join(strange)} are not among the market's horizons")
    fx = catalog.series[market.target.fx].unit if market.target.fx else None
    for name in (market.target.series, *market.target.curve):
        frequency = catalog.series[name].frequency
        if frequency != market.frequency:
            remedy = f"; write frequency: {frequency} in the market" if frequency in HORIZONS else ""
            raise CatalogError(f"market {market.id}: target series {name} must be {market.frequency}, it is {frequency}{remedy}")
        try:
            conversion(catalog.series[name].unit, market.target.unit, fx)
        except UnitError as error:
            raise CatalogError(f"market {market.id}: {error}") from error


def _check_parity(parity: Parity, catalog: Catalog) -> None:
    market = catalog.markets.get(parity.market)
    if market is None:
        raise CatalogError(f"parity {parity.id}: market {parity.market!r} does not exist; {_known(catalog.markets)}")
    if market.frequency != "daily":
        raise CatalogError(f"parity {parity.id}: market {market.id} has a {market.frequency} price; a parity needs a daily one")
    if unknown := [name for name in (parity.rate, parity.domestic) if name is not None and name not in catalog.series]:
        raise CatalogError(f"parity {parity.id}: series {', '.join(unknown)} are not declared; add them to a file in series/")
    abroad, here = market.target.unit.partition("/")[0], other_currency(market.target.unit, catalog.series[parity.rate].unit)
    if here is None:
        raise CatalogError(
            f"parity {parity.id}: rate {parity.rate} is in {catalog.series[parity.rate].unit}, which exchanges no price in "
            f"{market.target.unit}"
        )
    for term in parity.terms:
        if term.unit not in (PERCENT, f"{abroad}/t", f"{here}/t"):
            raise CatalogError(f"parity {parity.id}: term {term.id} is in {term.unit}; write {PERCENT}, {abroad}/t or {here}/t")
    if parity.domestic is not None:
        try:
            conversion(catalog.series[parity.domestic].unit, f"{here}/t")
        except UnitError as error:
            raise CatalogError(f"parity {parity.id}: domestic {parity.domestic}: {error}") from error


def _check_alert(rule: AlertRule, catalog: Catalog) -> None:
    if unknown := [name for name in rule.follows if name not in catalog.alerts]:
        raise CatalogError(f"alert {rule.id}: follows {', '.join(unknown)}, which is no alert rule; {_known(catalog.alerts)}")
    try:
        strange = sorted(names_in(rule) - NAMES)
    except ValueError as error:
        raise CatalogError(f"alert {rule.id}: braces do not fit ({error}); write {{market}}, or {{{{ for a brace") from error
    if strange:
        raise CatalogError(
            f"alert {rule.id}: there is no name {', '.join(strange)} to fill in; known are {', '.join(sorted(NAMES))}"
        )


def _check_experiment(experiment: Experiment, catalog: Catalog) -> None:
    from steel_assets.core.models import model_families  # slow to import, and rarely needed

    where, families = f"experiment {experiment.id}", model_families()
    if experiment.family not in families:
        raise CatalogError(
            f"{where}: family {experiment.family!r} is not a model family; {_known(families)}, and those in models/ of "
            "STEEL_PLUGINS_DIR"
        )
    for name in experiment.markets:
        if name not in catalog.markets:
            raise CatalogError(f"{where}: markets: {name!r} is not a market; {_known(catalog.markets)}")
        market = catalog.markets[name]
        if market.frequency != "daily":
            raise CatalogError(
                f"{where}: markets: {name} has a {market.frequency} price; experiments are of daily markets: take it out"
            )
        if strange := [str(horizon) for horizon in experiment.horizons if horizon not in market.horizons]:
            raise CatalogError(
                f"{where}: horizons: {name} is not forecast {', '.join(strange)} days ahead; its horizons are "
                f"{', '.join(map(str, market.horizons))}"
            )
        if not families[experiment.family].applies(market):
            raise CatalogError(f"{where}: family {experiment.family} does not apply to market {name}; take it out of markets")


def _known(things: Mapping[str, object]) -> str:
    return "known are " + ", ".join(things)
