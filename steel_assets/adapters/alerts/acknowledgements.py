"""Acknowledgements that come by the link in a message: the service leaves them in the object store, the outbox takes them up.

The service so needs no right to the alert state, and what it leaves can only make somebody look after a case that is open.
Each link leaves one file, once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from steel_assets.adapters.lake.damaged import Damaged as SetAside
from steel_assets.adapters.lake.damaged import why_not
from steel_assets.adapters.objects.checksummed import checksummed, unseal
from steel_assets.adapters.objects.object_store import Conflict, ObjectNotFound, ObjectStore
from steel_assets.core.alerts.incidents import Acknowledgement
from steel_assets.core.alerts.tokens import BadToken, claim
from steel_assets.core.types import Declaration

LEFT = "alerts/acknowledge/"
KEPT = timedelta(days=14)
"""A link is good for a week; after two nothing needs to know that it was used."""

LONGEST_NAME = 80


class Reply(Declaration):
    """The stored document of one link that was used: the case, and who looks after it since when."""

    case: str
    by: str
    at: AwareDatetime


class Acknowledging:
    """The service's side: checks a link and stores the acknowledgement."""

    def __init__(self, store: ObjectStore, key: bytes) -> None:
        self._store = store
        self._key = key

    def check(self, token: str, now: datetime) -> None:
        """Raises BadToken where ``token`` is none of ours."""
        claim(self._key, token, now)

    def leave(self, token: str, name: str, now: datetime) -> None:
        """Note that ``name`` (or, where they left none, whoever got the message) looks after the case.

        Raises:
            BadToken: it is none of ours, too old, or was used.
        """
        claimed = claim(self._key, token, now)
        by = " ".join("".join(notification for notification in name if notification.isprintable()).split())[:LONGEST_NAME]
        content = Reply(case=claimed.case, by=by or f"somebody by {claimed.channel}", at=now).model_dump(mode="json")
        place = f"{LEFT}{hashlib.sha256(token.encode()).hexdigest()[:24]}.json"
        try:
            self._store.put_if(place, checksummed(content, self._key), None)
        except Conflict:
            raise BadToken("this link was used already") from None


def left(store: ObjectStore, key: bytes, now: datetime) -> Iterator[tuple[str, Acknowledgement]]:
    """Case and acknowledgement of every document stored lately. Old ones are deleted, damaged ones set aside."""
    for place in list(store.list(LEFT)):
        try:
            found = store.get(place)
        except ObjectNotFound:
            continue
        try:
            reply = Reply.model_validate(unseal(found, key))
        except ValueError as error:
            SetAside(store).set_aside(place, found, why_not(error))
            continue
        if now - reply.at > KEPT:
            store.delete(place)
        else:
            yield reply.case, Acknowledgement(by=reply.by, at=reply.at)
