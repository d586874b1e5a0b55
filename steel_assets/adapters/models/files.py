"""One version of a model in an object store: its files, and a manifest with their checksums.

The manifest is written last: without it the version does not exist. Nothing is returned before every byte was checked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from steel_assets.adapters.objects.checksummed import Damaged, NotSigned, checksummed, unseal
from steel_assets.adapters.objects.object_store import ObjectNotFound, ObjectStore
from steel_assets.core.problem import Problem

MANIFEST = "manifest.json"
MAX_FILES = 64
MAX_BYTES = 256 * 2**20
MAX_MANIFEST_BYTES = 2**20
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}")


class ModelStoreError(Problem):
    """The model store refuses an operation; the message says which model and why."""


class ModelNotFound(ModelStoreError):
    """There is no such version, or it is incomplete."""


class ModelDamaged(ModelStoreError):
    """The stored version is not what was saved. Nothing of it was returned."""


class ModelNotSigned(ModelDamaged):
    """The stored version is intact, but not signed with this installation's key."""


@dataclass(frozen=True)
class Identity:
    """Market, horizon and version; part of the manifest, so that no folder can stand in for another."""

    market: str
    horizon: int
    version: str


@dataclass(frozen=True)
class ModelFiles:
    """A complete, verified version."""

    manifest: dict[str, Any]
    files: dict[str, bytes]
    sealed: bytes

    @property
    def manifest_sha256(self) -> str:
        """The checksum by which a pointer refers to this version, in hexadecimal."""
        return _sha256(self.sealed)


def write_version(
    store: ObjectStore,
    folder: str,
    identity: Identity,
    files: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    signing_key: bytes | None = None,
) -> None:
    """Write a version; a repeated call changes nothing, an incomplete version is completed.

    Raises:
        ModelStoreError: a name, a size or the manifest is not acceptable, or the folder holds another complete model.
    """
    _settle(store, folder, identity, files, _with_checksums(folder, identity, files, manifest, signing_key))


