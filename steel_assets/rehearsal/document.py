"""``docs/alerts-rehearsal.md``: every message of every scenario in both languages, as the receivers got it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.written import local
from steel_assets.rehearsal.play import Arrived, Rehearsal

HEAD = """# What alerts say: a rehearsal

Written by `steel alerts rehearse all --document docs/alerts-rehearsal.md`; a test compares it. Thirteen kinds of trouble are
played in simulated time through the real rules, outbox and channels, to receivers on one machine. What the sensors would report
is scripted (`steel_assets/rehearsal/scenarios.py`); that they do report it so is what their own tests hold. The command also
writes a page that shows each message as Slack, a mail program and a phone do. Here are mails and text messages; Slack has the
same words.

At most {most} messages about one incident arrive over any channel within any seven days, and nothing that was wrong for long
enough to be told is missing from them:

"""


def document(rehearsals: Sequence[Rehearsal], rulebook: Rulebook) -> str:
    """``rehearsals``, every scenario in every language, as Markdown."""
    most = max(count for rehearsal in rehearsals for count in rehearsal.busiest_week.values())
    rows = ["| scenario | Slack | e-mail | text message | missing |", "|---|---|---|---|---|"]
    for entry in (rehearsal for rehearsal in rehearsals if rehearsal.language == "en"):
        counts = entry.busiest_week
        rows.append(
            f"| {entry.scenario.title} | {counts['slack']} | {counts['email']} | {counts['sms']} | {len(entry.missing)} |"
        )
    parts = [HEAD.format(most=most) + "\n".join(rows)]
    for scenario in dict.fromkeys(rehearsal.scenario.id for rehearsal in rehearsals):
        here = [rehearsal for rehearsal in rehearsals if rehearsal.scenario.id == scenario]
        parts.append(f"## {here[0].scenario.title}")
        parts += [_notifications(rehearsal, rulebook) for rehearsal in here]
    return "\n\n".join(parts) + "\n"


def _notifications(rehearsal: Rehearsal, rulebook: Rulebook) -> str:
    """The mails and texts of one language; Slack, whose words are those of the mails, only if it got others."""
    mailed = {arrived.moment for arrived in rehearsal.arrived if arrived.channel == "email"}
    shown = [arrived for arrived in rehearsal.arrived if arrived.channel != "slack" or arrived.moment not in mailed]
    head = [f"*{rehearsal.scenario.title_es}*"] if rehearsal.language == "es" else []
    return "\n\n".join([*head, *(_block(arrived, rulebook) for arrived in shown)])


def _block(arrived: Arrived, rulebook: Rulebook) -> str:
    return f"{local(arrived.moment, rulebook)}, {arrived.channel}\n\n```text\n{_text(arrived)}\n```"


def _text(arrived: Arrived) -> str:
    if arrived.channel == "sms":
        return str(arrived.content)
    if arrived.channel == "email":
        body = arrived.content.get_body(("plain",))
        return str(body.get_content()).strip()
    texts = [block["text"]["text"] for block in arrived.content["blocks"] if block["type"] in ("header", "section")]
    plain = (re.sub(r"<([^|>]+)\|([^>]+)>", r"\2: \1", text).replace("*", "") for text in texts)
    return "\n\n".join(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for text in plain)
