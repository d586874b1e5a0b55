"""Where the platform touches the world: a package per thing touched, in each its Protocol first, then its implementations.

``bootstrap`` chooses and connects them. What is asked of a package is imported from its modules; ``__init__`` files are empty, so
that a command pays only for what it uses.
"""
