"""Workbooks that are zip archives: sizes are limited by the archive's directory, then by counting, before parsing.

An XML element of four bytes becomes an object of hundreds, and deflate packs a thousand elements into one byte, so the expanded
size depends on how densely parts are packed and on the number of their elements. The limit of density, 1 : 100, is that of Apache
POI (``ZipSecureFile``), which is proven on real workbooks.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from steel_assets.sources._files.table import LARGEST_BYTES, MIB, File, ImportRefused

MOST_PARTS = 10_000
DENSEST = 100
"""Largest ratio of unpacked to packed size, for content larger than ``SMALL``."""

SMALL = MIB
MOST_MARKS = 20_000_000
"""Largest number of ``<`` in an XML part. A cell with a value has four."""

ENTITIES = (b"<!DOCTYPE", b"<!ENTITY")
PICTURE = ".svg"
"""A logo may define entities. A sheet with this ending is still subject to expat's own limit of expanded entities."""


def archive_parts(file: File) -> frozenset[str]:
    """The names of the parts of a workbook, after checking their sizes.

    All parts are checked, whatever their names, because the workbook itself states which of them are sheets.

    Raises:
        ImportRefused: damaged; too many parts, too large, too densely packed, too many elements; or with entities of its own.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise file.refusal(
                    f"it has {len(parts):,} parts, more than {MOST_PARTS:,}; keep the table alone, in a new workbook"
                )
            unpacked = sum(part.file_size for part in parts)
            if unpacked > LARGEST_BYTES:
                raise file.too_large(unpacked)
            for part in parts:
                check_density(file, part.compress_size, part.file_size, f"its part {part.filename[:80]!r}")
            for part in parts:
                _check_marks(file, part.filename, _chunks(archive, part))
    except ImportRefused:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as error:
        raise damaged(file, error) from error
    return frozenset(part.filename for part in parts)


def check_density(file: File, packed: int, unpacked: int, what: str = "it", *, whole: bool = True) -> None:
    """Refuse content that is packed more densely than any table. ``whole``: False if there is more of it."""
    if unpacked > max(SMALL, DENSEST * packed):
        more = "" if whole else " or more"
        raise file.refusal(
            f"{what} would unpack from {packed:,} bytes to {unpacked:,}{more}, more than {DENSEST} times as many, as no table "
            "does; keep the table alone, in a new file"
        )


def damaged(file: File, error: Exception) -> ImportRefused:
    """The error for a workbook that cannot be opened.

    Raises:
        MemoryError: memory is exhausted, so the workbook may be intact.
    """
    if isinstance(error, MemoryError) or "out of memory" in str(error):  # expat's only sign of exhausted memory
        raise MemoryError from error
    return file.refusal(f"the workbook is damaged ({type(error).__name__}); open it in Excel and save it again")


def _chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as stream:
        while chunk := stream.read(MIB):
            yield chunk


def _check_marks(file: File, name: str, chunks: Iterator[bytes]) -> None:
    """Count the marks in any encoding: those that expat reads contain ASCII's characters, at most with zeros between."""
    marks, end = 0, b""
    for chunk in chunks:
        plain = chunk.replace(b"\0", b"")
        marks += plain.count(b"<")
        if marks > MOST_MARKS:
            raise file.refusal(
                f"its part {name[:80]!r} has more than {MOST_MARKS:,} XML tags; keep the table alone, in a new workbook"
            )
        if not name.lower().endswith(PICTURE) and any(word in end + plain for word in ENTITIES):
            raise file.refusal(
                f"its part {name[:80]!r} defines XML entities, as no program does; save it again in Excel or LibreOffice"
            )
        end = plain[-16:]
