"""When to look at a run in training: often enough to be alive, seldom enough not to slow it down."""

from __future__ import annotations

FIRST_LOOKS = 8


class Pace:
    """Says when the next look is due, so that looking takes at most a given share of the time.

    Args:
        min_gap: least time between two looks, seconds.
        duty: largest share of the time that looking may take, 0 to 1.
        first_duty: the same for the first few looks: the first motion should be seen soon.

    Attributes:
        looks: how many there were.
    """

    def __init__(self, min_gap: float, duty: float, first_duty: float | None = None) -> None:
        self._min_gap = min_gap
        self._duty = min(max(duty, 1e-3), 1.0)
        self._first_duty = max(self._duty, first_duty or 0.0)
        self.looks = 0
        self._next = float("-inf")

    def due(self, now: float) -> bool:
        """Whether a look is due at a clock reading in seconds."""
        return now >= self._next

    def looked(self, begin: float, end: float) -> None:
        """Tell that a look lasted from `begin` to `end`."""
        self.looks += 1
        duty = self._first_duty if self.looks <= FIRST_LOOKS else self._duty
        rest = (end - begin) * (1 - duty) / duty
        self._next = max(begin + self._min_gap, end + rest)
