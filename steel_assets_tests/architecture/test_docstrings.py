"""Docstrings say what is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import steel_assets

PACKAGE = Path(steel_assets.__file__).parent
Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def test_every_argument_and_attribute_that_a_docstring_lists_exists() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE.parent)}:{node.lineno}: {node.name} has no {name!r}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, Documented)
        for name in sorted(listed(node) - names(node))
    ]
    assert not wrong, "\n".join(wrong)


def listed(node: Documented) -> set[str]:
    """The names under ``Args:`` and ``Attributes:``; ``a, b: …`` are two."""
    sections = re.findall(r"^(?:Args|Attributes):\n((?:    .*\n?|\n)+)", ast.get_docstring(node) or "", re.MULTILINE)
    entries = [
        entry for section in sections for entry in re.findall(r"^    ([a-z_]\w*(?:, [a-z_]\w*)*):(?: |$)", section, re.MULTILINE)
    ]
    return {name for entry in entries for name in entry.split(", ")}


def names(node: Documented) -> set[str]:
    """The arguments of a function; the fields, methods and arguments of a class."""
    if not isinstance(node, ast.ClassDef):
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        return {argument.arg for argument in every if argument is not None}
    return set(_of_class(node))


def _of_class(node: ast.ClassDef) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
            yield inner.target.id
        elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "self":
            yield inner.attr
        elif isinstance(inner, ast.FunctionDef):
            yield inner.name
            yield from names(inner)
