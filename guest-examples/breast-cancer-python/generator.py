"""Random numbers that are easily the same in every language. Called by `train`, for the order of the examples.

A guest that needs no twin in another language takes Python's `random`, which is seeded with the trial's seed.
"""

from typing import Any, List


class Generator:
    """The linear congruential generator of "Numerical Recipes"."""

    def __init__(self, seed: int) -> None:
        self._state = seed % 2**32

    def next(self) -> int:
        """The next number, of 24 bits: the lowest bits of the state repeat too soon."""
        self._state = (self._state * 1664525 + 1013904223) % 2**32
        return self._state >> 8

    def shuffle(self, items: List[Any]) -> None:
        """Puts a list in random order, in place: Fisher and Yates's shuffle, from the last item."""
        for last in range(len(items) - 1, 0, -1):
            other = self.next() % (last + 1)
            items[last], items[other] = items[other], items[last]
