"""Exported files of tables, one module per format, and writing them to disk."""
