"""Work that is started together and taken piece by piece: a thread for each lane, in it one piece after the other.

What is slow in one lane keeps no other lane waiting, and what fails in one piece fails only where that piece is taken. Nothing
here knows what the work is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """Pieces of work under way."""

    def __init__(self, lanes: Mapping[str, Mapping[str, Callable[[], T]]]) -> None:
        """Start them.

        Args:
            lanes: lane → name of a piece → the work, in the order in which the lane does it.
        """
        self._under_way: dict[tuple[str, str], Future[T]] = {}
        for lane, pieces in lanes.items():
            thread = ThreadPoolExecutor(1, thread_name_prefix=lane)
            self._under_way |= {(lane, name): thread.submit(piece) for name, piece in pieces.items()}
            thread.shutdown(wait=False)

    def take(self, lane: str, name: str) -> Future[T] | None:
        """The piece, done or under way; None when there is none of that name, or it was taken before."""
        return self._under_way.pop((lane, name), None)
