"""The base class of errors that are shown to people as a message."""

from __future__ import annotations


class Problem(Exception):
    """What is wrong and what to do, for the person who asked. A command prints it and exits with code 2."""
