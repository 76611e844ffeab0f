"""The frames of one run within a byte budget."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator

from flowviz.core.frames import Frame
from flowviz.core.spec import Array

DEFAULT_BUDGET = 512 * 2**20


class Timeline:
    """Frames by training step, oldest first; one owner.

    Over its byte budget it drops, among the older three quarters, the frame whose absence leaves the
    smallest gap: the first and the last frame stay, recent history stays dense, and no stretch is lost.

    Args:
        budget: most bytes of frames kept.
    """

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self._budget = budget
        self._frames: list[Frame] = []
        self._users: Counter[int] = Counter()
        self._nbytes = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All kept frames, by increasing step."""
        return tuple(self._frames)

    @property
    def steps(self) -> list[int]:
        """Training steps of the kept frames, increasing."""
        return [frame.step for frame in self._frames]

    @property
    def last(self) -> Frame | None:
        """The newest frame."""
        return self._frames[-1] if self._frames else None

    @property
    def nbytes(self) -> int:
        """Bytes held; an array that several frames share counts once."""
        return self._nbytes

    def append(self, frame: Frame) -> bool:
        """Add a frame; one of the same step replaces the older one.

        Returns:
            Whether older frames were thinned out.

        Raises:
            ValueError: the frame is older than the last one.
        """
        if self._frames and frame.step < self._frames[-1].step:
            raise ValueError(f"frame of step {frame.step} after step {self._frames[-1].step}")
        self._hold(frame)
        if self._frames and frame.step == self._frames[-1].step:
            self._release(self._frames.pop())
        self._frames.append(frame)
        thinned = False
        while self._nbytes > self._budget and len(self._frames) > 4:
            self._release(self._frames.pop(self._least_missed()))
            thinned = True
        return thinned

    def _hold(self, frame: Frame) -> None:
        for array in _arrays(frame):
            self._users[id(array)] += 1
            if self._users[id(array)] == 1:
                self._nbytes += array.nbytes

    def _release(self, frame: Frame) -> None:
        for array in _arrays(frame):
            self._users[id(array)] -= 1
            if not self._users[id(array)]:
                del self._users[id(array)]
                self._nbytes -= array.nbytes

    def _least_missed(self) -> int:
        steps = self.steps
        older = range(1, max(2, len(steps) * 3 // 4))
        return min(older, key=lambda i: steps[i + 1] - steps[i - 1])

    def nearest(self, step: int) -> Frame | None:
        """The kept frame nearest to a training step (the older one of two equally near)."""
        steps = self.steps
        if not steps:
            return None
        index = bisect.bisect_left(steps, step)
        if index == 0:
            return self._frames[0]
        if index == len(steps):
            return self._frames[-1]
        before, after = self._frames[index - 1], self._frames[index]
        return after if after.step - step < step - before.step else before


def _arrays(frame: Frame) -> Iterator[Array]:
    yield from (frame.paths, frame.times)
    yield from frame.weights.values()
