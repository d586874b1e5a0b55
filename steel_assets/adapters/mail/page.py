"""The morning mail as HTML and as plain text, from the templates of this package."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from steel_assets.adapters.mail import wording
from steel_assets.adapters.mail.fan import fan
from steel_assets.adapters.mail.wording import MailWords
from steel_assets.core import words as formats
from steel_assets.core.report import Report

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in ("price", "share", "signed_share", "direction", "capitalized"):
        templates.filters[name] = getattr(formats, name)
    templates.globals["wording"] = wording
    return templates


def pictures(report: Report, language: str) -> dict[str, bytes]:
    """Market → its fan chart as PNG, of those that have a forecast."""
    drawn = {market.id: fan(market, MailWords(language)) for market in report.markets}
    return {market: picture for market, picture in drawn.items() if picture is not None}


def text(report: Report, language: str) -> str:
    """The mail as plain text, with the same figures."""
    return _rendered("morning.txt", report, language, {})


def page(report: Report, language: str, pictures: dict[str, bytes], address: Callable[[str], str]) -> str:
    """The mail as HTML.

    Args:
        pictures: by market.
        address: the address of a picture, given its market: ``cid:…`` in an e-mail.
    """
    made = _rendered("morning.html", report, language, {market: address(market) for market in pictures})
    return made.replace(" %", "\N{NO-BREAK SPACE}%")  # a phone would break the line between the two


def whole_page(report: Report, language: str) -> str:
    """The mail as one HTML file that includes its pictures."""
    drawn = pictures(report, language)
    return page(report, language, drawn, lambda market: f"data:image/png;base64,{base64.b64encode(drawn[market]).decode()}")


def _rendered(template: str, report: Report, language: str, addresses: dict[str, str]) -> str:
    words = MailWords(language)
    return _templates().get_template(template).render(report=report, t=words, language=words.language, pictures=addresses)
