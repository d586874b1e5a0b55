"""What the platform has published, put into the shape the service hands out.

``python -m steel_assets.serving.publication`` prints one JSON line per part and ends. It runs in a process of its own, so that
the service itself stays small (no pandas, no database, no cloud client), is never held up by a locked warehouse, and survives
whatever a damaged file does to the library that reads it.
"""
