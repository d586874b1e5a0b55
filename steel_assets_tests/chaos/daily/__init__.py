"""A full daily run by a real daemon, in a world small enough to be killed thirty times."""
