"""How many dots a picture may have while its camera turns, so that thirty pictures a second hold."""

from __future__ import annotations

_BUDGET_S = 0.026
"""Of the painting thread; the rest of 33 ms is for showing the picture, and for the pauses of the thread."""
_FEWEST, _MOST = 2_000, 1_000_000
_START = 40_000
_SLOWER, _FASTER = 0.5, 1.25


class Pace:
    """Learns from the time that pictures take; one for each thread that paints.

    Attributes:
        most: dots that a quick picture may have.
    """

    def __init__(self) -> None:
        self.most = _START

    def took(self, seconds: float, dots: int) -> None:
        """A quick picture with so many dots took so long."""
        if seconds > _BUDGET_S:
            self.most = max(_FEWEST, int(min(dots, self.most) * max(_SLOWER, _BUDGET_S / seconds)))
        elif dots >= self.most and seconds < 0.8 * _BUDGET_S:
            self.most = min(_MOST, int(self.most * _FASTER))
