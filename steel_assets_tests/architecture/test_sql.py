"""SQL is written in one place, with names that are no words of either dialect and values that are always parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from steel_assets.core.table_schema import Table
from steel_assets.core.tables import WAREHOUSE_TABLES
from steel_assets_tests.google.bigquery_grammar import RESERVED

HOME = "adapters/warehouse/sql.py"
OWN_DATABASES = {
    "adapters/cache/sqlite_store.py": "the cache's own SQLite file, which no warehouse shares",
    "adapters/callers/local_counts.py": "the counts of requests that processes of one machine share, a SQLite file of its own",
    "assets/dagster_storage.py": "Dagster's own SQLite files, of which it is the storage",
    "assets/packed_run.py": "packs and unpacks Dagster's own SQLite files",
    "operations/automation.py": "reads Dagster's own SQLite files, where opening the instance would take a second",
}
STATEMENT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|MERGE|CREATE|ALTER|DROP|TRUNCATE|USE|SET \w+ =)\s")


def sql_in(text: str) -> Iterator[str]:
    """String constants that begin like a statement."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value):
            yield node.value


def test_no_other_module_writes_sql(project_root: str) -> None:
    root = Path(project_root) / "steel_assets"
    found = {str(path.relative_to(root)): list(sql_in(path.read_text())) for path in root.rglob("*.py")}
    assert {name for name, statements in found.items() if statements} - set(OWN_DATABASES) == {HOME}


@pytest.mark.parametrize("table", WAREHOUSE_TABLES, ids=lambda table: table.name)
def test_names_are_words_of_neither_dialect(table: Table) -> None:
    kept = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
    reserved = RESERVED | {str(word).upper() for (word,) in duckdb.execute(kept).fetchall()}
    names = [table.name, *table.column_names]
    assert [name for name in names if name.upper() in reserved] == []
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name)] == []
