"""Where numbers stand along an axis."""

from __future__ import annotations

import math


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Logarithms of round numbers between two logarithms: powers of ten, with 2 and 5 or all digits where few fit."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    chosen: list[float] = []
    for digits in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 4, 5, 7)):
        ticks = [decade + math.log10(digit) for decade in decades for digit in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if chosen and len(ticks) > most:
            break
        chosen = ticks
    return chosen
