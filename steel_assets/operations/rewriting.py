"""Withdraws, restores or corrects imports, as of every moment of the past.

No stored file is changed. The imports of the same series are computed again without the wrong one (``core.imports.replayed``),
and one record says which files are read instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.lake.import_ledger import ImportLedger
from steel_assets.adapters.lake.lake import Lake, LakeError
from steel_assets.catalog import Catalog
from steel_assets.core.imports import (
    SOURCE,
    Claim,
    Import,
    Kind,
    Rewriting,
    claims,
    in_effect,
    replayed,
)
from steel_assets.core.problem import Problem
from steel_assets.core.tables import OBSERVATIONS


class NoSuchImport(Problem, KeyError):
    """No import has that id; the message says how to list them."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Rewritten:
    """What a withdrawal or a restoration did.

    Attributes:
        again: it had been done before, and nothing was written.
        markets: those that read one of its series.
    """

    entry: Import
    again: bool
    markets: tuple[str, ...]


def in_effect_now(lake: Lake) -> tuple[dict[str, str | None], set[str]]:
    """Which files are read instead of others, and which imports are withdrawn."""
    return in_effect(lake.rewritings())


def find(imports: ImportLedger, name: str) -> Import:
    """The import with this id, or the only one whose id starts so.

    Raises:
        NoSuchImport: there is none, or several.
    """
    entries = imports.imports()
    found = [name] if name in entries else [entry for entry in entries if name and entry.startswith(name)]
    if len(found) != 1:
        why = f"is the beginning of {len(found)} imports" if found else "is no import"
        raise NoSuchImport(f"ID: {name!r} {why}; `steel imports list` shows them")
    return entries[found[0]]


def set_aside(
    catalog: Catalog, lake: Lake, imports: ImportLedger, entry: Import, kind: Kind, reason: str, by: str, now: pd.Timestamp
) -> Rewritten:
    """Withdraw or restore an import; a second call changes nothing. Call it inside ``importing.turn``."""
    _, withdrawn = in_effect_now(lake)
    again = (entry.id in withdrawn) == (kind == "withdrawal")
    if not again:
        rewrite(catalog, lake, imports, kind, entry, reason, by, now)
    reading = [name for name, market in catalog.markets.items() if not set(entry.series).isdisjoint(market.series_ids)]
    return Rewritten(entry, again, tuple(reading))


def rewrite(
    catalog: Catalog,
    lake: Lake,
    imports: ImportLedger,
    kind: Kind,
    entry: Import,
    reason: str,
    by: str,
    now: pd.Timestamp,
    corrected: pd.DataFrame | None = None,
) -> None:
    """Write what is read instead of the imports of the same series, now that ``entry`` is withdrawn, restored or a correction.

    Args:
        corrected: the values of a correction (rows of ``CLAIMS``); its own rows are stored like those of any import.
    """
    entries, rewritings = imports.imports(), lake.rewritings()
    instead, withdrawn = in_effect(rewritings)
    if kind == "withdrawal":
        withdrawn = withdrawn | {entry.id}
    elif kind == "restoration":
        withdrawn = withdrawn - {entry.id}
    touched = set(entry.series)
    mine = {name: record for name, record in entries.items() if name not in withdrawn and not touched.isdisjoint(record.series)}
    read = {name: _claim(catalog, imports, record, touched) for name, record in mine.items()}
    claimed = list(read.values())
    if corrected is not None:
        claimed.append(Claim(entry.id, pd.Timestamp(entry.at), corrected, corrects=True))
    everything = lake.observations(touched)
    others = everything[everything["source"] != SOURCE]
    simulated = bool(lake.simulated)
    then = replayed(claimed, others, simulated=simulated)
    files: dict[str, str | None] = {}
    for name, record in mine.items():
        rows = pd.concat([then[name], _untouched(lake, record, instead, touched)], ignore_index=True)
        files[record.place] = imports.instead(rows) if len(rows) else None
    if kind == "withdrawal":
        files[entry.place] = None
    overridden = _overridden(claimed, entry) if corrected is not None else (entry.id,)
    moment = max([now, *(pd.Timestamp(rewriting.at) + pd.Timedelta(microseconds=1) for rewriting in rewritings[-1:])])
    imports.rewrite(
        Rewriting(
            kind=kind,
            subject=entry.id,
            overridden=overridden,
            series=tuple(sorted(touched)),
            at=moment.to_pydatetime(),
            by=by,
            reason=reason,
            counts_with=entry.raw_file if corrected is not None else None,
            instead=files,
        )
    )


def _overridden(claimed: list[Claim], entry: Import) -> tuple[str, ...]:
    """The imports of which a correction (the last claim) changes at least one value."""
    new = claimed[-1].rows.set_index(["series", "period"])["value"]
    found = []
    for claim in claimed[:-1]:
        old = claim.rows.set_index(["series", "period"])["value"]
        both = old.index.intersection(new.index)
        if len(both) and (old[both] != new[both]).any():
            found.append(claim.id)
    return tuple(found)


def _claim(catalog: Catalog, imports: ImportLedger, imported: Import, touched: set[str]) -> Claim:
    """The values that an import states for the touched series.

    For an import from before the ledger existed, the publication rule is applied again: it was stored as a revision of values
    that may never have been true.
    """
    rows = imports.claims(imported)
    rows = rows[rows["series"].isin(touched)]
    if imported.claims is None:
        declared: Mapping[str, object] = catalog.series
        at = pd.Timestamp(imported.at)
        parts = [
            claims(part, catalog.series[str(name)], at) if name in declared else part for name, part in rows.groupby("series")
        ]
        rows = pd.concat(parts, ignore_index=True) if parts else rows
    return Claim(imported.id, pd.Timestamp(imported.at), rows, corrects=imported.overlap == "correction")


def _untouched(lake: Lake, imported: Import, instead: Mapping[str, str | None], touched: set[str]) -> pd.DataFrame:
    """What is read at present of the other series of an import, and of other sources in the same file."""
    key = instead.get(imported.place, imported.raw_file)
    rows = lake.raw(key) if key is not None else OBSERVATIONS.empty()
    if rows is None:
        raise LakeError(f"{key}, what import {imported.id} stored, was damaged or is gone: restore it, or import the file again")
    return rows[~rows["series"].isin(touched) | (rows["source"] != SOURCE)]
