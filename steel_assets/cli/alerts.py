"""``steel alerts``: open incidents and sent messages, silences, tests of channels, the external check, replay and rehearsal."""

from __future__ import annotations

import fnmatch
import json
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from steel_assets.adapters.alerts.outbox import Outbox
from steel_assets.adapters.notifiers import NotificationRefused, Notifier, NotSent
from steel_assets.bootstrap import platform
from steel_assets.cli.dates import now
from steel_assets.cli.imports import user_name
from steel_assets.cli.problem import Problem
from steel_assets.cli.rehearse import rehearse
from steel_assets.core.alerts.incidents import Acknowledgement, Case, Event, Silence
from steel_assets.core.alerts.listing import open_events
from steel_assets.core.alerts.message import Notification, compose
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.wording import sentence, title, worst_first
from steel_assets.core.alerts.written import local, span
from steel_assets.core.words import Language

app = typer.Typer(
    help="Alerts: open incidents, sent messages, acknowledgements, silences, and tests of the channels.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
LONGEST_SILENCE = timedelta(days=14)


@app.command("list")
def list_alerts(
    history: Annotated[bool, typer.Option("--history", help="show sent messages instead of open incidents")] = False,
    as_json: AsJson = False,
) -> None:
    """Show open incidents, messages that wait to be sent, and channels that fail."""
    parts = platform()
    if history:
        _print_history(parts.outbox, parts.catalog.rulebook, parts.settings.language, as_json)
        return
    alert_state = parts.outbox.alert_state()
    if as_json:
        open_ones = [incident.model_dump(mode="json") for incident in alert_state.open_incidents]
        silences = [silence.model_dump(mode="json") for silence in alert_state.silences]
        troubles = {name: state.problem for name, state in alert_state.channels.items() if state.failures}
        content = {
            "incidents": open_ones,
            "silences": silences,
            "waiting": len(alert_state.queue),
            "channels_in_trouble": troubles,
        }
        typer.echo(json.dumps(content, ensure_ascii=False))
        return
    console, rulebook, moment = Console(highlight=False, soft_wrap=True), parts.catalog.rulebook, now()
    language = parts.settings.language
    cases = {case.cause: case for case in alert_state.cases}
    stand = open_events(alert_state.incidents, moment.to_pydatetime(), rulebook)
    for event in stand:
        _print_open(event, cases.get(event.cause), rulebook, console, language)
    if not stand:
        console.print("no incident is open")
    for silence in alert_state.silences:
        until = local(silence.until, rulebook)
        console.print(
            f"silence {silence.id}: {silence.rule} / {silence.subject} / {silence.cause} until {until}: {silence.reason}",
            markup=False,
        )
    for name, state in alert_state.channels.items():
        if state.failures:
            console.print(f"channel {name} fails ({state.failures} times): {state.problem}", style="red", markup=False)
    console.print(f"{len(alert_state.queue)} waiting to be sent; channels: {', '.join(parts.notifiers)}", markup=False)


def _print_open(event: Event, case: Case | None, rulebook: Rulebook, console: Console, language: Language) -> None:
    """Print one cause: what it means, what else it affects, and the name to acknowledge or silence it by."""
    first, *more = dict.fromkeys(sentence(item, event, rulebook, language) for item in worst_first(event))
    console.print(f"{event.severity}: {first}", style="red" if event.severity in ("high", "critical") else "yellow", markup=False)
    for line in more:
        console.print(f"  {line}", markup=False)
    by = f"; {case.acknowledged.by} looks after it" if case and case.acknowledged else ""
    console.print(
        f"  since {local(event.since, rulebook)}, {span(event.moment - event.since)}; cause {event.cause}{by}", markup=False
    )


@app.command("silence")
def silence_alerts(
    rule: Annotated[str, typer.Argument(help="name of a rule; * stands for any text: 'failed_*', '*'")],
    subject: Annotated[str, typer.Option(help="subject of the incidents, for example a market; * stands for any text")] = "*",
    lasting: Annotated[str, typer.Option("--for", help="how long: 30m, 2h, 1d")] = "2h",
    reason: Annotated[str, typer.Option(help="the reason, which is shown with the silence")] = "maintenance",
    cause: Annotated[str, typer.Option(help="why it is wrong, as `steel alerts list` names it: 'provider:yahoo_finance'")] = "*",
    end: Annotated[bool, typer.Option("--end", help="end the silence with this id instead")] = False,
) -> None:
    """Hold messages back, for example during maintenance. What is still wrong when the silence ends is sent then."""
    parts, moment = platform(), now().to_pydatetime()
    if end:
        if not parts.outbox.unsilence(rule, moment, user_name()):
            raise Problem(f"--end: there is no silence {rule!r}; `steel alerts list` shows their ids")
        typer.echo(f"silence {rule} ended")
        return
    if not fnmatch.filter(parts.catalog.alerts, rule):
        raise Problem(f"RULE: no alert rule matches {rule!r}; there are {', '.join(parts.catalog.alerts)}")
    lasts = _span_of(lasting)
    name = f"s{uuid.uuid4().hex[:6]}"
    wanted = Silence(id=name, rule=rule, subject=subject, cause=cause, start=moment, until=moment + lasts, reason=reason)
    parts.outbox.silence(wanted, moment, user_name())
    about = f"{rule} / {subject}" + ("" if cause == "*" else f" / {cause}")
    typer.echo(f"{name}: {about} is silent until {local(moment + lasts, parts.catalog.rulebook)}; end it with --end {name}")


@app.command("ack")
def acknowledge(
    cause: Annotated[str, typer.Argument(help="cause of the incident, as `steel alerts list` names it")],
    note: Annotated[str, typer.Option(help="what you are doing about it")] = "",
    by: Annotated[str, typer.Option(help="who looks after it; default the user of this command")] = "",
) -> None:
    """Say that you look after an incident. Its reminders stop; if it gets worse, that is still sent."""
    parts, moment = platform(), now().to_pydatetime()
    parts.outbox.take_up(moment)
    given = Acknowledgement(by=by or user_name(), at=moment, note=note)
    if not parts.outbox.acknowledge(cause, given, moment):
        cases = {case.cause: case.acknowledged for case in parts.outbox.alert_state().cases}
        if (who := cases.get(cause)) is not None:
            raise Problem(f"{who.by} looks after {cause} since {local(who.at, parts.catalog.rulebook)}")
        raise Problem(f"CAUSE: no open incident that was sent has the cause {cause!r}; open are {', '.join(cases) or 'none'}")
    typer.echo(f"{given.by} looks after {cause}; a message is still sent if it gets worse")


@app.command("audit")
def audit(as_json: AsJson = False) -> None:
    """Show who acknowledged or silenced what, and when."""
    parts = platform()
    lines = parts.outbox.audit()
    if as_json:
        typer.echo(json.dumps([line.model_dump(mode="json") for line in lines], ensure_ascii=False))
        return
    for line in lines:
        noted = f" ({line.note})" if line.note else ""
        typer.echo(f"{local(line.at, parts.catalog.rulebook)} {line.by} {line.did} {line.about}{noted}")
    if not lines:
        typer.echo("nothing was acknowledged or silenced yet")


@app.command("test")
def send_test() -> None:
    """Send a test message over every configured channel and list each recipient. Exit code 1: at least one failed."""
    parts, moment = platform(), now().to_pydatetime()
    name = uuid.uuid4().hex[:12]
    event = Event(
        id=f"{name}-1",
        incident=name,
        kind="notice",
        rule="test_message",
        subject="steel alerts test",
        severity="critical",
        moment=moment,
        since=moment,
        text="Somebody asked whether alerts reach you.",
        simulated=parts.settings.simulated,
    )
    chosen = parts.settings
    notification = compose(
        [event], parts.catalog.rulebook, chosen.dagster_link, name, site=chosen.public_url or "", language=chosen.language
    )
    outcomes = [outcome for channel, notifier in parts.notifiers.items() for outcome in _tried(channel, notifier, notification)]
    console = Console(highlight=False, soft_wrap=True)
    for name, problem in outcomes:
        console.print("[red]✗[/]" if problem else "[green]✓[/]", end=" ")
        console.print(f"{name}: {problem}" if problem else name, markup=False)
    if any(problem for _, problem in outcomes):
        raise typer.Exit(1)


def _tried(channel: str, notifier: Notifier, notification: Notification) -> Iterator[tuple[str, str | None]]:
    """Each recipient of a channel (or the channel, if it has one destination), and the error of sending to it, else None."""
    names = {name: f"{channel}: {name}" for name in notifier.recipients}
    try:
        left_out = notifier.send(notification)
    except (NotSent, NotificationRefused) as error:
        yield channel, str(error)
        return
    if not names:
        yield channel, None
    for name, shown in names.items():
        yield shown, left_out.get(name)


@app.command("watch")
def watch() -> None:
    """Check from outside Dagster whether its daemons are alive, and send what waits. Run it from cron or a cluster's timer."""
    from steel_assets.assets.runs import instance_here
    from steel_assets.assets.sensors import alert_delivery, lost_daemons

    parts = platform()
    with instance_here() as instance:
        daemons = lost_daemons.evaluate(instance, parts.outbox, now().to_pydatetime())
    typer.echo(f"{daemons}; {alert_delivery.evaluate(parts.outbox, parts.notifiers, parts.dagster_link)}")
    if any(incident.rule == lost_daemons.RULE and incident.wrong for incident in parts.outbox.alert_state().incidents):
        raise typer.Exit(1)


@app.command("replay")
def replay_alerts(as_json: AsJson = False) -> None:
    """Show what today's rules would have sent on all recorded data, and how many of those alerts were false."""
    from steel_assets.assets.recorded import recorded
    from steel_assets.assets.runs import instance_here
    from steel_assets.core.alerts.replay import HINDSIGHT, replay

    parts = platform()
    with instance_here() as instance:
        readings, conditions = recorded(instance, parts.catalog, parts.lake, parts.warehouse, now().to_pydatetime())
    found = replay(readings, conditions, parts.catalog.rulebook, frozenset(parts.notifiers))
    rows = [
        {
            "rule": rule,
            "messages": found.messages[rule],
            "alerts": found.openings[rule],
            "judged": found.judged[rule],
            "false": found.false[rule],
        }
        for rule in sorted(found.messages)
    ]
    if as_json:
        span_of = [moment.isoformat() if moment else None for moment in (found.start, found.end)]
        typer.echo(json.dumps({"from": span_of[0], "to": span_of[1], "readings": len(readings), "rules": rows}))
        return
    console = Console()
    if not rows:
        console.print(f"nothing would have been sent over {len(readings)} figures and {len(conditions)} events")
        return
    table = Table("rule", "messages", "alerts", "judged", "false", title=f"{found.start:%Y-%m-%d} to {found.end:%Y-%m-%d}")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)
    console.print(f"false: the median of the {HINDSIGHT} readings from the alert on was within the limit; facts are not judged")


app.command("rehearse")(rehearse)


def _print_history(outbox: Outbox, rulebook: Rulebook, language: Language, as_json: bool) -> None:
    history = outbox.history()
    if as_json:
        typer.echo(json.dumps([waiting.model_dump(mode="json") for waiting in history], ensure_ascii=False))
        return
    table = Table("when", "kind", "severity", "what", "sent over", title="Messages")
    for waiting in history:
        event = waiting.event
        over = ", ".join([*waiting.sent, *(f"refused by {channel}" for channel in waiting.refused)])
        headline = title(event, rulebook, language)
        table.add_row(local(event.moment, rulebook), event.kind, event.severity, headline, over)
    Console().print(table if history else "no message was sent yet")


def _span_of(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})([mhd])", text.strip())
    lasts = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < lasts <= LONGEST_SILENCE:
        raise Problem(f"--for: {text!r} is not a duration of up to 14 days; write it as 30m, 2h or 1d")
    return lasts
