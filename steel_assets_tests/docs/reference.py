"""The pages of reference, written from the code: the command line, the API, the settings, the tables, the assets.

They are made each time the site is built and are in no commit, so they cannot be older than what they describe.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import httpx
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from steel_assets.adapters.notifiers import channels, variables_of
from steel_assets.catalog import Source, load_catalog
from steel_assets.cli.commands import COMMANDS
from steel_assets.core import tables
from steel_assets.core.table_schema import Table
from steel_assets.definitions import definitions, installation
from steel_assets.serving.app import create_app
from steel_assets.serving.run import build
from steel_assets.settings import BY_ID, PREFIX, Settings

NO_SETTING = "named"
"""The field of ``Settings`` that is no variable."""

BEHIND = dict.fromkeys(BY_ID, "__<ID>") | {"options": "__<ID>__<OPTION>", "channels": "__<ID>__<FIELD>"}
"""What follows a setting that holds a value for each source or channel."""


def pages() -> dict[str, str]:
    """Every page of reference, by the name of its file."""
    return {
        "cli.md": "\n".join(cli()),
        "api.md": "\n".join(api()),
        "settings.md": "\n".join(setting_names()),
        "tables.md": "\n".join(table_columns()),
        "assets.md": "\n".join(asset_graph()),
    }


def cli() -> Iterator[str]:
    """The command line: each command with its arguments, as ``--help`` has them."""
    yield "# Command line\n\nWhat `steel --help` and `steel COMMAND --help` say, all in one page.\n"
    for name in COMMANDS:
        yield from _command(COMMANDS[name].load(name), f"steel {name}", depth=2)


def _command(command: click.Command, path: str, depth: int) -> Iterator[str]:
    """A command, then those below it."""
    context = click.Context(command, info_name=path)
    yield f"{'#' * depth} `{path}`\n\n{_sentences(command.help or '')}\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _command(found, f"{path} {name}", depth + 1)
        return
    usage = " ".join(piece for piece in command.collect_usage_pieces(context))
    yield f"```text\n{path} {usage}\n```\n"
    records = [record for parameter in command.params if (record := parameter.get_help_record(context))]
    yield from _table(("argument or option", "what it is"), [(f"`{name}`", text) for name, text in records])


def api() -> Iterator[str]:
    """The prediction service's routes, parameters and answers, from its OpenAPI document."""
    document = openapi()
    yield f"# API\n\n{document['info']['description']}\n\nThe running service shows the same, to be tried, at `/docs`.\n"
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            yield f"## `{method.upper()} {path}`\n\n{route.get('summary', '')}\n\n{route.get('description', '')}\n"
            parameters = [
                (f"`{parameter['name']}`", parameter["in"], _shape(parameter.get("schema", {})), parameter.get("description", ""))
                for parameter in route.get("parameters", ())
            ]
            yield from _table(("parameter", "where", "values", "what it is"), parameters)
            answers = [(code, answer.get("description", ""), _answer(answer)) for code, answer in route["responses"].items()]
            yield from _table(("status", "when", "shape"), answers)
    for name, schema in document["components"]["schemas"].items():
        yield f"## {name}\n\n{schema.get('description', '')}\n"
        fields = [
            (f"`{field}`", _shape(about), about.get("description", "")) for field, about in schema.get("properties", {}).items()
        ]
        yield from _table(("field", "values", "what it is"), fields)


def openapi() -> dict[str, Any]:
    """The OpenAPI document of a service over an empty home, asked as a client asks for it."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return await client.get("/openapi.json")

    with tempfile.TemporaryDirectory() as home:
        app = create_app(build(Settings(home=Path(home)), "127.0.0.1", opened=True))
        document: dict[str, Any] = json.loads(asyncio.run(ask()).raise_for_status().content)
    return document


def _shape(schema: Mapping[str, Any]) -> str:
    """A JSON schema in a few words: its type, or the schema that it names, and its bounds."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_shape(entry) for entry in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_shape(schema.get('items', {}))}"
    said = " ".join(str(schema[name]) for name in ("type", "format") if name in schema) or "any"
    bounds = {
        "minimum": "from",
        "maximum": "to",
        "exclusiveMinimum": "above",
        "pattern": "as",
        "maxLength": "at most (characters)",
    }
    return " ".join([said, *(f"{word} `{schema[name]}`" for name, word in bounds.items() if name in schema)])


def _answer(answer: Mapping[str, Any]) -> str:
    """What an answer's body holds, for each of its media types."""
    return ", ".join(
        _shape(entry.get("schema", {})) if "json" in kind else kind for kind, entry in answer.get("content", {}).items()
    )


def setting_names() -> Iterator[str]:
    """Every variable that is read: the platform's own, those of sources, those of channels."""
    yield (
        "# Settings\n\nRead from the environment, then from `.env` in the folder of a process. A secret may be "
        "`sm://project/secret`, which is looked up in Secret Manager.\n\n## The platform\n"
    )
    own = [
        (f"`{_variable(name)}`", _default(field), field.description or "")
        for name, field in Settings.model_fields.items()
        if name != NO_SETTING
    ]
    yield from _table(("variable", "default", "what it is"), own)
    yield "## Sources\n\nOf two variables for the same, the first wins.\n"
    for source in load_catalog().sources.values():
        if source.variables:
            yield f"### {source.name}\n"
            yield from _table(("variables", "default", "what it is"), _of_source(source))
    yield "## Channels for alerts\n\nOf two variables for the same, the first wins.\n"
    for channel, module in channels().items():
        variables = variables_of(channel, module.Config)
        if variables:
            yield f"### {channel}\n"
            rows = [
                (", ".join(f"`{name}`" for name in variables[field]), _default(about), about.description or "")
                for field, about in module.Config.model_fields.items()
            ]
            yield from _table(("variables", "default", "what it is"), rows)


