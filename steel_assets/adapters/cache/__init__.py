"""The cache: bytes by key for a limited time, in SQLite files or Redis."""
