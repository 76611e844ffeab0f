"""The frames of one run within a byte budget."""

from __future__ import annotations

import bisect

from flowviz.core.frames import Frame

DEFAULT_BUDGET = 512 * 2**20


class Timeline:
    """Frames by training step, oldest first; one owner.

    Over its byte budget it keeps the first frame, the last, and every second one of the older half,
    so that recent history stays dense and no stretch is ever lost.

    Args:
        budget: most bytes of frames kept.
    """

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self._budget = budget
        self._frames: list[Frame] = []

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
        seen: dict[int, int] = {}
        for frame in self._frames:
            for array in (frame.paths, frame.times, *frame.weights.values()):
                seen[id(array)] = array.nbytes
        return sum(seen.values())

    def append(self, frame: Frame) -> bool:
        """Add a frame; one of the same step replaces the older one.

        Returns:
            Whether older frames were thinned out.

        Raises:
            ValueError: the frame is older than the last one.
        """
        if self._frames and frame.step < self._frames[-1].step:
            raise ValueError(f"frame of step {frame.step} after step {self._frames[-1].step}")
        if self._frames and frame.step == self._frames[-1].step:
            self._frames[-1] = frame
        else:
            self._frames.append(frame)
        thinned = False
        while self.nbytes > self._budget and len(self._frames) > 4:
            self._thin()
            thinned = True
        return thinned

    def _thin(self) -> None:
        half = max(3, len(self._frames) // 2)
        older = self._frames[:half]
        self._frames = [older[0], *older[2::2], *self._frames[half:]]

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
