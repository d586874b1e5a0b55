"""Determines the encoding of a text file, and decodes it.

A byte order mark decides; then zeros in every second place (UTF-16); then UTF-8, which other text does not match by chance.
Otherwise it is one of the older regional encodings. Letter statistics fail on small files such as price tables, whose only words
are in the header, so three rules on the bytes decide, each described where it is.
"""

from __future__ import annotations

import codecs
import re

from steel_assets.sources._files.table import File

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BINARY = "it is not text but something binary; save it as CSV (UTF-8), XLSX or Parquet"
CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
HIGH = re.compile(rb"[\x80-\xff]+")
HANZI = re.compile(rb"(?:[\xa1-\xa9\xb0-\xf7][\xa1-\xfe])+")
TURKISH = frozenset(b"\xd0\xdd\xde\xf0\xfd\xfe")
NAMES = {"utf-8-sig": "UTF-8 with its mark", "utf-8": "UTF-8", "cp1252": "Windows-1252", "cp1254": "Windows-1254 (Turkish)"}


def decoded(file: File, encoding: str | None) -> tuple[str, str, str]:
    """The text of ``file``, its encoding as for ``--encoding``, and in words how it was determined.

    Raises:
        ImportRefused: it is not text, or not in the given encoding.
    """
    name = encoding or _detected(file.content)
    if not encoding and name in ("cp1252", "cp1254", "latin-1", "gb18030") and file.content.count(0):
        raise file.refusal(BINARY)
    try:
        text = file.content.decode(name)
    except UnicodeError as error:
        raise file.refusal(f"it is not text in {name} ({str(error)[:80]}); use another --encoding") from None
    if CONTROLS.search(text):
        raise file.refusal(BINARY)
    return text.removeprefix("\ufeff"), name, NAMES.get(name, name.upper()) + (" (--encoding)" if encoding else "")


def _detected(content: bytes) -> str:
    for mark, name in MARKS:
        if content.startswith(mark):
            return name
    sample = content[:4096]
    even, odd = sample[0::2], sample[1::2]
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if len(sample) > 3 and zeros.count(0) > 0.3 * len(zeros) and not others.count(0):
            return name
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _regional(content)
    return "utf-8"


def _regional(content: bytes) -> str:
    """The regional encoding.

    Chinese (GB18030) has its high bytes in pairs, in words separate from Latin letters, while an accented letter of Windows-1252
    is single and within a word. Turkish differs from it by six letters, which the other languages do not use. Bytes that
    Windows-1252 does not define are read as Latin-1.
    """
    runs = list(HIGH.finditer(content))
    paired = all(HANZI.fullmatch(run[0]) for run in runs)
    within_words = sum(_touches_letters(content, run) for run in runs)
    if paired and 2 * within_words < len(runs):
        return "gb18030"
    for name in ("cp1254",) if TURKISH & set(content) else ("cp1252",):
        try:
            content.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def _touches_letters(content: bytes, run: re.Match[bytes]) -> bool:
    around = content[max(0, run.start() - 1) : run.start()] + content[run.end() : run.end() + 1]
    return any(chr(byte).isalpha() for byte in around if byte < 128)
