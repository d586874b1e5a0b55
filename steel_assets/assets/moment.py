"""The one moment of a run: every asset in it sees the world as of then.

A run tagged ``steel/as_of`` replays that moment; any other run lives at the moment it was created. A run tagged ``steel/since``
is a backfill: providers are asked again for everything from that day on.
"""

import dagster as dg
import pandas as pd

AS_OF_TAG = "steel/as_of"
SINCE_TAG = "steel/since"


def moment_of(context: dg.AssetExecutionContext) -> pd.Timestamp:
    """The moment of the run behind ``context``, UTC, whole seconds.

    Raises:
        dagster.Failure: the tag ``steel/as_of`` is not a time stamp.
    """
    tag = context.run.tags.get(AS_OF_TAG)
    if tag is None:
        record = context.instance.get_run_record_by_id(context.run_id)
        if record is None:
            raise dg.Failure(f"run {context.run_id} is not recorded in this instance", allow_retries=False)
        return pd.Timestamp(record.create_timestamp).tz_convert("UTC").floor("s")
    try:
        moment = pd.Timestamp(tag)
    except ValueError as error:
        raise dg.Failure(
            f"run tag {AS_OF_TAG} is {tag!r}; write a time stamp such as 2026-11-20T08:00:00Z", allow_retries=False
        ) from error
    return (moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")).floor("s")


def since_of(context: dg.AssetExecutionContext) -> pd.Timestamp | None:
    """The day from which a backfill asks, midnight without a zone; None for a collection like any other.

    Raises:
        dagster.Failure: the tag ``steel/since`` is not a day.
    """
    tag = context.run.tags.get(SINCE_TAG)
    if tag is None:
        return None
    try:
        return pd.Timestamp.fromisoformat(tag).tz_localize(None).normalize()
    except ValueError as error:
        raise dg.Failure(f"run tag {SINCE_TAG} is {tag!r}; write a day such as 2026-11-01", allow_retries=False) from error
