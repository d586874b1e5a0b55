"""Steel Assets: forecasts of steel prices, with intervals and measured errors."""

__version__ = "0.2.0.dev0"
