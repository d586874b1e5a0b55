"""Acknowledgements by the link in a message: the service stores them in the object store, and the outbox applies them.

So the service needs no write access to the alert state; what it stores can only acknowledge a case that is open. Each link is
stored once.
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
"""A link is valid for a week; after two weeks its file is deleted."""

LONGEST_NAME = 80


class Reply(Declaration):
    """The stored document of one used link: the case, and who looks after it since when."""

    case: str
    by: str
    at: AwareDatetime


class Acknowledging:
    """The service's part: checks a link and stores the acknowledgement."""

    def __init__(self, store: ObjectStore, key: bytes) -> None:
        self._store = store
        self._key = key

    def check(self, token: str, now: datetime) -> None:
        """Check that ``token`` is valid.

        Raises:
            BadToken: it is not.
        """
        claim(self._key, token, now)

    def leave(self, token: str, name: str, now: datetime) -> None:
        """Store that ``name`` (or, if empty, the recipient of the message) looks after the case.

        Raises:
            BadToken: the token is not valid, too old, or was used.
        """
        claimed = claim(self._key, token, now)
        by = " ".join("".join(notification for notification in name if notification.isprintable()).split())[:LONGEST_NAME]
        content = Reply(case=claimed.case, by=by or f"somebody by {claimed.channel}", at=now).model_dump(mode="json")
        place = f"{LEFT}{hashlib.sha256(token.encode()).hexdigest()[:24]}.json"
        try:
            self._store.put_if(place, checksummed(content, self._key), None)
        except Conflict:
            raise BadToken("this link was used already; the incident is acknowledged") from None


def left(store: ObjectStore, key: bytes, now: datetime) -> Iterator[tuple[str, Acknowledgement]]:
    """Case and acknowledgement of every recent document. Old ones are deleted, damaged ones quarantined."""
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
