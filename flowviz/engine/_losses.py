"""The losses of the last few steps, sent in batches."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from torch import Tensor

from flowviz.core.events import Losses
from flowviz.core.frames import StepInfo

FLUSH_S = 0.05
SPEED_WINDOW_S = 2.0


class LossBatch:
    """Collects what steps tell and makes events of it; tensors are read only then."""

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._infos: list[StepInfo] = []
        self._speed: deque[tuple[float, int]] = deque()

    def add(self, step: int, info: StepInfo) -> None:
        """Keep what one training step told."""
        losses = {name: v.detach() if isinstance(v, Tensor) else v for name, v in info.losses.items()}
        self._steps.append(step)
        self._infos.append(StepInfo(losses, info.phase))

    @property
    def phase(self) -> str | None:
        """The phase of the steps that wait, or None when none waits."""
        return self._infos[-1].phase if self._infos else None

    def read(self) -> tuple[list[int], dict[str, np.ndarray], int | None]:
        """Read and forget the waiting steps up to the first one that is not finite.

        Returns:
            Step numbers, values by name (nan where a step did not tell that term), and the first step whose
            loss is not finite, or None.
        """
        names = list(dict.fromkeys(name for info in self._infos for name in info.losses))
        rows = [{name: float(value) for name, value in info.losses.items()} for info in self._infos]
        good = 0
        while good < len(rows) and all(math.isfinite(value) for value in rows[good].values()):
            good += 1
        bad = self._steps[good] if good < len(rows) else None
        values = {name: np.array([row.get(name, math.nan) for row in rows[:good]]) for name in names}
        steps, self._steps, self._infos = self._steps[:good], [], []
        return steps, values, bad

    def event(
        self, steps: list[int], values: dict[str, np.ndarray], phase: str, seconds: float, progress: float
    ) -> Losses:
        """The event for steps that were read.

        Args:
            steps, values: from `read`.
            phase: their phase.
            seconds: training seconds of this stretch so far.
            progress: share of the stretch that is done.
        """
        self._speed.append((seconds, steps[-1]))
        while len(self._speed) > 2 and seconds - self._speed[1][0] > SPEED_WINDOW_S:
            self._speed.popleft()
        (begin, first), (end, last) = self._speed[0], self._speed[-1]
        if len(self._speed) == 1:
            begin, first = 0.0, steps[0] - 1
        speed = (last - first) / (end - begin) if end > begin else 0.0
        left = seconds * (1 - progress) / progress if progress > 0.005 else None
        for array in values.values():
            array.flags.writeable = False
        numbers = np.array(steps, dtype=np.int64)
        numbers.flags.writeable = False
        return Losses(numbers, values, phase, speed, min(1.0, progress), left)
