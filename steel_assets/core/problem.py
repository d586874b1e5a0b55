"""What cannot be done as asked, and says so to a person."""

from __future__ import annotations


class Problem(Exception):
    """A message for the person who asked: what is wrong, and what to do. A command prints it and ends with exit code 2."""
