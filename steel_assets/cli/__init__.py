"""The command line: ``steel …``. Each command is a file here that parses options and prints; ``operations`` do the work."""

from steel_assets.cli.main import main

__all__ = ["main"]
