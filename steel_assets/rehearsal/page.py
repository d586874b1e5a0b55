"""Everything that arrived as an HTML page: Slack's blocks, the mail's HTML, and text messages, as their programs show them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from typing import Any

from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.written import full
from steel_assets.rehearsal.play import Arrived, Rehearsal

STYLE = """
body{margin:0;background:#f4f4f2;color:#1c1917;font:15px/1.5 -apple-system,Segoe UI,Helvetica,Arial,sans-serif}
main{max-width:760px;margin:auto;padding:24px 16px}
h1{font-size:24px}h2{font-size:19px;margin:40px 0 4px}.when{color:#57534e;font-size:13px;margin:18px 0 6px}
.slack{background:#fff;border:1px solid #ddd;border-radius:8px;padding:12px 16px}
.slack{display:grid;grid-template-columns:36px 1fr;gap:10px}
.slack .face{width:36px;height:36px;border-radius:6px;background:#334155;color:#fff}
.slack .face{font-weight:700;display:grid;place-items:center}
.slack b.head{font-size:17px;display:block}.slack .note{font-size:13px;color:#57534e}.slack .text{white-space:pre-line}
.slack .button{display:inline-block;margin-top:8px;border:1px solid #bbb;border-radius:4px;padding:4px 12px;font-weight:600}
.slack code{background:#f5f5f4;border:1px solid #e7e5e4;border-radius:3px;padding:0 3px;color:#b91c1c;font-size:13px}
.mail{border:1px solid #ddd;border-radius:8px;overflow:hidden;background:#fff}
.mail header{padding:10px 14px;border-bottom:1px solid #eee;font-size:14px}.mail header b{display:block;font-size:16px}
.phone{background:#fff;border:1px solid #ddd;border-radius:22px;padding:14px;max-width:340px}
.phone p{margin:0;background:#e5e7eb;border-radius:16px;padding:9px 13px;font-size:15px}
"""
WORDS = {
    "en": (
        "Rehearsal of alerts",
        "Every message as it would arrive. Nothing here happened.",
        "By channel and incident, at most in a week",
    ),
    "es": (
        "Ensayo de alertas",
        "Cada mensaje como llegaría. Nada de esto ocurrió.",
        "Por canal e incidente, a lo sumo en una semana",
    ),
}
LINK = re.compile(r"&lt;(https?://[^|&]+)\|([^&]+)&gt;")


def page(rehearsals: Sequence[Rehearsal], rulebook: Rulebook) -> str:
    """``rehearsals``, rehearsals in one language, as self-contained HTML."""
    language = rehearsals[0].language
    title, remark, counted = WORDS[language]
    sections = "".join(_section(rehearsal, rulebook, counted) for rehearsal in rehearsals)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{remark}</p>{sections}</main></body></html>\n"
    )


def _section(rehearsal: Rehearsal, rulebook: Rulebook, counted: str) -> str:
    scenario = rehearsal.scenario
    title = scenario.title_es if rehearsal.language == "es" else scenario.title
    counts = ", ".join(f"{channel} {count}" for channel, count in rehearsal.busiest_week.items())
    shown = "".join(_shown(arrived, rehearsal, rulebook) for arrived in rehearsal.arrived)
    return f'<section id="{scenario.id}"><h2>{html.escape(title)}</h2><p class="when">{counted}: {counts}</p>{shown}</section>'


def _shown(arrived: Arrived, rehearsal: Rehearsal, rulebook: Rulebook) -> str:
    shows: dict[str, Callable[[Any], str]] = {"slack": slack, "email": mail, "sms": text_message}
    when = html.escape(full(arrived.moment, rulebook, rehearsal.language))
    return f'<p class="when">{when}</p>{shows[arrived.channel](arrived.content)}'


def slack(body: dict[str, Any]) -> str:
    """A post of the webhook as Slack shows its blocks."""
    parts = []
    for block in body["blocks"]:
        if block["type"] == "header":
            parts.append(f'<b class="head">{html.escape(block["text"]["text"])}</b>')
        elif block["type"] == "context":
            parts += [f'<div class="note">{_marked(element["text"])}</div>' for element in block["elements"]]
        else:
            parts.append(f'<div class="text">{_marked(block["text"]["text"])}</div>')
            if button := block.get("accessory"):
                parts.append(f'<span class="button">{html.escape(button["text"]["text"])}</span>')
    return f'<div class="slack"><div class="face">SA</div><div><b>Steel Assets</b>{"".join(parts)}</div></div>'


def mail(message: EmailMessage) -> str:
    """An e-mail as a program shows it: its own HTML under sender and subject."""
    body = message.get_body(("html",))
    content = body.get_content() if body is not None else ""
    inside = re.sub(r"</?(?:!doctype html|html|body)[^>]*>", "", content)
    head = (
        f"<header><b>{html.escape(message['subject'])}</b>{html.escape(message['from'])} → {html.escape(message['to'])}</header>"
    )
    return f'<div class="mail">{head}<div style="padding:20px;background:#f5f5f4">{inside}</div></div>'


def text_message(text: str) -> str:
    """A text message as a phone shows it."""
    return f'<div class="phone"><p>{html.escape(text)}</p></div>'


def _marked(text: str) -> str:
    """Slack's mrkdwn as far as the notifier writes it; its text comes escaped already."""
    plain = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    safe = LINK.sub(r'<a href="\1">\2</a>', html.escape(plain, quote=False))
    safe = safe.replace(":warning:", "⚠️")
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", re.sub(r"(?m)(^|(?<=\s))\*([^*\n]+)\*", r"<b>\2</b>", safe))
