"""GoogleSQL as far as the platform speaks it, run by DuckDB.

Served: CREATE TABLE with a layout, ADD COLUMN, MERGE, and SELECT of columns or COUNT(*) with conditions and an order. A
statement is read by ``bigquery_grammar``, which lets nothing through whose meaning DuckDB might see differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from steel_assets_tests.google.bigquery_checks import Checks
from steel_assets_tests.google.bigquery_grammar import read
from steel_assets_tests.google.bigquery_tables import Table, Tables
from steel_assets_tests.google.bigquery_types import Type, named
from steel_assets_tests.google.faults import NotServed, Refusal

COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,299}")
CLUSTERED_BY = frozenset({"STRING", "INTEGER", "BOOLEAN", "DATE", "TIMESTAMP"})
MOST_CLUSTERS = 4
MIB = 2**20
DAY_MS = 86_400_000


@dataclass
class Outcome:
    """What a statement did."""

    kind: str
    found: pa.Table | None = None
    affected: int | None = None
    bytes_read: int = 0
    tables_read: int = 0

    @property
    def bytes_billed(self) -> int:
        """Whole MiB, and at least ten for every table that is read."""
        return max(-(-self.bytes_read // MIB), 10 * self.tables_read) * MIB if self.bytes_read else 0


@dataclass(frozen=True)
class Session:
    """Where a statement runs: whose project, which dataset by default, in which location, up to what bill."""

    tables: Tables
    project: str
    dataset: str | None
    location: str
    limit: int | None
    parameters: Sequence[tuple[Type, Any]]

    def run(self, text: str) -> Outcome:
        """Run one statement, whole or not at all."""
        tree = read(text)
        run: dict[type[exp.Expression], Callable[[Any], Outcome]] = {
            exp.Create: self._create,
            exp.Alter: self._alter,
            exp.Merge: self._merge,
            exp.Select: self._select,
        }
        try:
            return run[type(tree)](tree)
        except duckdb.ConstraintException as error:
            raise Refusal(400, f"Required field cannot be null: {error}", "invalidQuery") from error
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException) as error:
            raise Refusal(400, str(error).splitlines()[0], "invalidQuery") from error

    def _create(self, tree: exp.Create) -> Outcome:
        if tree.args["kind"] != "TABLE" or not isinstance(tree.this, exp.Schema):
            raise NotServed(f"CREATE {tree.args['kind']} of this form")
        project, dataset, name = self._place(tree.this.this)
        self.tables.dataset(project, dataset, self.location)
        made = Table(project, dataset, name, [_field(expression) for expression in tree.this.expressions])
        layout = tree.args["properties"].expressions if tree.args.get("properties") else []
        said = [entry.name if isinstance(entry, exp.Property) and entry.name else type(entry) for entry in layout]
        if len(set(said)) < len(said):
            raise Refusal(400, f"Table {name} is laid out or described twice", "invalidQuery")
        for entry in layout:
            self._lay_out(made, entry)
        try:
            self.tables.table(project, dataset, name, self.location)
        except Refusal as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND:
                raise
            self.tables.create(made)
        else:
            if not tree.args.get("exists"):
                raise Refusal(409, f"Already Exists: Table {made.full_name}", "duplicate")
        return Outcome("CREATE_TABLE")

    def _lay_out(self, table: Table, told: exp.Expression) -> None:
        if isinstance(told, exp.PartitionedByProperty):
            column = told.find(exp.Column) or told.find(exp.Identifier)
            kind = table.type_of(column.name) if column else None
            wanted = "TIMESTAMP" if isinstance(told.this, exp.Date) else "DATE"
            if column is None or kind is None or kind.name != wanted:
                raise Refusal(
                    400, f"PARTITION BY expression must be a DATE column or DATE(<timestamp column>): {told}", "invalidQuery"
                )
            table.layout["timePartitioning"] = {"type": "DAY", "field": column.name}
        elif isinstance(told, exp.ClusterProperty):
            names = [expression.name for expression in told.expressions]
            kinds = [table.type_of(name) for name in names]
            if len({name.lower() for name in names}) < len(names):
                raise Refusal(400, f"CLUSTER BY names a column twice: {names}", "invalidQuery")
            if len(names) > MOST_CLUSTERS or any(kind is None or kind.name not in CLUSTERED_BY for kind in kinds):
                raise Refusal(400, f"CLUSTER BY needs one to four columns that can be compared exactly: {names}", "invalidQuery")
            table.layout["clustering"] = {"fields": names}
        elif isinstance(told, exp.Property) and told.name == "description":
            table.description = _text(told.args["value"])
        elif isinstance(told, exp.Property) and told.name == "expiration_timestamp":
            added = told.args["value"]
            if (
                not isinstance(added, exp.TimestampAdd)
                or not isinstance(added.this, exp.CurrentTimestamp)
                or added.unit.name != "DAY"
                or not added.expression.name.isdecimal()
            ):
                raise NotServed("an expiration that is not some days from now")
            table.expires_ms = self.tables.now_ms() + int(added.expression.name) * DAY_MS
        else:
            raise NotServed(f"the table option {told.sql('bigquery')[:60]}")

    def _alter(self, tree: exp.Alter) -> Outcome:
        if tree.args["kind"] != "TABLE" or not all(isinstance(arg, exp.ColumnDef) for arg in tree.args["actions"]):
            raise NotServed("ALTER of anything but ADD COLUMN")
        table = self._table(tree.this)
        for action in tree.args["actions"]:
            added = _field(action)
            if added["mode"] == "REQUIRED":
                raise Refusal(400, f"Cannot add required column {added['name']} to an existing table", "invalidQuery")
            if table.type_of(added["name"]) is None:
                self.tables.add_column(table, added)
            elif not action.args.get("exists"):
                raise Refusal(400, f"Column already exists: {added['name']}", "invalidQuery")
        return Outcome("ALTER_TABLE")

    def _select(self, tree: exp.Select) -> Outcome:
        if tree.args.get("from_") is None:
            raise NotServed("SELECT without FROM")
        outcome = self._bound(tree, "SELECT")
        text, values = self._in_duckdb(tree)
        found = self.tables.rows.sql(text, params=values).to_arrow_table()
        outcome.found = found.rename_columns(
            [expression.name if isinstance(expression, exp.Column) else "f0_" for expression in tree.expressions]
        )
        return outcome

    def _merge(self, tree: exp.Merge) -> Outcome:
        outcome = self._bound(tree, "MERGE")
        rows = self.tables.rows
        if any(expression.args.get("matched") for expression in tree.args["whens"].expressions):
            ambiguous, values = self._in_duckdb(_twice_matched(tree))
            if rows.execute(ambiguous, values).fetchall():
                raise Refusal(400, "UPDATE/MERGE must match at most one source row for each target row", "invalidQuery")
        text, values = self._in_duckdb(tree)
        outcome.affected = int(rows.execute(text, values).fetchall()[0][0])
        return outcome

    def _bound(self, tree: exp.Expression, kind: str) -> Outcome:
        """What running ``tree`` would read, all partitions of it. Refuses what does not fit together, and what bills too much."""
        involved = {table.alias_or_name.lower(): self._table(table) for table in tree.find_all(exp.Table)}
        checks = Checks(tree, involved, self.parameters)
        checks.merge() if isinstance(tree, exp.Merge) else checks.select()
        names = {column.name.lower() for column in tree.find_all(exp.Column)}
        weights = [self.tables.bytes_of(table, names) for table in involved.values()]
        outcome = Outcome(kind, bytes_read=sum(weights), tables_read=len(involved))
        if self.limit is not None and outcome.bytes_billed > self.limit:
            message = f"Query exceeded limit for bytes billed: {self.limit}. {outcome.bytes_billed} or higher required."
            raise Refusal(400, message, "bytesBilledLimitExceeded")
        return outcome

    def _in_duckdb(self, tree: exp.Expression) -> tuple[str, dict[str, Any]]:
        """The statement for DuckDB, with its parameters by name."""
        tree = tree.copy()
        for table in list(tree.find_all(exp.Table)):
            found = self._table(table)
            alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(found.name, quoted=True))
            place = exp.table_(found.name, db=f"{found.project}.{found.dataset}", quoted=True)
            place.set("alias", alias)
            table.replace(place)
        bound = {}
        for number, entry in enumerate(list(tree.find_all(exp.Placeholder, bfs=False))):
            kind, value = self.parameters[number]
            bound[f"p{number}"] = value
            entry.replace(exp.cast(exp.Placeholder(this=f"p{number}"), kind.duckdb, dialect="duckdb"))
        return tree.sql("duckdb"), bound

    def _table(self, told: exp.Table) -> Table:
        return self.tables.table(*self._place(told), self.location)

    def _place(self, told: exp.Table) -> tuple[str, str, str]:
        parts = [expr.name for expr in told.parts]
        if len(parts) == 1 and self.dataset is None:
            raise Refusal(400, f'Table "{parts[0]}" must be qualified with a dataset (e.g. dataset.table).', "invalidQuery")
        project, dataset, name = (
            [self.project, self.dataset or "", *parts[-1:]] if len(parts) == 1 else [self.project, *parts][-3:]
        )
        return project, dataset, name


def _twice_matched(tree: exp.Merge) -> exp.Select:
    """A query that finds a target row which more than one source row would update."""
    updates = [expression for expression in tree.args["whens"].expressions if expression.args.get("matched")]
    when = exp.or_(*(update.args["condition"].copy() if update.args.get("condition") else exp.true() for update in updates))
    target = tree.this.alias_or_name
    joined = exp.select("1").from_(tree.this.copy()).join(tree.args["using"].copy(), on=tree.args["on"].copy())
    return joined.where(when).group_by(f"{target}.rowid").having("COUNT(*) > 1").limit(1)


def _field(told: exp.Expression) -> dict[str, Any]:
    """A column's definition as the interface writes it."""
    if not isinstance(told, exp.ColumnDef):
        raise NotServed(f"{told.sql('bigquery')[:60]} in a table's definition")
    if not COLUMN.fullmatch(told.name):
        raise NotServed(f"a column of the name {told.name[:40]!r}")
    kind = named(told.args["kind"].sql("bigquery"))
    field: dict[str, Any] = {"name": told.name, "type": kind.name, "mode": "NULLABLE"}
    for constraint in told.args.get("constraints") or []:
        if isinstance(constraint.kind, exp.NotNullColumnConstraint):
            field["mode"] = "REQUIRED"
        elif isinstance(constraint.kind, exp.Properties) and [expression.name for expression in constraint.kind.expressions] == [
            "description"
        ]:
            field["description"] = _text(constraint.kind.expressions[0].args["value"])
        else:
            raise NotServed(f"the column option {constraint.sql('bigquery')[:60]}")
    return field


def _text(told: exp.Expression) -> str:
    if not isinstance(told, exp.Literal) or not told.is_string:
        raise Refusal(400, f"An option must be a STRING: {told.sql('bigquery')[:60]}", "invalidQuery")
    return told.name
