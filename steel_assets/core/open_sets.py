"""The open sets: packages in which every file is a member, and a folder of one's own that adds members from outside.

A folder of one's own has a subfolder for each set that it adds to, named as the package is: ``sources/``, ``models/``,
``features/``, ``notifiers/``, ``checks/``, ``providers/``. Its files become modules of that package. Which folder that is, is a
setting (``STEEL_PLUGINS_DIR``), which ``bootstrap`` hands over; a process that shall find the same members is told by
``open_to`` again. What a member must offer is said in each package.
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
"""The names of the packages that can be added to."""

_added: list[Path] = []


class PluginError(Problem):
    """A file of one's own cannot be used; the message names it and says why."""


def open_to(folder: Path) -> None:
    """Let the files of ``folder`` be members too, for the rest of this process; a folder that is open already stays so.

    Raises:
        PluginError: it is no folder, others can write it, or it holds Python files that belong to no set.
    """
    place = folder.resolve()
    if place in _added:
        return
    if not place.is_dir():
        raise PluginError(f"STEEL_PLUGINS_DIR names {folder}, which is not a folder; create it or unset the variable")
    for entry in (place, *(place / name for name in SETS if (place / name).is_dir())):
        if entry.stat().st_mode & stat.S_IWOTH:
            raise PluginError(f"{entry}: everybody on this machine can write it, and what is in it is run; chmod o-w it")
    for path in sorted([*place.glob("*.py"), *place.glob("*/*.py")]):
        if path.parent.name not in SETS or path.parent == place:
            raise PluginError(f"{path}: belongs to no set; put it into {', '.join(f'{name}/' for name in SETS)}")
    _added.append(place)


def opened() -> tuple[Path, ...]:
    """The folders that are open, for another process that shall find the same members."""
    return tuple(_added)


def places(package: str) -> tuple[str, ...]:
    """Where the members of ``package`` (its full name) are: its own folder first, then those of one's own."""
    paths = sys.modules[package].__path__
    for folder in _added:
        place = str(folder / package.rpartition(".")[2])
        if place not in paths and Path(place).is_dir():
            paths.append(place)
            invalidate_caches()
    return tuple(paths)


def members(package: str) -> dict[str, ModuleType]:
    """The modules of ``package`` by name, in alphabetical order, without those that are hidden (``_…``).

    Raises:
        PluginError: a file of one's own has the name of another member, or cannot be imported.
    """
    found: dict[str, str] = {}
    for place in places(package):
        for module in iter_modules([place]):
            if module.name in found:
                raise PluginError(f"{place}/{module.name}.py: {found[module.name]} has that name already; choose another")
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
