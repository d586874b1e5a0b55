"""The shipped rules, and a small world to try them in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from steel_assets.catalog import load_catalog
from steel_assets.core.alerts.rules import Rulebook

MORNING = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
EVERYWHERE = frozenset({"log", "webhook", "slack", "email", "sms"})


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return load_catalog().rulebook


@pytest.fixture
def adjusted(rulebook: Rulebook) -> Callable[..., Rulebook]:
    """The shipped rules with one of them changed."""

    def change(rule: str, **news: object) -> Rulebook:
        changed = rulebook.rules[rule].model_copy(update=news)
        return rulebook.model_copy(update={"rules": {**rulebook.rules, rule: changed}})

    return change
