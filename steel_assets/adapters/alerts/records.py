"""What stays of alerts, one document each: the events that were sent, and what people did. A damaged one is quarantined."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TypeVar

from steel_assets.adapters.lake.damaged import Damaged, why_not
from steel_assets.adapters.objects.checksummed import checksummed, unseal
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.core.alerts.acknowledging import AuditLine, Deed
from steel_assets.core.alerts.alert_state import Waiting

HISTORY = "alerts/history/"
AUDIT = "alerts/audit/"

D = TypeVar("D", AuditLine, Waiting)


class AlertRecords:
    """The records in an object store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def keep(self, sent: Waiting) -> None:
        """Keep an event that all its channels have sent or refused. Raises ObjectStoreError."""
        key = f"{HISTORY}{sent.event.moment:%Y-%m}/{sent.event.id}.json"
        self._store.put(key, checksummed(sent.model_dump(mode="json")))

    def history(self, since: datetime | None = None) -> list[Waiting]:
        """Events that all their channels have sent or refused, oldest first; from the month of ``since`` on, if given."""
        first = f"{HISTORY}{since:%Y-%m}" if since else ""
        keys = [key for key in self._store.list(HISTORY) if key >= first]
        events = [sent for key in keys if (sent := self._read(key, Waiting)) is not None]
        return sorted(events, key=lambda sent: (sent.event.moment, sent.event.id))

    def note(self, now: datetime, by: str, did: Deed, about: str, note: str, *, name: str = "") -> None:
        """Keep what a person does, before the change that it is about. Raises ObjectStoreError.

        Args:
            name: id of the line, so that repeated attempts write the same one; empty for a new id.
        """
        line = AuditLine(id=name or uuid.uuid4().hex[:12], at=now, by=by, did=did, about=about, note=note)
        self._store.put(f"{AUDIT}{now:%Y-%m}/{line.id}.json", checksummed(line.model_dump(mode="json")))

    def audit(self) -> list[AuditLine]:
        """Everything that people did, oldest first."""
        lines = [line for key in list(self._store.list(AUDIT)) if (line := self._read(key, AuditLine)) is not None]
        return sorted(lines, key=lambda line: (line.at, line.id))

    def _read(self, key: str, kind: type[D]) -> D | None:
        content = self._store.get(key)
        try:
            return kind.model_validate(unseal(content))
        except ValueError as error:
            Damaged(self._store).set_aside(key, content, why_not(error))
            return None
