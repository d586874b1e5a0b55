"""A local substitute for the providers: their wire formats over HTTP, with data of a seeded simulated steel market.

The market is in ``shocks``, ``cycles``, ``drivers``, ``contracts``, ``instruments``, ``economy``, ``indicators``,
``simulated_history`` and ``market``. Each provider's wire format is a file of ``providers/`` and does not know how prices are
made. ``server`` serves them at one address. For development, tests and demonstrations only; all its data are invented.
"""

from steel_assets.sandbox.clock import ClockError
from steel_assets.sandbox.server import DEFAULT_SEED, Sandbox, SandboxError, serve

__all__ = ["DEFAULT_SEED", "ClockError", "Sandbox", "SandboxError", "serve"]
