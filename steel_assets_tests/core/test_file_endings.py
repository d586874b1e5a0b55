"""A file that ends as its kind ends, and one that does not yet: cut anywhere, it is unfinished."""

from __future__ import annotations

import gzip
import io
import zipfile

import pandas as pd
import pytest

from steel_assets.core.file_endings import unfinished
from steel_assets.core.plain_yaml import NotPlain, load_plain

FRAME = pd.DataFrame({"date": pd.date_range("2024-01-02", periods=300).astype(str), "close": range(300)})
TEXT = FRAME.to_csv(index=False).encode()


def workbook() -> bytes:
    buffer = io.BytesIO()
    FRAME.to_excel(buffer, index=False)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    FRAME.to_parquet(buffer)
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("prices.csv", TEXT)
    return buffer.getvalue()


def old_workbook(sectors: int = 20) -> bytes:
    """An OLE file of one allocation table and ``sectors`` sectors, the table itself the first of them."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32], header[44:48] = (9).to_bytes(2, "little"), (1).to_bytes(4, "little")
    header[76:512] = b"\xff" * 436
    header[76:80] = (0).to_bytes(4, "little")
    table = b"".join((0xFFFFFFFE if number < sectors else 0xFFFFFFFF).to_bytes(4, "little") for number in range(128))
    return bytes(header) + table + bytes(512 * (sectors - 1))


WHOLE = {
    "prices.csv": TEXT,
    "prices.TXT": TEXT.replace(b"\n", b"\r"),
    "utf16.csv": TEXT.decode().encode("utf-16"),
    "utf16be.csv": b"\xfe\xff" + TEXT.decode().encode("utf-16-be"),
    "prices.xlsx": workbook(),
    "prices.parquet": parquet(),
    "prices.csv.gz": gzip.compress(TEXT, mtime=0),
    "twice.csv.gz": gzip.compress(TEXT[:100], mtime=0) + gzip.compress(TEXT[100:], mtime=0),
    "prices.zip": zipped(),
    "prices.xls": old_workbook(),
    "really_text.xls": TEXT,
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_of_any_kind_is_finished(name: str) -> None:
    assert unfinished(name, WHOLE[name]) is None


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_in_the_middle_is_not(name: str) -> None:
    content = WHOLE[name]
    for share in (0.0, 0.05, 0.3, 0.5, 0.77, 0.95, 0.999):
        cut = content[: int(share * len(content))]
        while cut and cut.endswith((b"\n", b"\r", b"\n\x00")):
            cut = cut[:-1]  # a text that was cut between two lines cannot be told by its end
        assert unfinished(name, cut), f"{share} of {name}"


def test_a_mapping_is_plain_keys_and_values() -> None:
    assert load_plain(b"series: lme_rebar_m01\nwhere: {product: rebar}\n") == {
        "series": "lme_rebar_m01",
        "where": {"product": "rebar"},
    }
    assert load_plain(b"") is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a: &a [1, 2]\nb: *a\n", "anchor"),
        (b"a: &a {b: 1}\n", "anchor"),
        (b"<<: {series: x}\n", "merge"),
        (b"series: !!python/object:os.system {}\n", "tag"),
        (b"a: " + b"[" * 60_000, "nested deeper"),
        (b"a: " + b"{b: " * 9 + b"1" + b"}" * 9, "nested deeper"),
        (b"#" * 70_000, "64 KiB"),
        (b"- [", "not YAML"),
        (b"\xff\xfe\x00", "not YAML"),
        (b"when: 2024-99-99\n", "not YAML"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_before_it_is_built(content: bytes, why: str) -> None:
    with pytest.raises(NotPlain, match=why):
        load_plain(content)
