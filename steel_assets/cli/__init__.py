"""The command line: ``steel …``. Each command is a file; what people read is printed here, decided elsewhere."""

import sys

__all__ = ["main"]

LIGHT = ("serve", "keys")
"""Commands that start at once, in a container where Dagster is not even installed."""


def main() -> None:
    """Entry point of the console script."""
    if sys.argv[1:2] and sys.argv[1] in LIGHT:
        from steel_assets.cli import light

        light.main()
        return
    from steel_assets.catalog import CatalogError
    from steel_assets.cli.problem import told

    with told(CatalogError):  # Dagster's definitions read the settings and the catalogue when they are imported
        from steel_assets.cli.main import main as every_command
    every_command()
