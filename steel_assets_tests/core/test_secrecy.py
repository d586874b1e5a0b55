"""A key is found in every writing of it that a provider, a library or a log may use."""

from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steel_assets.core.secrecy import BLOT, blotted, holds

KEY = "aB3/x+Z=é&'\"\\9"


def writings(key: str) -> dict[str, bytes]:
    raw = key.encode()
    return {
        "plain": raw,
        "url": quote(key, safe="").encode(),
        "url in lower case": quote(key, safe="").lower().encode() if key.islower() else quote(key, safe="").encode(),
        "url twice": quote(quote(key, safe=""), safe="").encode(),
        "url three times": quote(quote(quote(key, safe=""), safe=""), safe="").encode(),
        "url of a form": quote_plus(key).encode(),
        "json": json.dumps(key)[1:-1].encode(),
        "json with slashes escaped": json.dumps(key)[1:-1].replace("/", "\\/").encode(),
        "json in json": json.dumps(json.dumps(key)[1:-1])[1:-1].encode(),
        "json, all escaped": "".join(f"\\u{ord(character):04x}" for character in key).encode(),
        "json, all escaped in capitals": "".join(f"\\u{ord(character):04X}" for character in key).encode(),
        "html": html.escape(key).encode(),
        "html numbers": "".join(f"&#{ord(character)};" for character in key).encode(),
        "html hexadecimal": "".join(f"&#x{ord(character):x};" for character in key).encode(),
        "all percent": "".join(f"%{byte:02x}" for byte in raw).encode(),
    }


@pytest.mark.parametrize("way", sorted(writings(KEY)))
def test_every_escape_of_a_key_is_blotted_out_and_the_rest_stays(way: str) -> None:
    written = writings(KEY)[way]
    assert blotted(b"before " + written + b" after " + written, KEY) == b"before " + BLOT + b" after " + BLOT
    assert holds(b"x" + written, KEY)


@pytest.mark.parametrize("coded", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"user:", b"apikey="])
@pytest.mark.parametrize("after", [b"", b"!", b"!!", b" and more"])
def test_a_key_inside_of_base64_is_found_wherever_it_begins(coded: object, before: bytes, after: bytes) -> None:
    key = "k3y?>of~a/provider+1"
    text = coded(before + key.encode() + after)  # type: ignore[operator]
    left = blotted(b"Basic " + text, key)
    assert BLOT in left
    assert len(left.replace(BLOT, b"")) <= len(b"Basic ") + len(text) - len(key)


def test_what_is_no_key_stays_as_it_is() -> None:
    for content in (b"", b"the price is 571.25", KEY.encode()[:-1], b"\xff\x00" * 50):
        assert blotted(content, KEY) == content


@given(st.text(st.characters(blacklist_categories=("Cs",)), min_size=6, max_size=40), st.binary(max_size=30))
def test_any_key_is_found_in_any_surroundings(key: str, around: bytes) -> None:
    assert key.encode() not in blotted(around + key.encode() + around, key) or key.encode() in BLOT


def test_looking_costs_time_that_grows_with_the_length_and_no_faster() -> None:
    def seconds(length: int) -> float:
        content = (b"%25" * 5 + b"\\" * 5 + b"a%25") * (length // 14)
        began = time.process_time()
        blotted(content, "a%secret\\key")
        return time.process_time() - began

    seconds(1000)
    assert seconds(400_000) < 20 * max(seconds(100_000), 0.001)
