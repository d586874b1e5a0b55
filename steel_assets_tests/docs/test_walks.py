"""The walks of docs/where-to-read.md lead through files and functions that are there, and down."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

import pytest

from steel_assets_tests.isolation import ROOT

PAGE = (ROOT / "docs" / "where-to-read.md").read_text()
LINE = re.compile(r"^(?P<indent> *)- `(?P<file>[\w/]+\.py)` `(?P<name>\w+)`", re.MULTILINE)
FLOORS = {"assets": 5, "serving": 5, "operations": 4, "providers.py": 3, "sources": 2, "adapters": 1, "core": 0}
"""Rooms by how high they are: a call goes down or stays."""
CALLED = ("adapters", "core")
"""What everybody may call."""


class Place(NamedTuple):
    """One line of a walk; the room is the first part of its path."""

    depth: int
    file: str
    name: str

    @property
    def room(self) -> str:
        return self.file.split("/")[0]


def steps() -> list[list[Place]]:
    """The steps of all walks, each a list that begins with a line that is not indented."""
    found: list[list[Place]] = []
    for line in LINE.finditer(PAGE):
        place = Place(len(line["indent"]) // 4, line["file"], line["name"])
        if place.depth == 0:
            found.append([])
        found[-1].append(place)
    return found


def callers(step: list[Place]) -> list[tuple[Place, Place]]:
    """Each line with the one that it is called from."""
    stack: list[Place] = []
    pairs = []
    for place in step:
        del stack[place.depth :]
        if stack:
            pairs.append((stack[-1], place))
        stack.append(place)
    return pairs


def test_every_line_of_a_walk_is_read() -> None:
    assert sum(len(step) for step in steps()) == len(re.findall(r"^ *- ", PAGE, re.MULTILINE))
    assert len(steps()) >= 10


@pytest.mark.parametrize("step", steps(), ids=lambda step: step[0].file)
def test_every_file_and_function_is_there(step: list[Place]) -> None:
    for place in step:
        tree = ast.parse((ROOT / "steel_assets" / place.file).read_text())
        names = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef))}
        assert place.name in names, f"{place.file} defines no {place.name}"


@pytest.mark.parametrize("step", steps(), ids=lambda step: step[0].file)
def test_a_step_goes_down_and_enters_no_room_twice(step: list[Place]) -> None:
    for caller, called in callers(step):
        assert FLOORS[called.room] <= FLOORS[caller.room], f"{called.file} is above {caller.file}"
    crossings = {(caller.room, called.room) for caller, called in callers(step) if called.room not in (caller.room, *CALLED)}
    assert len(crossings) == len({room for _, room in crossings}), "a room is entered from two others"
