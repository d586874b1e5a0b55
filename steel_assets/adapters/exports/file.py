"""A file put whole where a person wants it; what was there stays unless it is to be replaced."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from steel_assets.adapters.machine.disk import remedy
from steel_assets.core.sheet import ExportError


def write_export(path: Path, content: bytes, *, replace: bool) -> None:
    """Write ``path`` whole or not at all; who may read it is up to the umask, as with any document.

    Args:
        replace: a file that is there may be replaced.

    Raises:
        ExportError: there is one, or the disk does not take it.
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
        raise ExportError(f"{path} is there already; --force replaces it") from error
    except OSError as error:
        raise ExportError(f"{path} could not be written: {error}. {remedy(error)}") from error
