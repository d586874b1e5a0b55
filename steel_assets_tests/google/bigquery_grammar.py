"""The GoogleSQL that the server speaks: a statement is read into a tree, and every part of the tree must be listed here."""

from __future__ import annotations

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.dialects.bigquery import BigQuery

from steel_assets_tests.google.bigquery_types import BY_GOOGLE
from steel_assets_tests.google.faults import NotServed, Refusal

SPOKEN: dict[type[exp.Expression], set[str]] = {
    exp.Alter: {"this", "kind", "actions"},
    exp.And: {"this", "expression"},
    exp.Between: {"this", "low", "high"},
    exp.Boolean: {"this"},
    exp.ClusterProperty: {"expressions"},
    exp.Column: {"this", "table"},
    exp.ColumnConstraint: {"kind"},
    exp.ColumnDef: {"this", "kind", "constraints", "exists"},
    exp.Count: {"this", "big_int"},
    exp.Create: {"this", "kind", "exists", "properties"},
    exp.CurrentTimestamp: set(),
    exp.DataType: {"this", "nested"},
    exp.Date: {"this"},
    exp.EQ: {"this", "expression"},
    exp.From: {"this"},
    exp.GT: {"this", "expression"},
    exp.GTE: {"this", "expression"},
    exp.Identifier: {"this", "quoted"},
    exp.In: {"this", "expressions"},
    exp.Insert: {"this", "expression"},
    exp.Is: {"this", "expression"},
    exp.LT: {"this", "expression"},
    exp.LTE: {"this", "expression"},
    exp.Literal: {"this", "is_string"},
    exp.Merge: {"this", "using", "on", "whens"},
    exp.NEQ: {"this", "expression"},
    exp.Not: {"this"},
    exp.NotNullColumnConstraint: set(),
    exp.Null: set(),
    exp.NullSafeNEQ: {"this", "expression"},
    exp.Or: {"this", "expression"},
    exp.Order: {"expressions"},
    exp.Ordered: {"this", "desc", "nulls_first"},
    exp.Paren: {"this"},
    exp.PartitionedByProperty: {"this"},
    exp.Placeholder: set(),
    exp.Properties: {"expressions"},
    exp.Property: {"this", "value"},
    exp.Schema: {"this", "expressions"},
    exp.Select: {"expressions", "from_", "where", "order"},
    exp.Star: set(),
    exp.Table: {"this", "db", "catalog", "alias"},
    exp.TableAlias: {"this"},
    exp.TimestampAdd: {"this", "expression", "unit"},
    exp.Tuple: {"expressions"},
    exp.Update: {"expressions"},
    exp.Var: {"this"},
    exp.When: {"matched", "condition", "then"},
    exp.Whens: {"expressions"},
    exp.Where: {"this"},
}
"""The nodes of a tree, and the parts that each may have."""

WORDS = """
    ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS CUBE CURRENT DEFAULT
    DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FROM FULL GROUP GROUPING
    GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP MERGE NATURAL NEW NO
    NOT NULL NULLS OF ON OR ORDER OUTER OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE RESPECT RIGHT ROLLUP ROWS SELECT
    SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN WHERE WINDOW WITH WITHIN
"""
RESERVED = frozenset(WORDS.split())
"""GoogleSQL's reserved words: names only within backticks."""


def read(text: str) -> exp.Expression:
    """The tree of the one statement in ``text``, when it is made of nothing but what is spoken here."""
    try:
        trees = sqlglot.parse(text, read="bigquery")
    except sqlglot.errors.SqlglotError as error:
        raise Refusal(400, f"Syntax error: {str(error).splitlines()[0]}", "invalidQuery") from error
    if len(trees) != 1 or trees[0] is None:
        raise NotServed("scripts of several statements")
    _refuse_other_dialects(text)
    tree = trees[0]
    if not isinstance(tree, exp.Create | exp.Alter | exp.Merge | exp.Select):
        if isinstance(tree, exp.Alias | exp.Column | exp.Identifier):
            raise Refusal(400, f"Syntax error: Unexpected identifier in {text[:40]!r}", "invalidQuery")
        raise NotServed(f"the statement {type(tree).__name__.upper()}")
    for node in tree.walk():
        said = {name for name, part in node.args.items() if part not in (None, False, [], "")}
        if type(node) not in SPOKEN or said - SPOKEN[type(node)] or _out_of_place(node):
            raise NotServed(f"{type(node).__name__} with {sorted(said)} in SQL: {node.sql('bigquery')[:80]}")
    return tree


def _refuse_other_dialects(text: str) -> None:
    """Refuse other dialects' spellings of comparisons and types, of which the tree keeps no trace."""
    types = BigQuery.Parser.TYPE_TOKENS
    before = None
    for token in sqlglot.tokenize(text, read="bigquery"):
        is_type = token.token_type in types and (before in types or before in (TokenType.VAR, TokenType.IDENTIFIER))
        if (is_type and token.text.upper() not in BY_GOOGLE) or token.text == "==" or token.token_type is TokenType.NOTNULL:
            raise NotServed(f"{token.text} in SQL")
        before = token.token_type


def _out_of_place(node: exp.Expression) -> bool:
    """Parts that are spoken in one place and nowhere else. Refuses a reserved word as a name, which the reader would take."""
    if isinstance(node, exp.Identifier) and not node.args.get("quoted") and node.name.upper() in RESERVED:
        raise Refusal(400, f"Syntax error: Unexpected keyword {node.name.upper()}", "invalidQuery")
    if isinstance(node, exp.Star | exp.Count):
        return not isinstance(node.parent if isinstance(node, exp.Star) else node.this, exp.Count | exp.Star)
    if isinstance(node, exp.TimestampAdd | exp.CurrentTimestamp):
        return node.find_ancestor(exp.Property) is None
    if isinstance(node, exp.When):
        return not isinstance(node.args["then"], exp.Insert | exp.Update)
    return isinstance(node, exp.Table) and any(expr.name.upper().startswith("INFORMATION_SCHEMA") for expr in node.parts)
