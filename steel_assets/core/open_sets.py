"""Plugins: packages in which every file is a member, and a user's folder that adds members.

The user's folder has a subfolder for each package it extends: ``sources/``, ``models/``, ``features/``, ``notifiers/``,
``checks/``, ``providers/``. Its files become modules of that package. The folder is set by ``STEEL_PLUGINS_DIR``, which
``bootstrap`` passes to ``open_to``; a child process that needs the same members must call ``open_to`` again. Each package
documents what a member must define.
"""

from __future__ import annotations

import stat
import sys
from importlib import import_module, invalidate_caches
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from steel_assets.core.problem import Problem

SETS = ("sources", "models", "features", "notifiers", "checks", "providers")
"""The names of the packages that can be extended."""

_added: list[Path] = []


class PluginError(Problem):
    """A plugin file cannot be used; the message names it and says why."""


def open_to(folder: Path) -> None:
    """Add the files of ``folder`` as members for the rest of this process; a second call does nothing.

    Raises:
        PluginError: it is not a folder, other users can write to it, or it holds Python files outside the known subfolders.
    """
    place = folder.resolve()
    if place in _added:
        return
    if not place.is_dir():
        raise PluginError(f"STEEL_PLUGINS_DIR names {folder}, which is not a folder; create it or unset the variable")
    for entry in (place, *(place / name for name in SETS if (place / name).is_dir())):
        if entry.stat().st_mode & stat.S_IWOTH:
            raise PluginError(f"{entry}: other users can write to it, and its code is executed; run chmod o-w on it")
    for path in sorted([*place.glob("*.py"), *place.glob("*/*.py")]):
        if path.parent.name not in SETS or path.parent == place:
            raise PluginError(f"{path}: is in no known subfolder; put it into {', '.join(f'{name}/' for name in SETS)}")
    _added.append(place)


def opened() -> tuple[Path, ...]:
    """The added folders, for another process that needs the same members."""
    return tuple(_added)


def places(package: str) -> tuple[str, ...]:
    """The folders with members of ``package`` (its full name): its own first, then the user's."""
    paths = sys.modules[package].__path__
    for folder in _added:
        place = str(folder / package.rpartition(".")[2])
        if place not in paths and Path(place).is_dir():
            paths.append(place)
            invalidate_caches()
    return tuple(paths)


def members(package: str) -> dict[str, ModuleType]:
    """The modules of ``package`` by name, in alphabetical order, without hidden ones (``_…``).

    Raises:
        PluginError: a user's file has the name of another member, or cannot be imported.
    """
    found: dict[str, str] = {}
    for place in places(package):
        for module in iter_modules([place]):
            if module.name in found:
                raise PluginError(f"{place}/{module.name}.py: {found[module.name]} has that name already; rename the file")
            if not module.name.startswith("_"):
                found[module.name] = f"{place}/{module.name}.py"
    return {name: _imported(f"{package}.{name}", found[name]) for name in sorted(found)}


def _imported(module: str, path: str) -> ModuleType:
    if not any(Path(path).is_relative_to(folder) for folder in _added):
        return import_module(module)
    try:
        return import_module(module)
    except Exception as error:
        raise PluginError(f"{path}: cannot be imported: {type(error).__name__}: {error}") from error
