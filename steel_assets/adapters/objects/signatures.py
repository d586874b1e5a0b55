"""The key that models and publications are signed with."""

from __future__ import annotations

from pydantic import SecretStr

from steel_assets.adapters.google.secret_manager import SecretError, Secrets

SHORTEST_KEY = 16


def signing_key(secrets: Secrets, setting: SecretStr | None) -> bytes | None:
    """The key in STEEL_SIGNING_KEY, looked up if it is a reference; None without one.

    Raises:
        SecretError: the reference cannot be looked up.
    """
    key = secrets.reveal(setting)
    found = key.get_secret_value().encode() if key else None
    if found is not None and len(found) < SHORTEST_KEY:
        raise SecretError(f"STEEL_SIGNING_KEY must have {SHORTEST_KEY} characters or more: openssl rand -hex 32")
    return found
