"""Renders pages from templates, with texts, formats and addresses of static files."""

from __future__ import annotations

import hashlib
import json
import marshal
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket, bc_magic

from steel_assets.adapters.machine.disk import write_private
from steel_assets.core import words as spoken
from steel_assets.core.words import LANGUAGES, phrase
from steel_assets.serving.words import PageWords

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


SIGNED = hashlib.sha256().digest_size
"""Bytes of the digest before a compiled template."""


class CompiledTemplates(BytecodeCache):
    """Compiled templates, kept where Python keeps what it compiled of the files in a folder, and in its manner.

    Compiling them takes a fifth of a second of each process. What is kept counts only for the same text, Python and Jinja; where
    nothing can be written, or nothing shall be (``PYTHONDONTWRITEBYTECODE``), they are compiled anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what is kept of a template, where it is what was written. Jinja asks for this."""
        with suppress(OSError):
            content = self._place(bucket).read_bytes()
            if content[:SIGNED] == _signed(bucket, content[SIGNED:]):
                bucket.code = marshal.loads(content[SIGNED:])  # noqa: S302  what this machine compiled, as Python's own .pyc

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled of a template. Jinja asks for this."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                place, compiled = self._place(bucket), marshal.dumps(bucket.code)
                place.parent.mkdir(parents=True, exist_ok=True)
                write_private(place, _signed(bucket, compiled) + compiled)

    def _place(self, bucket: Bucket) -> Path:
        return Path(cache_from_source(str(self._folder / f"{bucket.key}.py"))).with_suffix(".jinja")


def _signed(bucket: Bucket, compiled: bytes) -> bytes:
    """A digest of what was compiled, of the text that it was compiled from, and of Python's and Jinja's release."""
    return hashlib.sha256(bc_magic + bucket.checksum.encode() + compiled).digest()


@lru_cache(maxsize=1)
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=CompiledTemplates(TEMPLATES),
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
    words = PageWords(language)

    def link(**changes: str) -> str:
        kept = {name: value for name, value in query.items() if name in ("market", "horizon")}
        return "?" + urlencode({**kept, **changes})

    spoken_in = {"t": words, "language": language, "languages": LANGUAGES}
    return _templates().get_template(template).render(**spoken_in, link=link, **context)
