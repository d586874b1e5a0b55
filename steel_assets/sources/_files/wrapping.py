"""Compressed files: gzip, or a zip archive with one file. Unpacked up to a limit, never to disk."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import PurePath

from steel_assets.sources._files.archive import DENSEST, SMALL, check_density
from steel_assets.sources._files.table import LARGEST_BYTES, MIB, File

WRAPPINGS = (".gz", ".zip")
ENCRYPTED = 0x1


def unwrapped(file: File) -> tuple[File, str, str]:
    """The file inside, the ending of its name (lower case), and the compression in words (empty without).

    Raises:
        ImportRefused: damaged, protected, too large, or a zip archive of several files.
    """
    name = PurePath(file.name)
    ending = name.suffix.lower()
    if ending == ".gz":
        return _inside(file, name.stem, _gunzip(file), "out of a .gz")
    if ending == ".zip":
        inside, content = _only_member(file)
        return _inside(file, inside, content, f"{inside!r}, alone in a .zip")
    return file, ending, ""


def _inside(file: File, name: str, content: bytes, words: str) -> tuple[File, str, str]:
    ending = PurePath(name).suffix.lower()
    if ending in WRAPPINGS:
        raise file.refusal("it is an archive within an archive; unpack it once")
    if not ending:
        raise file.refusal(f"the name of what it holds, {name!r}, does not say what it is; name it for example prices.csv.gz")
    return File(file.name, content), ending, words


def _gunzip(file: File) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(file.content)) as stream:
            content = stream.read(min(LARGEST_BYTES, max(SMALL, DENSEST * len(file.content))) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise file.refusal(f"it is not a whole .gz file ({type(error).__name__}); compress it again") from None
    check_density(file, len(file.content), len(content), whole=False)
    if len(content) > LARGEST_BYTES:
        raise file.refusal(f"it would unpack to more than {LARGEST_BYTES // MIB} MiB; split it")
    return content


def _only_member(file: File) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir() and not _is_clutter(info.filename)]
            if len(members) != 1:
                held = ", ".join(info.filename[:60] for info in members[:10]) or "nothing"
                raise file.refusal(f"a .zip must hold one table alone, this one holds {held}; unpack it and name one")
            [member] = members
            if member.flag_bits & ENCRYPTED:
                raise file.refusal("the .zip is protected by a password; unpack it first")
            if member.file_size > LARGEST_BYTES:
                raise file.too_large(member.file_size)
            check_density(file, member.compress_size, member.file_size)
            with archive.open(member) as stream:
                content = stream.read(LARGEST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if not isinstance(error, ValueError) or isinstance(error, UnicodeError):
            raise file.refusal(f"it is not a whole .zip file ({type(error).__name__}); compress it again") from None
        raise
    if len(content) > LARGEST_BYTES:
        raise file.too_large(len(content))
    return PurePath(member.filename).name, content


def _is_clutter(name: str) -> bool:
    """What macOS and file managers add to an archive."""
    return name.startswith("__MACOSX/") or PurePath(name).name.startswith(".")
