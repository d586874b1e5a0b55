"""Whether a file ends as its kind should: the cheapest sign that writing it was finished.

Text ends with a newline, a workbook (a zip) with its directory, an old workbook where its allocation table says, Parquet with its
footer, gzip with its checksum. A file that passes can still be damaged elsewhere.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

ZIPS = frozenset({".xlsx", ".xlsm", ".xlsb", ".ods", ".zip"})
PARQUET = frozenset({".parquet", ".pq"})
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FREE = 0xFFFFFFFF
MOST_UNPACKED = 2**28
"""A gzip file with more content than this is left for the reader to refuse."""


def unfinished(name: str, content: bytes) -> str | None:
    """What is missing at the end of a file, in words; None if it ends as its kind should."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".gz" or content.startswith(b"\x1f\x8b"):
        return None if _gzip_ends(content) else "its gzip stream does not end"
    if suffix in ZIPS or content.startswith(b"PK\x03\x04"):
        return None if _zip_ends(content) else "the directory at the end of a workbook or zip file is missing"
    if suffix in PARQUET or content.startswith(b"PAR1"):
        return None if _parquet_ends(content) else "the footer of a Parquet file is missing"
    if content and OLE.startswith(content[:8]):
        return None if _ole_ends(content) else "it is shorter than its own table of contents says"
    return None if _text_ends(content) else "its last line does not end with a newline"


def _text_ends(content: bytes) -> bool:
    if content.startswith(b"\xff\xfe") or content.endswith((b"\n\x00", b"\r\x00")):
        return content.endswith((b"\n\x00", b"\r\x00"))
    if content.startswith(b"\xfe\xff"):
        return content.endswith((b"\x00\n", b"\x00\r"))
    return content.endswith((b"\n", b"\r"))


def _zip_ends(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return bool(archive.infolist()) or len(content) == 22
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
        return False


def _parquet_ends(content: bytes) -> bool:
    if len(content) < 12 or content[-4:] not in (b"PAR1", b"PARE"):
        return False
    (footer,) = struct.unpack("<I", content[-8:-4])
    return bool(footer <= len(content) - 12)


def _gzip_ends(content: bytes) -> bool:
    rest, unpacked = content, 0
    while rest:
        stream = zlib.decompressobj(wbits=31)
        try:
            while not stream.eof:
                data = stream.decompress(rest, 2**20)
                unpacked += len(data)
                if unpacked > MOST_UNPACKED:
                    return True
                if not data and not stream.unconsumed_tail and not stream.eof:
                    return False
                rest = stream.unconsumed_tail
        except zlib.error:
            return False
        rest = stream.unused_data.lstrip(b"\x00")
    return bool(content)


def _ole_ends(content: bytes) -> bool:
    """Whether every sector that the allocation table uses exists ([MS-CFB] 2.2 and 2.3)."""
    if len(content) < 512:
        return False
    shift, tables = struct.unpack_from("<H", content, 30)[0], struct.unpack_from("<I", content, 44)[0]
    if shift not in (9, 12):
        return True
    size = 1 << shift
    last = 0
    for ordinal, number in enumerate(struct.unpack_from(f"<{min(tables, 109)}I", content, 76)):
        at = (number + 1) * size
        if at + size > len(content):
            return False
        entries = struct.unpack_from(f"<{size // 4}I", content, at)
        last = max([last, *(ordinal * size // 4 + index for index, entry in enumerate(entries) if entry != FREE)])
    return len(content) >= (last + 2) * size
