"""Steel Assets: tomorrow's steel price, and how far to trust it."""
