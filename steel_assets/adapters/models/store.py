"""Where trained models live: immutable versions, and per market and horizon one pointer that says which is in force.

Layout::

    models/staging/<market>/h<horizon>/<version>/…                 candidates
    models/production/<market>/h<horizon>/versions/<version>/…     promoted, never changed afterwards
    models/production/<market>/h<horizon>/pointer.json             the version in force, and every switch before
    models/backups/<market>/h<horizon>/<version>/…                 what was in force before a switch

A promotion copies first and switches last, by compare-and-set: a process that dies or loses a race leaves the pointer as it was.
Pruning strikes versions from the pointer first and deletes last, so that no rollback finds one that is half deleted.
The port beneath is ``object_store``; a model is bytes here, and nothing in this file parses one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from steel_assets.adapters.lake.damaged import Damaged
from steel_assets.adapters.models.files import (
    NAME,
    Identity,
    ModelDamaged,
    ModelNotFound,
    ModelNotSigned,
    ModelStoreError,
    copy_version,
    read_version,
    write_version,
)
from steel_assets.adapters.models.pointer import (
    ChampionPointer,
    Switch,
    read_pointer,
    restore_pointer,
    strike_versions,
    switch_pointer,
)
from steel_assets.adapters.models.pruning import outdated, refuse_pruned, sweep
from steel_assets.adapters.models.variants import Variants
from steel_assets.adapters.objects.object_store import Conflict, ObjectStore
from steel_assets.core.types import IDENTIFIER

Stage = Literal["staging", "production", "backups"]

POINTER = "pointer.json"

__all__ = [
    "ChampionPointer",
    "Conflict",
    "ModelDamaged",
    "ModelNotFound",
    "ModelNotSigned",
    "ModelStore",
    "ModelStoreError",
    "Stage",
    "Switch",
]


class ModelStore:
    """Models in an object store. Times are passed in and have a time zone."""

    def __init__(self, store: ObjectStore, signing_key: bytes | None = None) -> None:
        """A model store over an object store.

        Args:
            signing_key: signs what is written; what is not signed with it is refused.
        """
        self.store = store
        self._key = signing_key

    @property
    def variants(self) -> Variants:
        """Models of experiments, in the same store and with the same key; none of them is ever in force."""
        return Variants(self.store, self._key)

    def save_candidate(
        self, market: str, horizon: int, version: str, files: Mapping[str, bytes], manifest: Mapping[str, Any]
    ) -> str:
        """Store a candidate under ``models/staging``; return its address. A repeated call changes nothing.

        Args:
            files: content by plain file name.
            manifest: description of the model (family, metrics, data, code), as plain JSON.

        Raises:
            ModelStoreError: a name, a size or the manifest is not acceptable, or the version exists with other content.
        """
        folder = _folder("staging", market, horizon, version)
        write_version(self.store, folder, Identity(market, horizon, version), files, manifest, self._key)
        return self.store.uri(folder)

    def load(
        self, stage: Stage, market: str, horizon: int, version: str | None = None
    ) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Manifest and files of a version, returned only after every byte was checked.

        Args:
            version: in ``production`` the one in force when not given; the other stages need it.

        Raises:
            ModelNotFound: no such version, or none in force.
            ModelDamaged: a file is missing, extra or changed.
        """
        checksum = None
        if stage == "production":
            pointer = self.production(market, horizon)
            if pointer is None:
                raise ModelNotFound(f"market {market}, horizon {horizon}: no model is in production")
            refuse_pruned(pointer, version or pointer.version)
            switch = pointer.to(version or pointer.version)
            if switch is None:
                raise ModelNotFound(f"market {market}, horizon {horizon}: version {version} was never in production")
            version, checksum = switch.version, switch.manifest_sha256
        if version is None:
            raise ModelStoreError(f"name the version to load from {stage}; only production has one in force")
        folder = _folder(stage, market, horizon, version)
        model = read_version(self.store, folder, Identity(market, horizon, version), checksum, self._key)
        return model.manifest, model.files

    def whole(self, market: str, horizon: int, version: str) -> tuple[dict[str, Any], dict[str, bytes]]:
        """A production version as ``load`` returns it; if it is damaged, it is first restored from its backup or candidate.

        Raises:
            ModelNotFound: it was never in production, or was deleted.
            ModelDamaged: it is damaged, and its backup and candidate are damaged or missing.
        """
        pointer = self.mended(market, horizon)
        try:
            return self.load("production", market, horizon, version)
        except (ModelNotFound, ModelDamaged) as error:
            switch = pointer.to(version) if pointer and version not in pointer.pruned else None
            if switch is None:
                raise
            model = Identity(market, horizon, version)
            for stage in ("backups", "staging"):
                with suppress(ModelNotFound, ModelDamaged):
                    source, target = (_folder(folder, market, horizon, version) for folder in (stage, "production"))
                    copy_version(self.store, source, target, model, switch.manifest_sha256)
                    return self.load("production", market, horizon, version)
            raise ModelDamaged(str(error)) from error

    def mended(self, market: str, horizon: int) -> ChampionPointer | None:
        """The pointer in force; if it is damaged, it is first restored from its copy.

        Raises:
            ModelDamaged: the copy is damaged too, or missing.
            ModelNotSigned: it is intact, but not signed.
        """
        try:
            return self.production(market, horizon)
        except ModelNotSigned:
            raise
        except ModelDamaged as error:
            key = _pointer_key(market, horizon)
            if not restore_pointer(self.store, key, market, horizon, self._key, str(error)):
                raise
            return self.production(market, horizon)

    def give_up(self, market: str, horizon: int) -> None:
        """Quarantine a damaged pointer without a copy, so that the next promotion is a first one; an intact one is kept."""
        key = _pointer_key(market, horizon)
        try:
            self.mended(market, horizon)
        except ModelNotSigned:
            raise
        except ModelDamaged as error:
            Damaged(self.store).set_aside(key, self.store.get(key), str(error))

    def production(self, market: str, horizon: int) -> ChampionPointer | None:
        """The pointer in force; None before the first promotion.

        Raises:
            ModelDamaged: it is damaged.
        """
        return read_pointer(self.store, _pointer_key(market, horizon), market, horizon, self._key)

    def sign(self, market: str, horizon: int) -> bool:
        """Sign the present pointer, whoever wrote it, so that the version it names is trusted. False if there is none.

        Raises:
            ModelDamaged: it is not a pointer of this market and horizon.
            ModelStoreError: there is no key to sign with.
            Conflict: somebody switched at the same time; nothing was written.
        """
        if self._key is None:
            raise ModelStoreError("there is no key to sign with: set STEEL_SIGNING_KEY")
        pointer = read_pointer(self.store, _pointer_key(market, horizon), market, horizon)
        if pointer is not None:
            strike_versions(self.store, _pointer_key(market, horizon), pointer, (), self._key)
        return pointer is not None

    def has_production(self) -> bool:
        """Whether any market has a model in force."""
        return any(key.endswith(f"/{POINTER}") for key in self.store.list("models/production/"))

    def version_at(self, market: str, horizon: int, moment: datetime) -> str | None:
        """The version in force at ``moment``; None before the first promotion. Raises as ``mended``."""
        pointer = self.mended(market, horizon)
        switch = pointer.at(_utc(moment)) if pointer else None
        return switch.version if switch else None

    def promote(
        self, market: str, horizon: int, version: str, expected: ChampionPointer | None, moment: datetime
    ) -> ChampionPointer:
        """Put a staged candidate in force from ``moment`` on; return the new pointer.

        The version in force before is copied to ``models/backups`` first. Promoting the version in force changes nothing.

        Args:
            expected: the pointer that the decision was based on (from ``production``); None for a first promotion.

        Raises:
            Conflict: somebody switched since ``expected`` was read; decide again.
            ModelNotFound, ModelDamaged: the candidate is incomplete or damaged; nothing changed.
            ModelStoreError: ``moment`` is before the last switch.
        """
        return self._switch(market, horizon, version, expected, moment, "promoted")

    def rollback(
        self, market: str, horizon: int, expected: ChampionPointer, moment: datetime, version: str | None = None
    ) -> ChampionPointer:
        """Put an earlier production version back in force from ``moment`` on; return the new pointer.

        Args:
            expected: the pointer that the decision was based on (from ``production``).
            version: the one to return to; None for the one before the present one.

        Raises:
            ModelNotFound: there is no earlier one, or ``version`` was never in production.
            Conflict, ModelDamaged, ModelStoreError: as for ``promote``.
        """
        earlier = [switch.version for switch in expected.switches if switch.version not in {expected.version, *expected.pruned}]
        if version is not None:
            refuse_pruned(expected, version)
        if not earlier or (version is not None and version not in earlier):
            none = "every earlier version was pruned" if expected.pruned else "there is no earlier version"
            wanted = f"version {version} was never in production before" if version else none
            raise ModelNotFound(f"market {market}, horizon {horizon}: {wanted}, so nothing to return to")
        return self._switch(market, horizon, version or earlier[-1], expected, moment, "rolled_back")

    def prune(self, market: str, horizon: int, versions: int, days: int, moment: datetime) -> list[str]:
        """Delete old production versions with their backups and candidates; return those deleted now.

        Kept are the newest ``versions`` and every one that was in force in the last ``days`` days, which includes the present
        one. Files left by an earlier, interrupted pruning are deleted too.

        Raises:
            Conflict: somebody switched at the same time; nothing was deleted.
        """
        pointer = self.production(market, horizon)
        if pointer is None:
            return []
        given_up = outdated(pointer, versions, _utc(moment) - timedelta(days=days))
        if given_up:
            strike_versions(self.store, _pointer_key(market, horizon), pointer, given_up, self._key)
        for stage in ("production", "backups", "staging"):
            sweep(self.store, _root(stage, market, horizon), pointer.pruned | set(given_up))
        return given_up

    def staged(self, market: str, horizon: int) -> list[str]:
        """All candidates, in the order of their names."""
        root = _root("staging", market, horizon)
        return sorted({key.removeprefix(root).partition("/")[0] for key in self.store.list(root)})

    def drop_candidates(self, market: str, horizon: int, versions: Collection[str]) -> list[str]:
        """Delete candidates that were never promoted; return the deleted versions.

        Raises:
            ModelDamaged: the pointer is damaged.
        """
        pointer = self.production(market, horizon)
        promoted = {switch.version for switch in pointer.switches} if pointer else set()
        dropped = sorted(set(versions) - promoted)
        if dropped:
            sweep(self.store, _root("staging", market, horizon), dropped)
        return dropped

    def _switch(
        self,
        market: str,
        horizon: int,
        version: str,
        expected: ChampionPointer | None,
        moment: datetime,
        action: Literal["promoted", "rolled_back"],
    ) -> ChampionPointer:
        since = _utc(moment)
        current = self.production(market, horizon)
        in_force = current.at(since) if current else None
        if current and in_force and in_force.version == version:
            return current
        if (current.token if current else None) != (expected.token if expected else None):
            raise Conflict(f"market {market}, horizon {horizon}: another process switched first; run promotions again")
        if current and since < current.since:
            raise ModelStoreError(
                f"market {market}, horizon {horizon}: {current.version} is in force since {current.since:%Y-%m-%d %H:%M} UTC; "
                f"a switch at {since:%Y-%m-%d %H:%M} UTC would change the past; use a later moment"
            )
        checksum = self._into_production(Identity(market, horizon, version), current)
        if current:
            self._back_up(Identity(market, horizon, current.version), current.manifest_sha256)
        switch = Switch(version=version, manifest_sha256=checksum, since=since, action=action)
        switch_pointer(self.store, _pointer_key(market, horizon), current, market, horizon, switch, self._key)
        after = self.production(market, horizon)
        if after is None:
            raise ModelDamaged(f"market {market}, horizon {horizon}: the pointer vanished right after a switch")
        return after

    def _into_production(self, model: Identity, current: ChampionPointer | None) -> str:
        """Make sure that production holds the complete version, from staging or from its backup."""
        production = _folder("production", model.market, model.horizon, model.version)
        if current:
            refuse_pruned(current, model.version)
        before = current.to(model.version) if current else None
        if before is None:
            staged = _folder("staging", model.market, model.horizon, model.version)
            return copy_version(self.store, staged, production, model, signing_key=self._key)
        try:
            return read_version(self.store, production, model, before.manifest_sha256).manifest_sha256
        except (ModelNotFound, ModelDamaged):
            backup = _folder("backups", model.market, model.horizon, model.version)
            return copy_version(self.store, backup, production, model, before.manifest_sha256)

    def _back_up(self, model: Identity, checksum: str) -> None:
        production = _folder("production", model.market, model.horizon, model.version)
        backup = _folder("backups", model.market, model.horizon, model.version)
        with suppress(ModelNotFound, ModelDamaged):  # a damaged champion must not prevent its replacement
            copy_version(self.store, production, backup, model, checksum)


def _folder(stage: Stage, market: str, horizon: int, version: str) -> str:
    if not NAME.fullmatch(version):
        raise ModelStoreError(f"version {version!r} must have 1 to 128 letters, digits, . _ + - and start with a letter or digit")
    return f"{_root(stage, market, horizon)}{version}"


def _root(stage: Stage, market: str, horizon: int) -> str:
    within = "versions/" if stage == "production" else ""
    return f"models/{stage}/{_place(market, horizon)}/{within}"


def _pointer_key(market: str, horizon: int) -> str:
    return f"models/production/{_place(market, horizon)}/{POINTER}"


def _place(market: str, horizon: int) -> str:
    if not IDENTIFIER.fullmatch(market):
        raise ModelStoreError(f"market {market!r} must be lower_snake_case, as in the catalogue")
    if isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1:
        raise ModelStoreError(f"horizon {horizon!r} must be a whole number of business days, at least 1")
    return f"{market}/h{horizon}"


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ModelStoreError(f"moment {moment} has no time zone; pass it in UTC")
    return datetime.fromtimestamp(moment.timestamp(), UTC)
