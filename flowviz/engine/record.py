"""When to look at a run in training: often enough to be alive, seldom enough not to slow it down."""

from __future__ import annotations

from collections import deque
from statistics import median_low

FIRST_LOOKS = 8
_LATEST = 3


class Pace:
    """Says when the next look is due, so that looking takes at most a given share of the time.

    A look is taken to last as long as the latest ones in the median: one that met something else (the metrics import
    SciPy when they begin) lasts ten times as long, and would be followed by seconds in which nothing is seen.

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
        self._lasted: deque[float] = deque(maxlen=_LATEST)

    def due(self, now: float) -> bool:
        """Whether a look is due at a clock reading in seconds."""
        return now >= self._next

    def looked(self, begin: float, end: float) -> None:
        """Tell that a look lasted from `begin` to `end`."""
        self.looks += 1
        duty = self._first_duty if self.looks <= FIRST_LOOKS else self._duty
        self._lasted.append(end - begin)
        rest = median_low(self._lasted) * (1 - duty) / duty
        self._next = max(begin + self._min_gap, end + rest)