def _of_source(source: Source) -> Iterator[tuple[str, str, str]]:
    """What may be set about a source: its variables, in pairs for the same, the default, the meaning."""
    meanings = [("`" + source.base_url + "`", "where it is asked")] if source.base_url else []
    if source.takes_key:
        meanings.append(
            ("–", "its key; without one it is not asked" if source.needs_key else "its key; it is asked without one too")
        )
    meanings += [(f"`{option.default}`", option.description) for option in source.options.values()]
    pairs = zip(source.variables[::2], source.variables[1::2], strict=True)
    for names, (default, meaning) in zip(pairs, meanings, strict=True):
        yield ", ".join(f"`{name}`" for name in dict.fromkeys(names)), default, meaning


def _variable(name: str) -> str:
    """The variable of a field; one that holds a value for each source or channel takes its id behind two underscores."""
    return f"{PREFIX}{name.upper()}{BEHIND.get(name, '')}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "–"
    value = field.get_default(call_default_factory=True)
    return "–" if value is None or value in ("", {}) or isinstance(value, SecretStr) else f"`{value}`"


def table_columns() -> Iterator[str]:
    """Every table's columns, types, units and key."""
    yield (
        "# Tables\n\nA date is a day without a zone, a timestamp is UTC. Each write is refused whole when a column is missing, "
        "unknown or of another type, when a value is empty that may not be, or when two rows share a key.\n"
    )
    for table in all_tables():
        key = ", ".join(f"`{name}`" for name in table.key)
        split = f" Partitioned by `{table.partition_by}` in BigQuery." if table.partition_by else ""
        yield f"## `{table.name}`\n\n{table.description} Key: {key}.{split}\n"
        rows = [
            (f"`{column.name}`", column.dtype + (", may be empty" if column.nullable else ""), column.unit, column.description)
            for column in table.columns
        ]
        yield from _table(("column", "type", "unit", "what it is"), rows)


def all_tables() -> list[Table]:
    """The tables that the code declares, in its order, each once."""
    return list({value.name: value for value in vars(tables).values() if isinstance(value, Table)}.values())


def asset_graph() -> Iterator[str]:
    """Assets with what they read and their checks, then jobs, schedules and sensors, of the shipped catalogue."""
    here = installation(load_catalog())
    defs = definitions(here)
    graph = defs.resolve_asset_graph()
    first, *others = here.catalog.markets
    yield (
        f"# Assets\n\nWhat Dagster runs, for the shipped catalogue. Every market has its own; here stand those of `{first}`, "
        f"and {', '.join(f'`{name}`' for name in others)} have the same.\n"
    )
    groups: dict[str, list[Any]] = {}
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        if node.is_materializable and key.path[0] not in others:
            groups.setdefault(node.group_name or "", []).append(node)
    for group, nodes in groups.items():
        yield f"## {group}\n"
        for node in nodes:
            yield f"### `{node.key.to_user_string()}`\n\n{_sentences(node.description or '')}\n"
            parents = sorted(parent.to_user_string() for parent in node.parent_keys if parent.path[0] not in others)
            yield from _bullets("Reads", parents)
            checks = {key.name: graph.get_check_spec(key).description or "" for key in sorted(node.check_keys, key=str)}
            yield from _table(("check", "what it asks"), [(f"`{name}`", text) for name, text in checks.items()])
    yield "## Jobs\n"
    jobs = [(f"`{job.name}`", job.description or "") for job in defs.jobs or ()]
    yield from _table(("job", "what it does"), jobs)
    yield "## Schedules\n"
    times = [
        (f"`{schedule.name}`", f"`{schedule.cron_schedule}`", schedule.execution_timezone, schedule.description)
        for schedule in defs.schedules or ()
    ]
    yield from _table(("schedule", "cron", "zone", "what it is"), times)
    yield "## Sensors\n"
    yield from _table(
        ("sensor", "what it does"), [(f"`{sensor.name}`", sensor.description or "") for sensor in defs.sensors or ()]
    )


def _bullets(title: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"{title}: {', '.join(f'`{name}`' for name in names)}.\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A table in Markdown; nothing where it has no rows."""
    lines = ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    if lines:
        yield "\n".join(["| " + " | ".join(header) + " |", "|" + "---|" * len(header), *lines]) + "\n"


def _cell(value: object) -> str:
    """One cell: on one line, and outside of code without what would be read as HTML."""
    pieces = _sentences(str(value or "")).replace("|", "\\|").replace("\n", " ").split("`")
    return "`".join(piece if place % 2 else piece.replace("<", "&lt;") for place, piece in enumerate(pieces))


def _sentences(text: str) -> str:
    """A docstring's text as Markdown: its double backticks are single there."""
    return "\n".join(line.strip() for line in text.replace("``", "`").replace("\b", "").splitlines()).strip()
