"""A market's features in the lake: written when they are built, read by training and forecasting."""

import pandas as pd

from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.core.history import MarketHistory
from steel_assets.operations import histories


class FeaturesBehind(RuntimeError):
    """The stored features were built from another history than the one to forecast from."""


def build(lake: Lake, history: MarketHistory) -> pd.DataFrame:
    """Build the features of ``history`` and store them: one row per origin, one column per feature."""
    from steel_assets.core.features import build_features

    frame = build_features(history)
    lake.write(_key(history.market.id), frame.rename_axis("origin").reset_index())
    histories.stamp(lake, _folder(history.market.id), history.as_of)
    return frame


def load(lake: Lake, history: MarketHistory) -> pd.DataFrame:
    """The stored features of ``history``; built again if an import was withdrawn since, or the file is damaged.

    Raises:
        FeaturesBehind: they were built from another history.
        ObjectNotFound: none were stored yet.
    """
    from steel_assets.core.features import build_features

    market = history.market.id
    if histories.is_behind(lake, _folder(market)):
        return build_features(history)
    try:
        frame = lake.read(_key(market), _by_origin)
    except DamagedFile as error:
        lake.set_aside(error)
        return build(lake, history)
    if not frame.index.equals(history.origins):
        raise FeaturesBehind(f"{market}: its features are not those of its history; materialise {market}/market_features")
    return frame.set_index(history.origins)


def _by_origin(frame: pd.DataFrame) -> pd.DataFrame:
    """The features indexed by origin.

    Raises:
        KeyError, TypeError, ValueError: the frame has another form.
    """
    found = frame.set_index("origin").rename_axis(None)
    found.index = pd.DatetimeIndex(found.index)
    if not all(map(pd.api.types.is_numeric_dtype, found.dtypes)):
        raise TypeError("its values are not figures")
    return found


def _key(market: str) -> str:
    return f"{_folder(market)}.parquet"


def _folder(market: str) -> str:
    return f"processed-data/daily/features/{market}"