def read_version(
    store: ObjectStore, folder: str, identity: Identity, manifest_sha256: str | None = None, signing_key: bytes | None = None
) -> ModelFiles:
    """The version in ``folder``.

    Args:
        manifest_sha256: checksum that the manifest must have, if known from a pointer (which is signed itself).
        signing_key: the manifest must be signed with it, if its checksum is not known.

    Raises:
        ModelNotFound: there is none.
        ModelDamaged: a file is missing, extra, changed or too large, or the manifest is of another model.
    """
    sealed = _manifest_bytes(store, folder)
    if sealed is None:
        raise ModelNotFound(f"{folder} holds no model (no {MANIFEST})")
    if len(sealed) > MAX_MANIFEST_BYTES or manifest_sha256 not in (None, _sha256(sealed)):
        raise ModelDamaged(f"{folder}/{MANIFEST} is not the one that was promoted")
    try:
        manifest = unseal(sealed, signing_key if manifest_sha256 is None else None)
        declared = {name: (str(about["sha256"]), int(about["bytes"])) for name, about in manifest["files"].items()}
        stated = Identity(manifest["market"], manifest["horizon"], manifest["version"])
    except NotSigned as error:
        raise ModelNotSigned(f"{folder}/{MANIFEST}: {error}; train the market again") from error
    except (Damaged, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelDamaged(f"{folder}/{MANIFEST} is damaged: {error}") from error
    if stated != identity:
        raise ModelDamaged(f"{folder} holds the model of {stated}, not of {identity}")
    _check(folder, declared, sum(size for _, size in declared.values()))
    there = {key.removeprefix(f"{folder}/") for key in store.list(f"{folder}/")}
    if there != {*declared, MANIFEST}:
        odd = ", ".join(sorted(there ^ {*declared, MANIFEST}))
        raise ModelDamaged(f"{folder} does not hold exactly the files of its manifest: {odd}")
    files = {name: _checked(store, f"{folder}/{name}", *about) for name, about in declared.items()}
    return ModelFiles(manifest, files, sealed)


def copy_version(
    store: ObjectStore,
    source: str,
    target: str,
    identity: Identity,
    manifest_sha256: str | None = None,
    signing_key: bytes | None = None,
) -> str:
    """Copy a verified version; return the checksum of its manifest. A complete copy is kept, an incomplete one completed.

    Raises:
        ModelNotFound, ModelDamaged: the source is incomplete or damaged.
        ModelStoreError: ``target`` holds another complete model under this version.
    """
    model = read_version(store, source, identity, manifest_sha256, signing_key)
    _settle(store, target, identity, model.files, model.sealed)
    return model.manifest_sha256


def _settle(store: ObjectStore, folder: str, identity: Identity, files: Mapping[str, bytes], sealed: bytes) -> None:
    """Make ``folder`` hold exactly this model, completely."""
    try:
        there = read_version(store, folder, identity)
    except (ModelNotFound, ModelDamaged):
        _put(store, folder, files, sealed)
        there = read_version(store, folder, identity)
    if there.manifest_sha256 != _sha256(sealed):
        raise ModelStoreError(f"{folder} exists with other content. Versions never change: use a new version")


def _with_checksums(
    folder: str, identity: Identity, files: Mapping[str, bytes], manifest: Mapping[str, Any], signing_key: bytes | None
) -> bytes:
    _check(folder, files, sum(len(content) for content in files.values()))
    about = {name: {"sha256": _sha256(content), "bytes": len(content)} for name, content in sorted(files.items())}
    own = {"market": identity.market, "horizon": identity.horizon, "version": identity.version, "files": about}
    contradicted = [key for key in own if key in manifest and manifest[key] != own[key]]
    if contradicted:
        raise ModelStoreError(f"{folder}: the manifest contradicts the store on {', '.join(contradicted)}; leave these keys out")
    try:
        sealed = checksummed({**manifest, **own}, signing_key)
    except ValueError as error:
        raise ModelStoreError(f"{folder}: the manifest cannot be kept: {error}") from error
    if len(sealed) > MAX_MANIFEST_BYTES:
        raise ModelStoreError(f"{folder}: the manifest has {len(sealed)} bytes, at most {MAX_MANIFEST_BYTES} are kept")
    return sealed


def _put(store: ObjectStore, folder: str, files: Mapping[str, bytes], sealed: bytes) -> None:
    for key in list(store.list(f"{folder}/")):
        if key.removeprefix(f"{folder}/") not in (*files, MANIFEST):
            store.delete(key)  # left by a write that died before its manifest
    for name, content in files.items():
        store.put(f"{folder}/{name}", content)
    store.put(f"{folder}/{MANIFEST}", sealed)


def _check(folder: str, names: Collection[str], size: int) -> None:
    """Refuse names that could lead out of the folder, and files that are too large for a model."""
    bad = [name for name in names if not NAME.fullmatch(name) or name == MANIFEST]
    if bad or not 1 <= len(names) <= MAX_FILES:
        raise ModelStoreError(
            f"{folder}: a model has 1 to {MAX_FILES} files with plain names (letters, digits, . _ + -) other than {MANIFEST}; "
            f"got {len(names)}" + (f", among them {bad[0]!r}" if bad else "")
        )
    if size > MAX_BYTES:
        raise ModelStoreError(f"{folder}: the files have {size} bytes, at most {MAX_BYTES} are accepted")


def _checked(store: ObjectStore, key: str, checksum: str, size: int) -> bytes:
    content = store.get(key)
    if len(content) != size or _sha256(content) != checksum:
        raise ModelDamaged(f"{key} is not the file that was saved: its checksum differs")
    return content


def _manifest_bytes(store: ObjectStore, folder: str) -> bytes | None:
    try:
        return store.get(f"{folder}/{MANIFEST}")
    except ObjectNotFound:
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
