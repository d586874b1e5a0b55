"""Texts of alerts that belong to no rule, and their translation; texts of rules are in the catalogue.

A text stands in English where it is used. Its Spanish is in the message catalogue (gettext) in ``locale/``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from steel_assets.core.words import Language, Words, phrase

LOCALE = Path(__file__).parent / "locale"

SIMULATED = phrase("SIMULATED DATA")
REPEATED = phrase("Sent again after an interruption: you may have it already.")
FOOTER = phrase("Steel Assets. `steel alerts silence` holds messages back during maintenance.")
MORE_MESSAGES = phrase("and {0} more: `steel alerts list --history`")
TO_DO = phrase("What to do")
DO = phrase("Do")

SEVERITIES = {"low": phrase("low"), "medium": phrase("medium"), "high": phrase("high"), "critical": phrase("critical")}

BEFORE_TITLE = {
    "escalated": phrase("Worse: "),
    "grown": phrase("Also: "),
    "reminder": phrase("Still open: "),
    "unanswered": phrase("Nobody has answered: "),
    "recovered": phrase("Over: "),
}
"""Prefix of the title, by kind of event; other kinds have none."""

SIDES = {"above": phrase("above"), "below": phrase("below")}
"""The side of its level on which a price is."""

ODDS_OF = {
    "by": phrase("at any close up to {0}"),
    "on": phrase("on {0}"),
    "average": phrase("on average of {0}"),
}
"""What the odds of a price watch are about."""

CALLED = {
    # Jobs.
    "daily_data_update": phrase("the daily update"),
    "weekly_retraining": phrase("the weekly retraining"),
    "morning_report": phrase("the morning mail"),
    "performance_monitoring": phrase("the six-hourly monitoring"),
    "data_collection": phrase("the collection"),
    "wrap_up": phrase("the summing up of all markets"),
    "stored_data_pipeline": phrase("the run on imported files"),
    # Stages, by the asset that is one.
    "market_daily": phrase("the daily prices"),
    "market_weekly": phrase("the weekly prices"),
    "market_monthly": phrase("the monthly prices"),
    "data_quality": phrase("the assessment of the data"),
    "market_features": phrase("the features"),
    "market_analysis": phrase("the analysis of the past"),
    "candidate_models": phrase("the training"),
    "validation_scores": phrase("the validation"),
    "promotions": phrase("the promotion"),
    "forecasts": phrase("the forecast"),
    "explanations": phrase("the explanation of the forecast"),
    "publication": phrase("what the service answers from"),
    "price_watches": phrase("the look at price watches"),
    "system_metrics": phrase("the platform's own figures"),
    "predictions_vs_reality": phrase("the comparison with what happened"),
    "metrics_daily": phrase("the measurement"),
    "drift": phrase("the measurement of drift"),
    "alert_history": phrase("the history of alerts"),
    # Checks that have no words of their own.
    "acceptance_mape": phrase("acceptance by MAPE"),
    "acceptance_r2": phrase("acceptance by R²"),
    "acceptance_rmse": phrase("acceptance by RMSE"),
    # Channels.
    "slack": phrase("Slack"),
    "email": phrase("e-mail"),
    "sms": phrase("text message"),
    "webhook": phrase("the webhook"),
    "log": phrase("the log file"),
    # Figures that may be unknown, and what they are of.
    "mape": phrase("The forecast error"),
    "mape_increase": phrase("The rise of the forecast error"),
    "drift_score": phrase("The drift"),
    "cost_daily": phrase("The cost of a day"),
    "budget_share": phrase("The share of the budget that is spent"),
    "latency_seconds": phrase("The time an answer takes"),
    "error_rate": phrase("The share of requests that fail"),
    "downtime_share": phrase("The availability"),
    "cpu_usage": phrase("The use of the processors"),
    "memory_usage": phrase("The use of the memory"),
    "disk_usage": phrase("The use of the disk"),
    "this machine": phrase("this machine"),
    "prediction service": phrase("the prediction service"),
}
"""Names for people, of jobs, assets, checks, channels and figures."""


@lru_cache
def _words(language: Language) -> Words:
    return Words(language, LOCALE)


def say(language: Language, text: str, *values: object, **named: object) -> str:
    """The English ``text`` translated to ``language``, with ``values`` and ``named`` filled in."""
    return _contracted(language, _words(language)(text, *values, **named))


def say_many(language: Language, singular: str, several: str, number: int, *values: object) -> str:
    """As ``say``, choosing the singular or plural text by ``number``, which is not filled in."""
    return _contracted(language, _words(language).many(singular, several, number, *values))


def called(language: Language, name: str) -> str:
    """The name for people of ``name``; without one, ``name`` with spaces for underscores."""
    return say(language, CALLED[name]) if name in CALLED else name.replace("_", " ")


def _contracted(language: Language, text: str) -> str:
    return text.replace(" de el ", " del ") if language == "es" else text
