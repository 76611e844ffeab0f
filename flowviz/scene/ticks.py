"""Where numbers stand along an axis."""

from __future__ import annotations

import math

import numpy as np


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


def round_step(span: float) -> float:
    """A round step that cuts a span into three to eight."""
    step = 10.0 ** np.floor(np.log10(max(span, 1e-9)))
    return float(next(step * factor for factor in (0.1, 0.2, 0.5, 1.0, 2.0) if span / (step * factor) <= 8))


def round_values(low: float, high: float, step: float) -> list[float]:
    """The multiples of a step from low to high."""
    return [float(index * step) for index in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def number_text(value: float) -> str:
    """A number on an axis, with a true minus sign."""
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")
