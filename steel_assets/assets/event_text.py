"""The text of an event as it is stored: compressed with zlib to about a sixth.

An event says little that is its own; names of classes and fields are most of it. A dictionary (``event_dictionary.txt``: one
example of each event) is therefore given to zlib (RFC 1950, preset dictionary), which names it in what it writes by its checksum.
**The dictionary must never be changed**: what was written with it could not be read. A later one needs another file beside it.
"""

import zlib
from pathlib import Path

DICTIONARY = (Path(__file__).parent / "event_dictionary.txt").read_bytes()
CHECKS = "asset_check_executions"
COLUMNS = (("event_logs", "event"), ("asset_keys", "last_materialization"), (CHECKS, "evaluation_event"))
"""Tables and their columns that hold the text of events."""

SPARED = {
    "idx_step_key": "event_logs (step_key)",
    "idx_events_by_run_id": "event_logs (run_id, id)",
    "idx_events_by_asset_partition": "event_logs (asset_key, dagster_event_type, partition, id)",
    "idx_asset_check_executions": "asset_check_executions (asset_key, check_name, materialization_event_storage_id, partition)",
    "idx_asset_event_tags": 'asset_event_tags (asset_key, "key", value)',
}
"""Dagster's indices that the index of all runs does without, and what they are of. By step nobody asks it, by run only who
deletes one, by tag only for partitions of several dimensions; the events of an asset on a day are a few among those of the asset,
and a check is found by the index that is unique."""

FILL_CHECKS = """
UPDATE asset_check_executions
SET evaluation_event = (SELECT event FROM event_logs WHERE event_logs.id = evaluation_event_storage_id)
WHERE evaluation_event IS NULL
"""
"""What the index says of checks is without the events of their evaluations, which are in it (``dagster_storage.CheckText``)."""


def compressed(text: str) -> bytes:
    """A text as it is stored."""
    writing = zlib.compressobj(zdict=DICTIONARY)
    return writing.compress(text.encode()) + writing.flush()


def expanded(stored: str | bytes) -> str:
    """The text that was stored, compressed or, by Dagster's own storage and older releases, as it is.

    Raises:
        zlib.error: the bytes are damaged, or were written with another dictionary.
    """
    if isinstance(stored, str):
        return stored
    reading = zlib.decompressobj(zdict=DICTIONARY)
    text = reading.decompress(stored) + reading.flush()
    if not reading.eof:
        raise zlib.error("the text of an event ends too early")
    return text.decode()
