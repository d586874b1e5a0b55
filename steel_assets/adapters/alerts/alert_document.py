"""The alert state as one document in the object store, changed by compare-and-set: several processes may change it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime

from steel_assets.adapters.alerts.stored_state import STATE_KEY, read_alert_state, rename_former
from steel_assets.adapters.objects.checksummed import Damaged, checksummed
from steel_assets.adapters.objects.object_store import Conflict, ObjectStore
from steel_assets.core.alerts.alert_state import AlertState

DAMAGED = "alerts/damaged/"
ATTEMPTS = 200


class AlertDocument:
    """The stored alert state.

    Args:
        after_damage: the state to begin with if the stored one was damaged, from a sentence that says so and the time.
    """

    def __init__(self, store: ObjectStore, after_damage: Callable[[str, datetime], AlertState]) -> None:
        self._store = store
        self._after_damage = after_damage

    def read(self) -> AlertState:
        """The present alert state.

        Raises:
            Damaged: it is damaged.
        """
        return read_alert_state(self._store)

    def change(self, edit: Callable[[AlertState], AlertState], now: datetime) -> AlertState:
        """Replace the alert state by ``edit(alert_state)``, again if another process was faster; no change is not written.

        A damaged one is moved to quarantine, and a new one is begun that says so.

        Raises:
            Conflict: other processes kept changing it.
            ObjectStoreError: it cannot be read or written.
        """
        for _ in range(ATTEMPTS):
            version = self._store.version(STATE_KEY)
            if version is None:
                rename_former(self._store)
                version = self._store.version(STATE_KEY)
            try:
                before = self.read()
            except Damaged:
                self._set_aside(version, now)
                continue
            after = edit(before)
            if after == before:
                return before
            try:
                self._put(after, version)
            except Conflict:
                time.sleep(random.uniform(0.005, 0.05))  # noqa: S311  spreads waiting processes, keeps no secret
                continue
            return after
        raise Conflict(
            f"{self._store.uri(STATE_KEY)} was changed by other processes {ATTEMPTS} times in a row; run fewer processes that "
            "send alerts"
        )

    def _set_aside(self, version: str | None, now: datetime) -> None:
        kept = f"{DAMAGED}{now:%Y-%m-%dT%H%M%SZ}.json"
        self._store.put(kept, self._store.get(STATE_KEY))
        fresh = self._after_damage(f"{self._store.uri(STATE_KEY)} was damaged and is now {self._store.uri(kept)}.", now)
        try:
            self._put(fresh, version)
        except Conflict:
            return

    def _put(self, alert_state: AlertState, version: str | None) -> None:
        self._store.put_if(STATE_KEY, checksummed(alert_state.model_dump(mode="json")), version)
