"""Pictures of what an asset published: its step writes them to the lake, and the event of the materialisation has their address.

``steel dev`` and ``steel ui`` answer that address (``ui_pictures.py``). Dagster's own webserver does not, and shows the title.
"""

from datetime import date

import dagster as dg

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.pictures import key_of
from steel_assets.assets.ui_guard import PICTURES
from steel_assets.core.types import Market


def title(lake: Lake, market: Market) -> str:
    """The title of a market's pictures: its name, after a warning where the lake holds simulated data."""
    return f"SIMULATED · {market.name}" if lake.simulated else market.name


def kept(lake: Lake, day: date, market: Market, name: str, svg: str) -> dict[str, dg.MetadataValue]:
    """Write a picture to the lake.

    Args:
        day: the day that it belongs to.
        name: of the metadata that shows it, in lower-case letters.

    Returns:
        Metadata: the picture under ``name``, and its place in the lake.

    Raises:
        ObjectStoreError: the lake cannot be written.
    """
    key = key_of(day, market.id, name)
    lake.store.put(key, svg.encode())
    words = title(lake, market).replace("[", "(").replace("]", ")")
    shown = dg.MetadataValue.md(f"![{words}]({PICTURES}{key})")
    return {name: shown, f"{name}_picture": dg.MetadataValue.path(lake.store.uri(key))}
