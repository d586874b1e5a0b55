"""Steel Assets: tomorrow's steel price, and how far to trust it."""

__version__ = "0.1.0"
