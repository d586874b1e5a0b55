"""Renders pages from templates, with texts, formats and addresses of static files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from steel_assets.core import words as spoken
from steel_assets.core.words import LANGUAGES, phrase
from steel_assets.serving.words import Words

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


STATES = {"green": phrase("All is well"), "yellow": phrase("Needs attention"), "red": phrase("Something is wrong")}
SEVERITIES = {"low": phrase("low"), "medium": phrase("medium"), "high": phrase("high"), "critical": phrase("critical")}
DECISIONS = {"promoted": phrase("promoted"), "rejected": phrase("rejected"), "rolled_back": phrase("rolled back")}
SUBJECTS = {
    "all": phrase("All together"),
    "features": phrase("What the models read"),
    "returns": phrase("Price moves"),
    "errors": phrase("Forecast errors"),
}
"""Texts for the values of some fields."""

TABS = {
    "forecast": phrase("Forecast"),
    "averages": phrase("Averages and odds"),
    "plan": phrase("Plan"),
    "analysis": phrase("Analysis"),
    "accuracy": phrase("Accuracy"),
    "operations": phrase("Operations"),
}
"""The tabs of the page, by their ``#tab=`` in its address; ``static/`` uses the same."""


@lru_cache(maxsize=1)
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in ("price", "share", "signed_share", "signed", "direction", "money", "figure", "capitalized"):
        templates.filters[name] = getattr(spoken, name)
    templates.filters["pretty_json"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    templates.globals["static"] = _static
    templates.globals |= {"states": STATES, "severities": SEVERITIES, "decisions": DECISIONS, "subjects": SUBJECTS, "tabs": TABS}
    return templates


@lru_cache
def _static(name: str) -> str:
    """Address of a file of ``static/`` that changes with its content, so that browsers do not mix old and new versions."""
    return f"/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def rendered(template: str, language: str, query: Mapping[str, str], **context: Any) -> str:
    """A page; its links keep the market and the horizon of the address's ``query``."""
    words = Words(language)

    def link(**changes: str) -> str:
        kept = {name: value for name, value in query.items() if name in ("market", "horizon")}
        return "?" + urlencode({**kept, **changes})

    spoken_in = {"t": words, "language": language, "languages": LANGUAGES}
    return _templates().get_template(template).render(**spoken_in, link=link, **context)
