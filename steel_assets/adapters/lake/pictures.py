"""The layout of pictures in the lake: ``pictures/<day>/<market>-<name>.svg``.

A run of the same day writes the same file anew. Nothing is computed from a picture: a lost or damaged one costs itself.
"""

import re
from datetime import date

FOLDER = "pictures/"
KEY = re.compile(rf"{FOLDER}(\d{{4}}-\d\d-\d\d)/[A-Za-z0-9_]+-[a-z]+\.svg")


def key_of(day: date, market: str, name: str) -> str:
    """Where a market's picture of a day is stored.

    Args:
        market: its id.
        name: what is shown, in lower-case letters.
    """
    return f"{FOLDER}{day:%Y-%m-%d}/{market}-{name}.svg"
