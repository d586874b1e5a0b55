"""The command line: ``steel …``. Each command is a file; what people read is printed here, decided elsewhere."""

from steel_assets.cli.main import main

__all__ = ["main"]
