"""The error of a command that cannot do what was asked, and how it is printed: one message, exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from rich.console import Console

from steel_assets.core.problem import Problem

__all__ = ["Problem", "problems_printed"]


@contextmanager
def problems_printed() -> Iterator[None]:
    """Print a Problem or a wrong setting as a message; any other error is a bug and keeps its traceback."""
    try:
        yield
    except ValidationError as error:
        lines = [f"  STEEL_{'__'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False)]
        _fail("settings are not valid\n" + "\n".join(lines))
    except Problem as error:
        _fail(str(error.args[0] if isinstance(error, KeyError) and error.args else error))


def _fail(message: str) -> None:
    Console(stderr=True).print("error:", message, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(2)
