"""Where the platform touches the world: one port per file, its Protocol first, then its implementations.

Adapters are strangers to each other; ``bootstrap`` chooses and connects them.
"""
