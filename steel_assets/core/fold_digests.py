"""Digests of what a fold of a walk-forward is computed from, so that a finished one can be recognised.

A digest is a sha256 over the bytes themselves, never over names, dates or counts that stand for them: two folds have the same
digest only if they were fitted by the same code, for the same declaration of the market, on the same rows and labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from hashlib import sha256

import numpy as np
import pandas as pd

from steel_assets.core.features._pool import Pool
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import Model
from steel_assets.core.panel import Lessons
from steel_assets.core.samples import Paths, Samples

SIZE = 32
"""Bytes of a digest."""
NONE = bytes(SIZE)


class FoldDigests:
    """The digests of one horizon of a market.

    Attributes:
        rows: of each row of the samples, without its label: all that its forecast depends on besides the model.

    Args:
        samples: all origins of ``history`` at one horizon, without labels.
        code: digest of the program that fits and forecasts, of its libraries and of the machine.
    """

    def __init__(self, history: MarketHistory, samples: Samples, code: bytes) -> None:
        self._history, self._samples = history, samples
        columns, common = _content(samples)
        self.rows = [sha256(row.data).digest() for row in _bytes(columns)]
        self._until = _chain(np.frombuffer(b"".join(self.rows), np.uint8).reshape(-1, SIZE))
        self._about = sha256(b"\0".join((code, history.market.model_dump_json().encode(), common))).digest()
        self._others = [(weight, lessons.known, _lessons(lessons)) for weight, lessons in samples.panel.parts]
        self._past: dict[int, bytes] = {}

    def fit(self, family: type[Model], at: int, before: bytes = b"") -> bytes:
        """The digest of a fit of ``family`` at origin number ``at``.

        Args:
            before: of a family that keeps learning the digest of its fit before; empty for its first one.
        """
        name = f"{family.__module__}.{family.__qualname__} {family.family}".encode()
        return sha256(b"\0".join((self._about, name, self._learned_from(at), before))).digest()

    def _learned_from(self, at: int) -> bytes:
        """The digest of the rows and labels known at the moment of origin number ``at``; of the other markets' too."""
        if at not in self._past:
            moment, dates = self._history.moments[at], self._samples.target_dates[: at + 1]
            known = sha256(self._until[at + 1])
            known.update(np.ascontiguousarray(self._history.prices_at(dates, moment)).data)
            month = self._samples.panel.known_by(moment).until
            for weight, months, until in self._others:
                known.update(repr((month, weight)).encode() + until[int(np.searchsorted(months, month))])
            self._past[at] = known.digest()
        return self._past[at]


def _content(samples: Samples) -> tuple[list[np.ndarray], bytes]:
    """What each row has, one array with one row per row each; and what all have in common.

    Raises:
        TypeError: the samples have something of which it is not known how it is compared.
    """
    columns, common = [], []
    for field in fields(samples):
        value = getattr(samples, field.name)
        if field.name in ("y", "panel"):  # they are those of each fit
            continue
        if isinstance(value, Pool):
            inputs = value.inputs
            until = np.frombuffer(b"".join(_chain(_bytes([inputs.to_numpy()]))[1:]), np.uint8).reshape(-1, SIZE)
            columns.append(until[value.rows])
            common.append(f"{field.name}: {list(inputs)}")
        elif isinstance(value, Paths | np.ndarray | pd.DatetimeIndex):
            columns.append(np.asarray(value))
            common.append(f"{field.name}: {_layout(columns[-1])}")
        elif value is None or isinstance(value, str | int | tuple):
            common.append(f"{field.name}: {value!r}")
        else:
            raise TypeError(f"samples.{field.name}: say in core/fold_digests.py how a {type(value).__name__} is compared")
    return columns, "\n".join(common).encode()


def _lessons(lessons: Lessons) -> list[bytes]:
    """The digest of the first 0, 1, 2, … of the rows of another market."""
    columns = [lessons.inputs, lessons.returns, lessons.since, lessons.known]
    layout = "".join(map(_layout, columns)).encode()
    return [sha256(until + layout).digest() for until in _chain(_bytes(columns))]


def _layout(values: np.ndarray) -> str:
    """Kind, width and order in memory: a sum over the same numbers in another order may differ in its last digit."""
    return f"{values.dtype} {values.shape[1:]} {values.flags.c_contiguous} {values.flags.f_contiguous}"


def _bytes(columns: Sequence[np.ndarray]) -> np.ndarray:
    """The bytes of ``columns`` side by side, one row of bytes per row."""
    return np.hstack([_row_bytes(column) for column in columns])


def _row_bytes(column: np.ndarray) -> np.ndarray:
    width = column.itemsize * int(np.prod(column.shape[1:]))
    return np.frombuffer(column.tobytes(), np.uint8).reshape(len(column), width)


def _chain(rows: np.ndarray) -> list[bytes]:
    """The digest of the first 0, 1, 2, … of ``rows``."""
    found = [NONE]
    for row in rows:
        found.append(sha256(found[-1] + row.tobytes()).digest())
    return found
