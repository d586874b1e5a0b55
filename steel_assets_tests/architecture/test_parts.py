"""Whoever works with a part of the platform is given that part: nobody is given all of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

COMPOSES = frozenset({"bootstrap.py", "assets/resources.py", "cli/session.py"})
"""The composition root, Dagster's resources made of it, and the session that a command opens for itself."""


def given(path: Path) -> Iterator[str]:
    """What is given the whole platform in a file: parameters of functions, and fields of classes."""
    for node in ast.walk(ast.parse(path.read_text())):
        annotation = node.annotation if isinstance(node, ast.arg | ast.AnnAssign) else None
        if annotation is not None and any(isinstance(name, ast.Name) and name.id == "Platform" for name in ast.walk(annotation)):
            yield f"{path.name}:{node.lineno}"


def test_no_function_takes_the_whole_platform(project_root: str) -> None:
    package = Path(project_root) / "steel_assets"
    files = [path for path in package.rglob("*.py") if path.relative_to(package).as_posix() not in COMPOSES]
    assert [place for path in files for place in given(path)] == []


def test_what_is_given_the_whole_platform_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(a: int, *, b: Platform | None = None) -> Platform: ...\nclass C:\n    c: Platform\n")
    assert list(given(tmp_path / "a.py")) == ["a.py:3", "a.py:1"]
