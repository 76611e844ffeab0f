"""Curves of bounded memory: means over buckets of training steps that double when they run out."""

from __future__ import annotations

import bisect
from collections.abc import Mapping

import numpy as np

from flowviz.core.spec import Array

_CAPACITY = 800


class CurveStore:
    """One curve over training steps as bucket means; memory does not grow with the length of the run."""

    def __init__(self) -> None:
        self._width = 1
        self._sums = np.zeros(_CAPACITY)
        self._counts = np.zeros(_CAPACITY)
        self._steps = np.zeros(_CAPACITY)

    def add(self, steps: Array, values: Array) -> None:
        """Take in values (k,) at training steps (k,); values that are not finite are left out."""
        steps = np.asarray(steps, dtype=np.int64)
        values = np.asarray(values, dtype=np.float64)
        keep = np.isfinite(values) & (steps >= 0)
        steps, values = steps[keep], values[keep]
        if not len(steps):
            return
        while int(steps.max()) // self._width >= _CAPACITY:
            self._merge()
        index = steps // self._width
        self._sums += np.bincount(index, values, _CAPACITY)
        self._counts += np.bincount(index, minlength=_CAPACITY)
        self._steps += np.bincount(index, steps.astype(np.float64), _CAPACITY)

    def _merge(self) -> None:
        self._width *= 2
        for name in ("_sums", "_counts", "_steps"):
            array = getattr(self, name)
            merged = np.zeros(_CAPACITY)
            merged[: _CAPACITY // 2] = array[0::2] + array[1::2]
            setattr(self, name, merged)

    def curve(self) -> tuple[Array, Array]:
        """Training steps and means, at most a few hundred points."""
        filled = self._counts > 0
        counts = self._counts[filled]
        return self._steps[filled] / counts, self._sums[filled] / counts


class History:
    """Values of one metric by training step, in order of step however they arrive; thinned when there are too many."""

    def __init__(self, most: int = 800) -> None:
        self._most = most
        self._steps: list[int] = []
        self._values: list[float] = []

    def add(self, step: int, value: float) -> None:
        """Take in one value, also of an older step than the newest; one of the same step replaces the older value."""
        place = bisect.bisect_left(self._steps, step)
        if place < len(self._steps) and self._steps[place] == step:
            self._values[place] = value
            return
        self._steps.insert(place, step)
        self._values.insert(place, value)
        if len(self._steps) > self._most:
            half = self._most // 2
            self._steps = self._steps[:half:2] + self._steps[half:]
            self._values = self._values[:half:2] + self._values[half:]

    def curve(self) -> tuple[Array, Array]:
        """Training steps (increasing) and values."""
        return np.array(self._steps, dtype=np.float64), np.array(self._values, dtype=np.float64)

    @property
    def last(self) -> float | None:
        """The value of the newest step."""
        return self._values[-1] if self._values else None


def together(curves: Mapping[str, tuple[Array, Array]]) -> tuple[Array, dict[str, Array]]:
    """Curves over one table of training steps (k,) int64; values (k,) by name, nan where a curve has none."""
    rounded = {name: np.rint(x).astype(np.int64) for name, (x, _) in curves.items()}
    steps = np.unique(np.concatenate([np.empty(0, np.int64), *rounded.values()]))
    values = {}
    for name, (_, y) in curves.items():
        values[name] = np.full(len(steps), np.nan)
        values[name][np.searchsorted(steps, rounded[name])] = y
    return steps, values
