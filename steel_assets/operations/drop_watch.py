"""Which files at the top of the drop folder are complete: unchanged between two scans, and with the end of their kind."""

import hashlib
from collections.abc import Mapping

import pandas as pd

from steel_assets.adapters.drop_box import DropBox, DroppedFile
from steel_assets.catalog.rules import DropRule
from steel_assets.core.file_endings import unfinished
from steel_assets.operations.drop_state import SeenFile


class FolderScan:
    """What one scan finds about each file, compared with earlier scans.

    Attributes:
        seen: files as they were first seen in their present form, by name.
        words: a text about each file that is not complete yet, by name.
    """

    def __init__(self, box: DropBox, rule: DropRule, seen: Mapping[str, SeenFile], moment: pd.Timestamp) -> None:
        self._box, self._rule, self._moment = box, rule, moment
        self.seen = dict(seen)
        self.words: dict[str, str] = {}

    def whole(self, name: str, offer: DroppedFile, most: int, *, any_end: bool = False) -> tuple[bytes, DroppedFile] | None:
        """The content of a complete file; None if it may be incomplete.

        Args:
            most: largest number of bytes; of a larger file one byte more is read.
            any_end: accept any end of the file.

        Raises:
            NotAFile: the name is a folder or a link.
        """
        if not self._box.grows:
            return self._box.read(name, most)
        seen = self.seen.get(name)
        if seen is None or seen.version != offer.version:
            self._first_seen(name, *self._box.read(name, most), most, any_end=any_end)
            return None
        since = pd.Timestamp(seen.since)
        if not self.is_quiet(offer, since):
            return None
        if seen.unfinished is not None and self._moment - since < self._unfinished_for:
            self.words[name] = (
                f"{seen.unfinished}: it may still be on its way. It is imported when it ends as it should, or as it is when it "
                f"has not changed for {self._rule.unfinished_minutes:g} minutes"
            )
            return None
        content, found = self._box.read(name, most)
        if (found.version, sha256(content)) != (seen.version, seen.sha256):
            self._first_seen(name, content, found, most, any_end=any_end)
            return None
        return content, found

    def is_quiet(self, offer: DroppedFile, since: pd.Timestamp | None = None, *, long: bool = False) -> bool:
        """Whether a file has not changed for a while; if its time stamp is in the future, since it was first seen.

        Args:
            long: use the longer time for which an unfinished file is waited for.
        """
        if offer.changed is None:
            return True
        least = self._unfinished_for if long else pd.Timedelta(seconds=self._rule.quiet_seconds)
        return self._moment - min(offer.changed, since or offer.changed) >= least

    def forget(self, *names: str) -> None:
        """Forget files that are no longer at the top."""
        for name in names:
            self.seen.pop(name, None)

    @property
    def _unfinished_for(self) -> pd.Timedelta:
        return pd.Timedelta(minutes=self._rule.unfinished_minutes)

    def _first_seen(self, name: str, content: bytes, file: DroppedFile, most: int, *, any_end: bool) -> None:
        self.seen[name] = SeenFile(
            version=file.version,
            sha256=sha256(content),
            since=self._moment.to_pydatetime(),
            unfinished=None if any_end or len(content) > most else unfinished(name, content),
        )


def sha256(content: bytes) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
