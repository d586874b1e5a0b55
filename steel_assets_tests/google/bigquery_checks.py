"""What GoogleSQL thinks of the expressions in a statement: every column known, every type fitting, or refused.

DuckDB converts where BigQuery refuses (text to numbers, numbers to truth), so each expression is given its type here before
DuckDB sees it. What BigQuery would take and DuckDB would see differently is not served.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from sqlglot import exp

from steel_assets_tests.google.bigquery_tables import Table
from steel_assets_tests.google.bigquery_types import Type
from steel_assets_tests.google.faults import NotServed, Refusal

COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeNEQ)
NUMBERS = frozenset({"INTEGER", "FLOAT"})
MOMENTS = frozenset({"DATE", "TIMESTAMP"})
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Kind:
    """The type of an expression by its name in the interface; a literal or a parameter fits more than its own."""

    name: str
    literal: exp.Literal | None = None
    parameter: bool = False


class Checks:
    """Checks of one statement, over the tables it names (by alias) and its parameters (in order)."""

    def __init__(self, tree: exp.Expression, tables: Mapping[str, Table], parameters: Sequence[tuple[Type, Any]]) -> None:
        self.tree = tree
        self.tables = tables
        marks = list(tree.find_all(exp.Placeholder, bfs=False))
        if len(marks) != len(parameters):
            _refuse("The number of parameters is not that of the question marks")
        self.kinds = {id(mark): kind for mark, (kind, _) in zip(marks, parameters, strict=True)}

    def select(self) -> None:
        """Columns by name, or the count of rows and nothing else; conditions; an order by columns."""
        wanted = self.tree.expressions
        if not (len(wanted) == 1 and isinstance(wanted[0], exp.Count)):
            for name in wanted:
                self.column(name)
        names = [name.name.lower() for name in wanted if isinstance(name, exp.Column)]
        if len(set(names)) < len(names):
            _refuse(f"Duplicate column names in the result are not supported: {', '.join(names)}")
        if self.tree.args.get("where"):
            self.truth(self.tree.args["where"].this)
        for expression in self.tree.args["order"].expressions if self.tree.args.get("order") else []:
            self.column(expression.this)
            if bool(expression.args.get("nulls_first")) == bool(expression.args.get("desc")):
                raise NotServed("an order that names where empty values go")

    def merge(self) -> None:
        """Conditions, and values that fit the columns they go into."""
        target = self.tables[self.tree.this.alias_or_name.lower()]
        self.truth(self.tree.args["on"])
        for when in self.tree.args["whens"].expressions:
            if bool(when.args.get("matched")) != isinstance(when.args["then"], exp.Update):
                _refuse("Syntax error: rows that match are updated, rows that do not are inserted")
            if when.args.get("condition"):
                self.truth(when.args["condition"])
            for column, value in _assignments(when.args["then"]):
                if not isinstance(column, exp.Column) or column.table:
                    raise NotServed(f"{column.sql('bigquery')} as the target of a value")
                kind = target.type_of(column.name)
                if kind is None:
                    _refuse(f"Column {column.name} is not present in table {target.full_name}")
                self.assigned(kind.name, value)

    def column(self, node: exp.Expression) -> Kind:
        if not isinstance(node, exp.Column):
            raise NotServed(f"{node.sql('bigquery')[:60]} in the place of a column")
        qualified = node.table.lower()
        if qualified and qualified not in self.tables:
            _refuse(f"Unrecognized name: {node.table}")
        places = [self.tables[qualified]] if qualified else list(self.tables.values())
        found = [kind for table in places if (kind := table.type_of(node.name))]
        if not found:
            _refuse(f"Unrecognized name: {node.name}")
        if len(found) > 1:
            _refuse(f"Column name {node.name} is ambiguous")
        return Kind(found[0].name)

    def truth(self, node: exp.Expression) -> None:
        """A condition: true, false or unknown."""
        kind = self.kind(node)
        if kind is not None and kind.name != "BOOLEAN":
            _refuse(f"A condition must be of type BOOL, not {kind.name}: {node.sql('bigquery')[:60]}")

    def assigned(self, wanted: str, node: exp.Expression) -> None:
        kind = self.kind(node)
        widened = kind is not None and (wanted, kind.name) == ("FLOAT", "INTEGER")
        if kind is not None and kind.name != wanted and not widened and not _reads_as(kind, wanted):
            _refuse(f"Value of type {kind.name} cannot be assigned to a column of type {wanted}: {node.sql('bigquery')[:60]}")

    def kind(self, node: exp.Expression) -> Kind | None:
        """What an expression gives; None for NULL, which fits everything."""
        if isinstance(node, exp.Paren):
            return self.kind(node.this)
        if isinstance(node, exp.Null):
            return None
        if isinstance(node, exp.Boolean):
            return Kind("BOOLEAN")
        if isinstance(node, exp.Literal):
            return _literal(node)
        if isinstance(node, exp.Placeholder):
            return Kind(self.kinds[id(node)].name, parameter=True)
        if isinstance(node, exp.Date):
            if (self.kind(node.this) or Kind("DATE")).name != "TIMESTAMP":
                raise NotServed("DATE() of anything but a moment")
            return Kind("DATE")
        if isinstance(node, exp.And | exp.Or | exp.Not):
            for part in (node.this, node.args.get("expression")):
                if part is not None:
                    self.truth(part)
            return Kind("BOOLEAN")
        if isinstance(node, exp.Is):
            if isinstance(node.expression, exp.Boolean):
                self.truth(node.this)
            elif not isinstance(node.expression, exp.Null):
                raise NotServed(f"{node.sql('bigquery')[:60]}")
            self.kind(node.this)
            return Kind("BOOLEAN")
        if isinstance(node, (*COMPARISONS, exp.In, exp.Between)):
            others = [node.args.get("expression"), node.args.get("low"), node.args.get("high"), *node.args.get("expressions", [])]
            for other in others:
                if other is not None:
                    self.compared(node, other)
            return Kind("BOOLEAN")
        return self.column(node)

    def compared(self, node: exp.Expression, other: exp.Expression) -> None:
        """Like with like: numbers with numbers, else the same type, or text that reads as it."""
        left, right = self.kind(node.this), self.kind(other)
        if left is None or right is None or left.name == right.name or {left.name, right.name} <= NUMBERS:
            return
        if not _reads_as(left, right.name) and not _reads_as(right, left.name):
            _refuse(f"No matching signature for operator in {node.sql('bigquery')[:80]}: {left.name}, {right.name}")


def _assignments(then: exp.Update | exp.Insert) -> list[tuple[exp.Expression, exp.Expression]]:
    """Columns, and the value that each is given."""
    if isinstance(then, exp.Update):
        return [(expression.this, expression.expression) for expression in then.expressions]
    names, values = then.this, then.expression
    if not isinstance(names, exp.Tuple) or not isinstance(values, exp.Tuple):
        raise NotServed("an INSERT that does not name its columns and values")
    if len(names.expressions) != len(values.expressions):
        _refuse("Inserted row has wrong column count")
    return list(zip(names.expressions, values.expressions, strict=True))


def _literal(node: exp.Literal) -> Kind:
    if node.is_string:
        return Kind("STRING", node)
    if re.fullmatch(r"\d+", node.name):
        if int(node.name) >= 2**63:
            _refuse(f"Invalid integer literal: {node.name}")
        return Kind("INTEGER", node)
    if not re.fullmatch(r"\d+\.\d+", node.name) or not math.isfinite(float(node.name)):
        raise NotServed(f"the literal {node.name[:40]}")
    return Kind("FLOAT", node)


def _reads_as(kind: Kind, wanted: str) -> bool:
    """Whether text stands for a moment: BigQuery reads literals and parameters as such, of which only days are served."""
    if kind.name != "STRING" or wanted not in MOMENTS:
        return False
    if kind.parameter or (kind.literal and not (wanted == "DATE" and DAY.fullmatch(kind.literal.name))):
        raise NotServed(f"text as a value of type {wanted}")
    return kind.literal is not None


def _refuse(message: str) -> NoReturn:
    raise Refusal(400, message, "invalidQuery")
