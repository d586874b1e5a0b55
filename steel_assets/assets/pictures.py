"""Pictures of what an asset published: its step writes them to the lake, and the event of the materialisation has their address.

``steel dev`` and ``steel ui`` answer that address (``ui_pictures.py``). Dagster's own webserver does not, and shows the title.
"""

from datetime import date

import dagster as dg

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.pictures import key_of
from steel_assets.assets.ui_guard import PICTURES
from steel_assets.core.types import Market


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
    title = market.name.replace("[", "(").replace("]", ")")
    shown = dg.MetadataValue.md(f"![{title}]({PICTURES}{key})")
    return {name: shown, f"{name}_picture": dg.MetadataValue.path(lake.store.uri(key))}
