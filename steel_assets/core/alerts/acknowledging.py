"""Acknowledges incidents, and keeps an audit line of everything that people do about incidents."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from steel_assets.core.alerts.alert_state import AlertState
from steel_assets.core.alerts.incidents import Acknowledgement, Case
from steel_assets.core.types import Declaration

Deed = Literal["acknowledged", "silenced", "silence ended"]


class AuditLine(Declaration):
    """An action of a person; ``about`` names the cause or the silence."""

    id: str
    at: AwareDatetime
    by: str
    did: Deed
    about: str
    note: str = ""


def acknowledged(alert_state: AlertState, name: str, given: Acknowledgement) -> tuple[AlertState, list[Case]]:
    """``alert_state`` with ``given`` on each unacknowledged case with this id or cause, and those cases as they were before."""
    fitting = [case for case in alert_state.cases if name in (case.id, case.cause) and case.acknowledged is None]
    ids = {case.id for case in fitting}
    cases = tuple(case.model_copy(update={"acknowledged": given}) if case.id in ids else case for case in alert_state.cases)
    return (alert_state.model_copy(update={"cases": cases}) if ids else alert_state), fitting
