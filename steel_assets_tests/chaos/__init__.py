"""A provider that misbehaves in every known way, in front of the sandbox; and collections killed at any moment."""
