"""The text of a Dagster event as it is stored: compressed with zlib to about a sixth.

Most of an event's text is names of classes and fields, the same in every event. A dictionary (``event_dictionary.txt``: one
example of each kind of event) is therefore given to zlib as a preset dictionary (RFC 1950), which stores the dictionary's
checksum in its output. **The dictionary must never be changed**: text that was written with it could no longer be read. A later
dictionary needs a file of its own beside it.
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
    """``text`` as it is stored."""
    writing = zlib.compressobj(zdict=DICTIONARY)
    return writing.compress(text.encode()) + writing.flush()


def expanded(stored: str | bytes) -> str:
    """The text of a stored value: compressed, or plain as Dagster's own storage and earlier releases wrote it.

    Raises:
        zlib.error: the bytes are damaged, or were written with another dictionary.
    """
    if isinstance(stored, str):
        return stored
    reading = zlib.decompressobj(zdict=DICTIONARY)
    text = reading.decompress(stored) + reading.flush()
    if not reading.eof:
        raise zlib.error("the compressed text of an event is truncated")
    return text.decode()
