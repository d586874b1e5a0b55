"""Templates are compiled once for a machine, as Python's own files are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from steel_assets.serving.rendering import CompiledTemplates


def rendered(folder: Path) -> str:
    """The page of a process of its own."""
    pages = Environment(loader=FileSystemLoader(folder), bytecode_cache=CompiledTemplates(folder), autoescape=True)
    return pages.get_template("page.html").render(name="Ana")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "page.html").write_text("Hello {{ name }}")
    return tmp_path


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "page.html"]


def test_what_was_compiled_is_taken_by_the_next_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered(folder) == "Hello Ana"
    assert [path.parent.name for path in kept(folder)] == ["__pycache__"]
    monkeypatch.setattr(Environment, "compile", lambda *_: pytest.fail("compiled again"))
    assert rendered(folder) == "Hello Ana"


def test_another_text_is_compiled_anew(folder: Path) -> None:
    rendered(folder)
    (folder / "page.html").write_text("Good morning {{ name }}")
    assert rendered(folder) == "Good morning Ana"


@pytest.mark.parametrize("damage", [b"", b"garbage", None], ids=["empty", "garbage", "cut off"])
def test_a_damaged_file_costs_compiling_and_nothing_else(folder: Path, damage: bytes | None) -> None:
    rendered(folder)
    [file] = kept(folder)
    file.write_bytes(file.read_bytes()[:-20] if damage is None else damage)
    assert rendered(folder) == "Hello Ana"


def test_where_python_shall_write_nothing_nothing_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(folder) == "Hello Ana"
    assert kept(folder) == []
