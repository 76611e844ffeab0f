"""The frames of one run within a byte budget."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from flowviz.core.frames import Frame
from flowviz.core.spec import Array, frozen_array

EARLY = 1.6
"""Playing a training, live or in a film, reaches step share**EARLY: early steps change most, and get more time."""

DEFAULT_BUDGET = 512 * 2**20
KEPT_PATHS = 64
"""Particles of a thinned frame: enough to show something true until the others are computed again."""
_NEWEST = 4
"""So many of the newest frames always stay whole."""


class Timeline:
    """Frames by training step, oldest first; one owner.

    Over its byte budget it thins the older three quarters, beginning where frames are closest together. A frame with
    weights first loses all but a few of its paths, since anyone can compute those again from its weights; only when
    all of them are checkpoints like that does it drop whole frames. The first frame and the newest few stay whole,
    recent history stays dense, and no stretch is lost.

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
            self._thin()
            thinned = True
        return thinned

    def _thin(self) -> None:
        older = range(1, max(2, len(self._frames) * 3 // 4))
        full = [index for index in older if _can_lose_paths(self._frames[index])] or [
            index for index in range(1, len(self._frames) - _NEWEST) if _can_lose_paths(self._frames[index])
        ]
        index = self._least_missed(full or older)
        frame = self._frames[index]
        self._release(frame)
        if full:
            self._frames[index] = checkpoint(frame)
            self._hold(self._frames[index])
        else:
            self._frames.pop(index)

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

    def _least_missed(self, among: Sequence[int]) -> int:
        frames = self._frames
        return min(among, key=lambda i: frames[i + 1].step - frames[i - 1].step)

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


def checkpoint(frame: Frame) -> Frame:
    """The frame with only a few of its paths, where its weights allow to compute the others again."""
    if not _can_lose_paths(frame):
        return frame
    return replace(frame, paths=frozen_array(frame.paths[:, :KEPT_PATHS].copy()))


def _can_lose_paths(frame: Frame) -> bool:
    return bool(frame.weights) and frame.paths.shape[1] > KEPT_PATHS


def _arrays(frame: Frame) -> Iterator[Array]:
    yield from (frame.paths, frame.times)
    yield from frame.weights.values()
