"""The archive of a backup: a gzipped tar of files, then ``SHA256SUMS`` over them, then a checksummed manifest over that.

Any tar reads it, and ``sha256sum -c SHA256SUMS`` checks it. It is written to a temporary file, read back, and renamed if every
byte is as written; only its owner can read it (mode 600). Its content is copied, never executed or unpickled.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from steel_assets.adapters.machine.disk import make_folder, private_folder, remedy
from steel_assets.adapters.objects.checksummed import Damaged, checksummed, unseal
from steel_assets.core.problem import Problem

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
FORMAT = 1
BLOCK = 2**20
LARGEST_SUMS = 2**30
BROKEN = (tarfile.TarError, EOFError, zlib.error, UnicodeError)


class BackupError(Problem):
    """An archive cannot be written, or is damaged; the message names it and the remedy."""


@dataclass(frozen=True)
class Archive:
    """The verified description of an archive.

    Attributes:
        manifest: as given by its writer.
        files: name → bytes, of every file.
    """

    manifest: Mapping[str, Any]
    files: Mapping[str, int]


class ArchiveWriter:
    """Adds files one by one to a new archive."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.sums: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        """Add ``content`` under ``name``.

        Raises:
            ValueError: the name is not allowed, or was used.
        """
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> bool:
        """Add the file at ``path`` up to its present length, since a log may grow meanwhile. False if it no longer exists."""
        try:
            with path.open("rb") as file:
                self._add(name, file, os.fstat(file.fileno()).st_size)
        except FileNotFoundError:
            return False
        return True

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        if not is_name(name) or name in self.sums:
            raise ValueError(f"{name!r} cannot be the name of a file in an archive, or is there already")
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        reader = _Hashing(file)
        self._tar.addfile(member, reader)
        self.sums[name] = reader.sha256.hexdigest()

    def finish(self, manifest: Mapping[str, Any], key: bytes | None) -> None:
        """Write the checksums, and the manifest, signed if there is a key."""
        lines = b"".join(f"{digest}  {name}\n".encode(errors="surrogateescape") for name, digest in self.sums.items())
        sealed = {**manifest, "format": FORMAT, "files": len(self.sums), "sums": hashlib.sha256(lines).hexdigest()}
        self.add(SUMS, lines)
        self.add(MANIFEST, checksummed(sealed, key))


class _Hashing:
    """A file whose checksum is computed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.sha256 = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.sha256.update(content)
        return content


@contextmanager
def new_archive(path: Path, manifest: Callable[[], Mapping[str, Any]], key: bytes | None = None) -> Iterator[ArchiveWriter]:
    """A new archive at ``path``, which is complete after the block, or does not exist.

    Args:
        manifest: returns its description; called after all files were added.
        key: signs the manifest.

    Raises:
        BackupError: ``path`` exists, the disk refuses the file, or what is read back differs.
    """
    if path.exists():
        raise BackupError(f"{path} exists already: name another file")
    temporary: str | None = None
    try:
        make_folder(path.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", format=tarfile.PAX_FORMAT, compresslevel=6) as tar:
                writer = ArchiveWriter(tar)
                yield writer
                writer.finish(manifest(), key)
            file.flush()
            os.fsync(file.fileno())
        read_archive(Path(temporary), key=key)
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise BackupError(f"the backup {path} could not be written: {error}. {remedy(error)}") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def read_archive(path: Path, into: Path | None = None, key: bytes | None = None) -> Archive:
    """Check every byte of the archive at ``path``.

    Args:
        into: an empty folder to extract to; use the files only after this returns.
        key: the manifest must be signed with it.

    Raises:
        BackupError: it does not exist, is damaged, has another format, or is not signed with ``key``.
    """
    sums: dict[str, str] = {}
    sizes: dict[str, int] = {}
    last: dict[str, bytes] = {}
    try:
        with tarfile.open(path, mode="r|gz") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                if file is None or not is_name(member.name) or member.name in sums or MANIFEST in last:
                    raise BackupError(f"{path} is damaged: {member.name[:200]!r} does not belong in a backup")
                if member.name in (SUMS, MANIFEST):
                    last[member.name] = file.read(LARGEST_SUMS)
                else:
                    sums[member.name], sizes[member.name] = _copied(file, into / member.name if into else None), member.size
    except FileNotFoundError as error:
        raise BackupError(f"{path} does not exist; name the archive that `steel backup create` wrote") from error
    except BROKEN as error:
        raise BackupError(f"{path} is damaged, or not a backup: {error}. Use another backup") from error
    except OSError as error:
        raise BackupError(f"{path} could not be read: {error}. {remedy(error)}") from error
    return Archive(_checked(path, sums, last, key), sizes)


def is_name(name: str) -> bool:
    """Whether ``name`` is allowed in an archive: a relative path without ``..``, on one line."""
    parts = PurePosixPath(name).parts
    plain = bool(parts) and "/".join(parts) == name and not name.startswith("/")
    return plain and ".." not in parts and not any(ord(notification) < 32 or notification == "\\" for notification in name)


def _checked(path: Path, sums: Mapping[str, str], last: Mapping[str, bytes], key: bytes | None) -> dict[str, Any]:
    """The manifest, if it and the checksums fit the files.

    Raises:
        BackupError: they do not.
    """
    if MANIFEST not in last or SUMS not in last:
        raise BackupError(f"{path} is damaged: it ends before its manifest. Use another backup")
    try:
        manifest = unseal(last[MANIFEST], key)
    except Damaged as error:
        raise BackupError(f"{path}: its manifest is refused: {error}. Use another backup") from error
    if manifest.get("format") != FORMAT:
        raise BackupError(
            f"{path} has format {manifest.get('format')!r}, this release reads {FORMAT}; use the release that wrote it"
        )
    lines = last[SUMS].decode(errors="surrogateescape").split("\n")[:-1]
    stated = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    if hashlib.sha256(last[SUMS]).hexdigest() != manifest["sums"] or set(stated) != set(sums):
        raise BackupError(f"{path} is damaged: the files in it are not those that it lists. Use another backup")
    wrong = sorted(name for name, digest in sums.items() if stated[name] != digest)
    if wrong:
        raise BackupError(
            f"{path} is damaged: {wrong[0]} differs from what was written ({len(wrong)} such files). Use another backup"
        )
    return manifest


def _copied(file: IO[bytes], path: Path | None) -> str:
    """Copy ``file`` to ``path``, if given; return its sha256."""
    sha256 = hashlib.sha256()
    if path is None:
        while block := file.read(BLOCK):
            sha256.update(block)
        return sha256.hexdigest()
    private_folder(path.parent)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
        while block := file.read(BLOCK):
            sha256.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return sha256.hexdigest()
