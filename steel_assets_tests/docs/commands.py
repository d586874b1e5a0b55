"""The commands that the pages tell people to type: every line of a fenced block, and every command within a sentence."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from steel_assets.cli.commands import COMMANDS
from steel_assets_tests.isolation import ROOT

BLOCK = re.compile(r"^ *```(?P<kind>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(?P<command>(?:steel|make|python) [^`\n]+)`(?P<after>[^`\n]*)")
WITHIN = re.compile(r"(?:^|[;&|(] *)(?:\w+=\S+ )*(?P<command>(?:steel|make|python) [^;&|]+)")
"""A command of ours where a shell expects one, behind settings that are for it alone."""
REMARK = re.compile(r"(?:^| )#.*$|(?<=[^ ])  +\S.*$")
"""What stands behind a command: a remark, or the second column of a list of commands."""

NOT_YET = "does not have yet"
"""How a page says of a command that it is to come."""


def blocks(page: Path) -> list[str]:
    """The text of each block that holds commands, of a page given from the root: those marked ``sh``, and lists of ours."""
    found = [(block["kind"], block["text"]) for block in BLOCK.finditer((ROOT / page).read_text())]
    return [text for kind, text in found if kind == "sh" or (not kind and text.startswith(("steel ", "gcloud ")))]


def lines(text: str) -> list[str]:
    """The commands of a block, without remarks; a loop, and a text in quotes over several lines, is one."""
    done: list[str] = []
    waiting = ""
    for line in text.splitlines():
        said = line if waiting else REMARK.sub("", line)
        waiting = f"{waiting}\n{said}" if waiting else said.rstrip()
        words = waiting.split()
        open_loop = words[:1] == ["for"] and "done" not in words
        if waiting and waiting.count('"') % 2 == 0 and not open_loop:
            done.append(waiting)
            waiting = ""
    return done


def inline(page: Path) -> Iterator[str]:
    """The commands within sentences; without those of which the page says that they are to come."""
    for found in INLINE.finditer(BLOCK.sub("", (ROOT / page).read_text())):
        if NOT_YET not in found["after"]:
            yield found["command"]


def wrong(command: str) -> str | None:
    """What is wrong with a command of ours, as far as one can say without running it; None where nothing is.

    Alternatives (``steel ui | sign``) are looked up one by one.
    """
    command = re.sub(r"(?<=\w)\|(?=\w)", " | ", re.sub(r"[\[\]]", " ", command))
    first, *others = re.split(r" \| ", command)
    if first.startswith("make "):
        return _target(first)
    if first.startswith("python "):
        return _module(first)
    said = _steel(first)
    for other in others:
        if other.split()[0] in COMMANDS or not _has_commands(first.split()[1]):
            said = said or (None if "--" in first else _steel(f"steel {other}"))
        else:
            said = said or _steel(f"steel {first.split()[1]} {other}")
    return said


def _has_commands(name: str) -> bool:
    return name in COMMANDS and isinstance(COMMANDS[name].load(name), click.Group)


def _steel(command: str) -> str | None:
    """Whether there is this command, and each of its options."""
    name, *words = shlex.split(command.replace("…", "x"))[1:]
    if name.startswith("--"):
        return None
    if name not in COMMANDS:
        return f"there is no command steel {name}"
    found = COMMANDS[name].load(name)
    path = f"steel {name}"
    while isinstance(found, click.Group) and words and not words[0].startswith("-"):
        below = found.get_command(click.Context(found), words[0])
        if below is None:
            return f"there is no command {path} {words[0]}"
        path, found, words = f"{path} {words[0]}", below, words[1:]
    known = {option for parameter in found.params for option in parameter.opts} | {"--help"}
    unknown = [word.partition("=")[0] for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    return f"{path} has no option {unknown[0]}" if unknown else None


def _target(command: str) -> str | None:
    words = shlex.split(command)[1:]
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = [word for place, word in enumerate(words) if not word.startswith("-") and words[place - 1 : place] != ["-C"]]
    return next((f"the Makefile has no target {word}" for word in asked if word not in targets), None)


def _module(command: str) -> str | None:
    """Whether a module of ours is there; what else Python may run is not ours to look up."""
    words = shlex.split(command)
    if "-m" not in words or not (name := words[words.index("-m") + 1]).startswith("steel_assets"):
        return None
    path = ROOT / Path(*name.split("."))
    return None if path.with_suffix(".py").exists() or (path / "__main__.py").exists() else f"there is no module {name}"


def ours(line: str) -> list[str]:
    """The commands of this project within a line of a block, such as the second one of ``a && steel b``."""
    if " | " in line and line.startswith("steel "):
        return [line]
    return [found["command"].strip() for found in WITHIN.finditer(line)]
