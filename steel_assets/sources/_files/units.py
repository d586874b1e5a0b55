"""Units written around values, and whether they fit the series.

A currency, a mass, a percent sign; thousands or millions (``1.5K``, ``1,21M``, ``0.5万``), as price tables write volumes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from steel_assets.core.types import Series
from steel_assets.sources._files.names import words

DOLLARS_AND_PESOS = frozenset({"USD", "MXN", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "ARS", "CLP", "COP", "UYU", "DOP"})
CODES = words(
    """USD EUR GBP JPY CNY CNH MXN CAD AUD NZD CHF SEK NOK DKK PLN CZK HUF RON TRY BRL ARS CLP COP PEN UYU DOP INR IDR KRW TWD HKD
    SGD THB VND MYR PHP ZAR EGP AED SAR QAR IRR RUB UAH KZT ILS PKR BDT NGN"""
)
CURRENCIES: dict[str, frozenset[str]] = {
    **{code.casefold(): frozenset({code}) for code in CODES},
    "$": DOLLARS_AND_PESOS,
    **dict.fromkeys(("us$", "u$s", "usd$", "dollar", "dollars"), frozenset({"USD"})),
    **dict.fromkeys(("mx$", "mex$", "mxn$", "m.n.", "mn"), frozenset({"MXN"})),
    **dict.fromkeys(("€", "euro", "euros"), frozenset({"EUR"})),
    **dict.fromkeys(("cnh", "rmb", "元", "yuan", "人民币"), frozenset({"CNY", "CNH"})),
    **dict.fromkeys(("¥", "￥"), frozenset({"CNY", "CNH", "JPY"})),
    **dict.fromkeys(("₺", "tl"), frozenset({"TRY"})),
    **dict.fromkeys(("₹", "rs", "rs."), frozenset({"INR", "PKR"})),
    "£": frozenset({"GBP"}),
    "r$": frozenset({"BRL"}),
    "₽": frozenset({"RUB"}),
    "₩": frozenset({"KRW"}),
    "₫": frozenset({"VND"}),
}
TONS = frozenset({"t", "short_ton", "long_ton"})
QUANTITIES: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        ("t", "mt", "tm", "tonne", "tonnes", "metric ton", "dmt", "wmt", "tonelada", "toneladas", "吨"), frozenset("t")
    ),
    **dict.fromkeys(("ton", "tons"), TONS),
    **dict.fromkeys(("st", "s/t", "nt", "short ton", "short_ton"), frozenset({"short_ton"})),
    **dict.fromkeys(("lt", "l/t", "long ton", "long_ton"), frozenset({"long_ton"})),
    **dict.fromkeys(("lb", "lbs", "pound"), frozenset({"lb"})),
    **{unit: frozenset({unit}) for unit in ("kg", "cwt", "oz", "bbl", "mmbtu")},
}
PERCENT = frozenset({"%", "pct", "percent"})


def joined_unit(parts: Sequence[str]) -> str | None:
    """The unit around a value, in lower case: ``us$`` and ``/t`` are ``us$/t``, ``$`` and ``mxn`` are ``mxn``.

    Returns:
        Empty for no parts, None if they are not a unit.
    """
    if not parts:
        return ""
    if len(parts) == 2 and all(part in CURRENCIES for part in parts):
        first, second = (CURRENCIES[part] for part in parts)
        return parts[1] if second <= first else parts[0] if first <= second else None
    together = "".join(parts) if len(parts) == 1 or parts[-1].startswith("/") else "/".join(parts)
    return together if len(parts) < 3 and (together in PERCENT or _parts(together) is not None) else None


def contradiction(text: str, series: Series) -> str | None:
    """Why ``text`` (of ``joined_unit``) is not the unit of ``series``; None if it can be.

    A series without a unit is not in the catalogue: the file is previewed before the series is declared.
    """
    if not series.unit:
        return None
    if text in PERCENT:
        fits = series.unit in ("percent", "index")
    else:
        currency, quantity = _parts(text) or ("", "")
        mine, _, per = series.unit.partition("/")
        fits = (not currency or (mine in CURRENCIES[currency] or (per.isupper() and per in CURRENCIES[currency]))) and (
            not quantity or per in QUANTITIES[quantity]
        )
    return None if fits else f"the cells say {text!r}, the series is in {series.unit}"


def _parts(text: str) -> tuple[str, str] | None:
    """Currency and quantity of a unit; either is empty if it is not stated."""
    currency, slash, quantity = (part.strip() for part in re.sub(r"\s+(?:per|por|pro|je)\s+", "/", text).partition("/"))
    if (currency and currency not in CURRENCIES) or (quantity and quantity not in QUANTITIES) or (slash and not quantity):
        return None
    return (currency, quantity) if currency or quantity else None


FACTORS = {
    **dict.fromkeys(("K", "k", "mil", "thousand", "Tsd", "Tsd."), 10**3),
    **dict.fromkeys(("M", "m", "mn", "mln", "mio", "Mio", "Mio.", "MM", "million", "millones"), 10**6),
    **dict.fromkeys(("B", "bn", "billion"), 10**9),
    "千": 10**3,
    "万": 10**4,
    "亿": 10**8,
}
LONGEST = 40
MULTIPLE = re.compile(
    rf"[+-]?(?P<number>[0-9][0-9.,' ]*?)\s?(?P<word>{'|'.join(map(re.escape, FACTORS))})(?P<unit>\s[a-z/]{{1,5}})?"
)
READINGS = {".": re.compile(r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?"), ",": re.compile(r"[0-9]+(?:\.[0-9]{3})*(?:,[0-9]+)?")}


def multiplied(cell: object) -> str:
    """What a number with such a word behind it could be, in digits; empty for all other cells."""
    found = MULTIPLE.fullmatch(cell.strip()) if isinstance(cell, str) and len(cell) <= LONGEST else None
    if found is None:
        return ""
    number = re.sub(r"[' ]", "", found["number"])
    values = [
        Decimal(number.replace("," if decimal == "." else ".", "").replace(decimal, ".")) * FACTORS[found["word"]]
        for decimal, pattern in READINGS.items()
        if pattern.fullmatch(number)
    ]
    return " or ".join(dict.fromkeys(f"{value.normalize():,f}" for value in values))
