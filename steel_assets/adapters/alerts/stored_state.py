"""Where the alert state is stored: under which name, as which bytes, and under which name former releases had it."""

from __future__ import annotations

from contextlib import suppress

from pydantic import ValidationError

from steel_assets.adapters.objects.checksummed import Damaged, unseal
from steel_assets.adapters.objects.object_store import Conflict, ObjectNotFound, ObjectStore
from steel_assets.core.alerts.alert_state import AlertState

STATE_KEY = "alerts/state.json"
FORMER_KEY = "alerts/book.json"
"""The key in former releases; it is read until the first change or ``steel upgrade`` renames it."""


def read_alert_state(store: ObjectStore) -> AlertState:
    """The alert state in ``store``; an empty one before the first.

    Raises:
        Damaged: it is damaged.
    """
    for key in (STATE_KEY, FORMER_KEY):
        try:
            return AlertState.model_validate(unseal(store.get(key)))
        except ObjectNotFound:
            continue
        except Damaged as error:
            remedy = "the next look sets it aside and begins a new one (steel alerts watch)"
            raise Damaged(f"{store.uri(key)} is damaged, {error}; {remedy}") from error
        except ValidationError as error:
            raise Damaged(f"{store.uri(key)} was written by another version: {error.error_count()} fields differ") from error
    return AlertState()


def has_former_name(store: ObjectStore) -> bool:
    """Whether ``store`` has an alert state under the former releases' key."""
    return store.version(FORMER_KEY) is not None


def rename_former(store: ObjectStore) -> None:
    """Move the alert state of a former release to its present key, if there is one.

    If a process dies in between, both exist: the present one counts, and the next call deletes the former.
    """
    try:
        content = store.get(FORMER_KEY)
    except ObjectNotFound:
        return
    with suppress(Conflict):  # there is one under the present name, which is newer
        store.put_if(STATE_KEY, content, None)
    store.delete(FORMER_KEY)
