"""Opens a file as a table, after checking that its content fits its name."""

from __future__ import annotations

from dataclasses import dataclass

from steel_assets.sources._files import ods, xls, xlsb, xlsx
from steel_assets.sources._files.delimited import DelimitedTable
from steel_assets.sources._files.markup import is_markup, open_markup
from steel_assets.sources._files.options import FileMapping
from steel_assets.sources._files.parquet import ParquetTable
from steel_assets.sources._files.sheets import chosen
from steel_assets.sources._files.table import File, FileTable
from steel_assets.sources._files.wrapping import WRAPPINGS, unwrapped

TEXTS = (".csv", ".tsv", ".txt")
ZIPPED_WORKBOOKS = {".xlsx": xlsx.sheets, ".xlsm": xlsx.sheets, ".xlsb": xlsb.sheets, ".ods": ods.sheets}
PARQUETS = (".parquet", ".pq")
ENDINGS = (*TEXTS, *ZIPPED_WORKBOOKS, ".xls", *PARQUETS)
ZIP, PARQUET, OLD_OFFICE = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"
WHAT = {
    **dict.fromkeys(TEXTS, "a CSV file"),
    **dict.fromkeys((*ZIPPED_WORKBOOKS, ".xls"), "an Excel workbook"),
    **dict.fromkeys(PARQUETS, "a Parquet file"),
    ".ods": "a LibreOffice workbook",
}


@dataclass(frozen=True)
class Opened:
    """A table, what was assumed to open it, and the encoding if it is text."""

    file: File
    table: FileTable
    assumed: dict[str, str]
    encoding: str | None = None


def opened(file: File, options: FileMapping) -> Opened:
    """The table of ``file``.

    Raises:
        ImportRefused: it is empty, damaged, protected, of another kind than its name says, or has no table.
    """
    _check_filled(file)
    inside, ending, wrapping = unwrapped(file)
    if ending not in ENDINGS:
        also = f", each also with {' or '.join(WRAPPINGS)} behind it"
        raise file.refusal(f"its name must end in one of {', '.join(ENDINGS)}{also}")
    _check_filled(inside)
    found = _kind(inside, ending, options)
    assumed = {"wrapping": wrapping} if wrapping else {}
    return Opened(inside, found.table, {**assumed, **found.assumed}, found.encoding)


def _check_filled(file: File) -> None:
    if not file.content.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise file.refusal("it is empty")


def _kind(file: File, ending: str, options: FileMapping) -> Opened:
    content = file.content
    if content.startswith(OLD_OFFICE):
        if ending != ".xls":
            raise file.refusal(
                "it is protected by a password, or an old .xls; save it as .xlsx without a password, or name it .xls"
            )
        return _workbook(file, xls.sheets(file), options)
    if content.startswith(ZIP) and ending in (*ZIPPED_WORKBOOKS, ".xls"):
        return _workbook(file, ZIPPED_WORKBOOKS.get(ending, xlsx.sheets)(file), options)
    if options.sheet is not None:
        raise file.refusal(f"--sheet is for Excel workbooks, this is {_what(file, ending)}; leave it out")
    if content.startswith(PARQUET) and ending in PARQUETS:
        return Opened(file, ParquetTable(file), {})
    if content.startswith((ZIP, PARQUET)) or ending not in (*TEXTS, ".xls"):
        raise file.refusal(f"by its name it is {WHAT[ending]}, by its content it is not; save it again in the right format")
    if ending == ".xls" and is_markup(content):
        table = open_markup(file, options.encoding)
        return Opened(file, table, table.assumed, options.encoding)
    text = DelimitedTable(file, options.encoding)
    named = {"format": "text, although it is named .xls"} if ending == ".xls" else {}
    return Opened(file, text, {**named, **text.assumed}, text.encoding)


def _workbook(file: File, sheets: list, options: FileMapping) -> Opened:  # type: ignore[type-arg]
    table, words = chosen(file, sheets, options.sheet)
    return Opened(file, table, {"sheet": words, **table.assumed})


def _what(file: File, ending: str) -> str:
    return WHAT[ending] if ending != ".xls" else "a text"
