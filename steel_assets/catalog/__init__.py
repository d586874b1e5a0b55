"""Declarations of sources, series, markets, import parities, experiments and rules, in YAML, validated on load.

Files are found by folder: ``sources/*.yaml`` (one source each), ``series/*.yaml`` (lists of series), ``markets/*.yaml`` (one
market each), ``parity/*.yaml`` (one import parity each), ``experiments/*.yaml`` (one experiment each; none is shipped) and
``rules.yaml``. A user's folder, named in ``STEEL_CATALOG_DIR``, has the same layout and adds to the shipped one; an id declared
again there replaces the shipped declaration. Files whose name starts with ``_`` are hidden.
"""

from steel_assets.catalog.load import Catalog, CatalogError, load_catalog
from steel_assets.catalog.rules import Rules
from steel_assets.catalog.source import Source

__all__ = ["Catalog", "CatalogError", "Rules", "Source", "load_catalog"]
