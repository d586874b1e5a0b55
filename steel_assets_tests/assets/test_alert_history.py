"""What was told is a table, whether every channel has it yet or not."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pandas as pd

from steel_assets.adapters.notifiers import NotSent
from steel_assets.bootstrap import platform
from steel_assets.core.alerts.conditions import Condition
from steel_assets.core.alerts.message import Notification
from steel_assets.core.tables import ALERTS
from steel_assets.settings import Settings
from steel_assets_tests.assets.measured_world import made_of


class Away:
    recipients = ()

    def send(self, notification: Notification) -> dict[str, str]:
        raise NotSent("nobody is there")


def test_the_history_holds_what_was_sent_and_what_still_waits(tmp_path: Path) -> None:
    parts = platform(Settings(home=tmp_path))
    parts.outbox.channels = frozenset({"log", "slack"})
    now = datetime.now(UTC)
    parts.outbox.report([Condition(rule="failed_run", subject="daily", firing=True, moment=now, text="boom")], now)
    away, here = {"slack": Away(), "log": parts.notifiers["log"]}, parts.notifiers | {"slack": parts.notifiers["log"]}
    later = now + timedelta(hours=1)
    for channels, moment, waiting, sent in ((away, now, "slack", "log"), (here, later, None, "log, slack")):
        parts.outbox.deliver(channels, partial(lambda fixed: fixed, moment), "http://ui")
        done = made_of(parts, "alert_history", moment=pd.Timestamp(moment))
        assert done.success
        row = parts.warehouse.read(ALERTS).iloc[0]
        assert (row["waiting_for"], row["sent_over"], row["text"]) == (waiting, sent, "boom")
