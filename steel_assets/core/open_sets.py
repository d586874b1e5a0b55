"""Plugins: packages in which every file is a member, and a user's folder that adds members.

The user's folder has a subfolder for each package it extends: ``sources/``, ``models/``, ``features/``, ``notifiers/``,
``checks/``, ``providers/``. Its files become modules of that package. The folder is set by ``STEEL_PLUGINS_DIR``, which
``bootstrap`` passes to ``open_to``; a child process that needs the same members must call ``open_to`` again. Each package
documents what a member must define.
"""

from __future__ import annotations

import os
import stat
import sys
from importlib import import_module, invalidate_caches
from pathlib import Path
from pkgutil import iter_modules
from traceback import extract_tb
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
        PluginError: it is not a folder, other users can write to it, it cannot be read, or it holds Python files outside the
            known subfolders.
    """
    place = folder.resolve()
    if place in _added:
        return
    if not place.is_dir():
        raise PluginError(f"STEEL_PLUGINS_DIR names {folder}, which is not a folder; create it or unset the variable")
    for entry in (place, *(place / name for name in SETS if (place / name).is_symlink() or (place / name).exists())):
        if not entry.is_dir():
            raise PluginError(f"{entry}: not a folder; put the files of that set into a folder of this name, or take it away")
        if not os.access(entry, os.R_OK | os.X_OK):
            raise PluginError(f"{entry}: this process may not read it; chmod u+rx it, or give it to the user who runs this")
        files = entry.rglob("*.py") if entry != place else ()
        for path in (path for path in (entry, *files) if path.exists() and path.stat().st_mode & stat.S_IWOTH):
            raise PluginError(f"{path}: other users can write to it, and its code is executed; run chmod o-w on it")
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


def extended(package: str) -> bool:
    """Whether a folder that is open has a subfolder for ``package``. Imports nothing."""
    return any((folder / package.rpartition(".")[2]).is_dir() for folder in _added)


def is_own(module: ModuleType) -> bool:
    """Whether ``module`` is a file of one's own rather than a shipped one."""
    return module.__file__ is not None and _own(module.__file__)


def members(package: str, *offers: str) -> dict[str, ModuleType]:
    """The modules of ``package`` by name, in alphabetical order, without hidden ones (``_…``).

    Args:
        offers: the names that every user's file in it must define.

    Raises:
        PluginError: a user's file has the name of another member, cannot be imported, or lacks one of ``offers``.
    """
    found: dict[str, str] = {}
    for place in places(package):
        for module in iter_modules([place]):
            if module.name in found:
                raise PluginError(f"{place}/{module.name}.py: {found[module.name]} has that name already; rename the file")
            if module.ispkg and Path(place, f"{module.name}.py").exists():
                raise PluginError(f"{place}/{module.name}.py: the folder {module.name}/ beside it has that name too; rename one")
            if not module.name.startswith("_"):
                found[module.name] = f"{place}/{module.name}.py"
    return {name: _imported(f"{package}.{name}", found[name], offers) for name in sorted(found)}


def _own(path: str) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in _added)


def _imported(name: str, path: str, offers: tuple[str, ...]) -> ModuleType:
    if not _own(path):
        return import_module(name)
    try:
        module = import_module(name)
    except (Exception, SystemExit) as error:
        lines = [f", line {frame.lineno}" for frame in extract_tb(error.__traceback__) if frame.filename == path]
        raise PluginError(
            f"{path}: cannot be imported: {type(error).__name__}: {error}{lines[-1] if lines else ''}; mend it, or leave it out "
            "for now by a name that begins with _"
        ) from error
    if missing := [offer for offer in offers if not hasattr(module, offer)]:
        raise PluginError(
            f"{path}: a file of {Path(path).parent.name}/ defines {' and '.join(offers)}; this one lacks "
            f"{' and '.join(missing)}. Add that, or, where the file only serves others, let its name begin with _"
        )
    return module
