"""A local stand-in for the providers: their real wire formats over HTTP, from a seeded simulated steel market.

The market is in ``shocks``, ``cycles``, ``drivers``, ``contracts``, ``instruments``, ``economy``, ``indicators``,
``simulated_history`` and ``market``. Each provider's wire format is a file of ``providers/`` and knows nothing of how prices
come about. ``server`` puts them under one address. For development, tests and demonstrations: nothing it answers ever happened.
"""

from steel_assets.sandbox.clock import ClockError
from steel_assets.sandbox.server import DEFAULT_SEED, Sandbox, SandboxError, serve

__all__ = ["DEFAULT_SEED", "ClockError", "Sandbox", "SandboxError", "serve"]
