"""``steel keys``: API keys of the prediction service."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.table import Table

from steel_assets.cli.problem import Problem
from steel_assets.serving.keys import DEFAULT_LIMIT, KEY_FILE, SCOPES, ApiKey, KeyStore, Scope
from steel_assets.settings import settings

app = typer.Typer(help="API keys of the prediction service: create, list, revoke.", no_args_is_help=True)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="name of the program or person who gets the key")],
    scope: Annotated[list[str] | None, typer.Option(help="read (default) or operate; may be repeated")] = None,
    limit: Annotated[int, typer.Option(help="requests an hour", min=1)] = DEFAULT_LIMIT,
    days: Annotated[int | None, typer.Option(help="days until it expires; default never", min=1, max=3650)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the key as JSON")] = False,
) -> None:
    """Create a key. It is printed once; only its salted hash is stored."""
    scopes = tuple(dict.fromkeys(scope or ["read"]))
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise Problem(f"--scope: {unknown[0]!r} is not one of {', '.join(SCOPES)}")
    if not name.strip() or len(name) > 80:
        raise Problem("NAME: say whose key it is, in 1 to 80 characters")
    now = datetime.now(UTC)
    expires = now + timedelta(days=days) if days else None
    key, secret = _store().create(name.strip(), cast("tuple[Scope, ...]", scopes), now, limit_per_hour=limit, expires_at=expires)
    if as_json:
        typer.echo(json.dumps({"id": key.id, "name": key.name, "key": secret, **_facts(key)}))
        return
    typer.echo(f"Key of {key.name} ({', '.join(key.scopes)}, {key.limit_per_hour:,} requests an hour), shown only now:\n")
    typer.echo(f"{secret}\n")
    typer.echo(f"Try it: curl -H 'X-API-Key: {secret}' http://127.0.0.1:{settings().port}/predict/steel-rebar-price")


@app.command("list")
def list_keys(as_json: Annotated[bool, typer.Option("--json", help="print the keys as JSON")] = False) -> None:
    """List all keys, without their secrets."""
    keyring = _store().load()
    if as_json:
        typer.echo(json.dumps([{"id": key.id, "name": key.name, **_facts(key)} for key in keyring.keys]))
        return
    console = Console(highlight=False)
    if keyring.empty:
        console.print('No key exists yet: steel keys create "my program"')
        return
    table = Table("id", "name", "scopes", "an hour", "created", "state")
    for key in keyring.keys:
        facts = _facts(key)
        row = (key.id, key.name, ", ".join(key.scopes), f"{key.limit_per_hour:,}", f"{key.created_at:%Y-%m-%d}", facts["state"])
        table.add_row(*map(str, row))
    console.print(table)


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="id of the key, the part before the dot")]) -> None:
    """Revoke a key for ever. A running service notices within seconds."""
    key = _store().revoke(key_id.partition(".")[0], datetime.now(UTC))
    typer.echo(f"{key.id} ({key.name}) was revoked at {key.revoked_at:%Y-%m-%d %H:%M} UTC")


@app.command("reset")
def reset(yes: Annotated[bool, typer.Option("--yes", help="confirm that all keys become invalid")] = False) -> None:
    """Invalidate all keys, if their file is damaged or lost and there is no backup. Then create new ones."""
    if not yes:
        raise Problem("--yes: all keys will become invalid; confirm with --yes")
    aside = _store().reset(datetime.now(UTC))
    typer.echo(
        f"All keys are invalid now{f'; the old file is {aside}' if aside else ''}. Restart the service, and create keys with:"
    )
    typer.echo('  steel keys create "my program"')


def _store() -> KeyStore:
    return KeyStore(settings().home / KEY_FILE)


def _facts(key: ApiKey) -> dict[str, object]:
    moment = datetime.now(UTC).timestamp()
    state = "valid" if key.valid_at(moment) else "revoked" if key.revoked_at else "expired"
    return {
        "scopes": list(key.scopes),
        "limit_per_hour": key.limit_per_hour,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "state": state,
    }
