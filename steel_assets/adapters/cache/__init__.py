"""The cache: bytes by key for a while, in SQLite files or Redis."""
