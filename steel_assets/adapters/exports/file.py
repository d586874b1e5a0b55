"""Writes an exported file completely; an existing one is replaced only if requested."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from steel_assets.adapters.machine.disk import remedy
from steel_assets.core.sheet import ExportError


def write_export(path: Path, content: bytes, *, replace: bool) -> None:
    """Write ``path`` completely or not at all, with permissions by the umask.

    Args:
        replace: an existing file may be replaced.

    Raises:
        ExportError: the file exists, or the disk refuses it.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if not replace:
                path.open("xb").close()  # from here on the name is ours
            part.replace(path)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
    except FileExistsError as error:
        raise ExportError(f"{path} exists already; --force replaces it") from error
    except OSError as error:
        raise ExportError(f"{path} could not be written: {error}. {remedy(error)}") from error
