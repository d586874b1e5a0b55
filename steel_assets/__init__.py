"""Steel Assets: tomorrow's steel price, and how far to trust it."""

__version__ = "0.2.0.dev0"
