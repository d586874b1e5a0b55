"""Everything outside the process: one package per kind of service, each with its interface (Protocol) and implementations.

``bootstrap`` chooses and connects them. Import from a package's modules: its ``__init__`` is empty, so that a command imports
only what it uses.
"""
