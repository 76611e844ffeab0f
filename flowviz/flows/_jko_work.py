"""How a stretch of training is shared among the blocks that it trains, rounds to come included."""

from __future__ import annotations

from collections.abc import Sequence

from flowviz.core.spec import Budget
from flowviz.flows._training import Stretch

FIRST, AGAIN = 1.0, 0.5
"""Work that a block makes: one whose weights come from a trained flow needs less."""


class Work:
    """One stretch: its budget, the share of the block in training, and how far both are.

    Args:
        budget: of the stretch.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._stretch = Stretch(budget, 1)
        self._share = Stretch(Budget(), 1)
        self._started_at = 0.0
        self._done = 0.0
        self._now, self._left = FIRST, FIRST
        self._usual = 1

    @property
    def is_limited(self) -> bool:
        """Whether the budget says anything."""
        return self._budget.steps is not None or self._budget.seconds is not None

    @property
    def is_over(self) -> bool:
        """Whether the budget is used up."""
        return self.is_limited and self._stretch.progress >= 1

    @property
    def block_progress(self) -> float:
        """Share of the block's training that is done."""
        return self._share.progress

    @property
    def block_steps(self) -> int:
        """Steps of the block in this stretch."""
        return self._share.done

    @property
    def block_is_over(self) -> bool:
        """Whether the block has had its share; the last one ends with the budget."""
        is_last = self._left <= self._now
        return self._share.progress >= 1 or (is_last and self.is_over)

    def begin_block(self, left: Sequence[float], own_steps: int, steps_done: int) -> None:
        """Give the block its share of what is left of the budget when its first step is done.

        Only then the clock has counted the figures of the block before, which are not this one's time.

        Args:
            left: work of this block and of all that follow.
            own_steps: length of a whole block's training without a budget.
            steps_done: steps the block had in earlier stretches: without a budget it makes up what is missing.
        """
        self._now, self._left = left[0], sum(left)
        usual = round(own_steps * self._now)
        self._usual = max(usual - steps_done, usual // 10, 1)
        self._share = Stretch(Budget(), 1)

    def _start(self, seconds: float) -> None:
        part = self._now / self._left
        steps, limit = self._budget.steps, self._budget.seconds
        share = Budget(
            steps=None if steps is None else max(1, round((steps - self._stretch.done) * part)),
            seconds=None if limit is None else max(1e-3, (limit - seconds) * part),
        )
        self._share = Stretch(share, self._usual)
        self._started_at = seconds

    def advance(self, seconds: float) -> None:
        """One more step is done; `seconds` is the training time before it."""
        if self._share.done == 0:
            self._start(seconds)
        self._stretch.advance(seconds)
        self._share.advance(seconds - self._started_at)

    def block_done(self) -> None:
        """The block in training is trained to its end."""
        self._done += self._now
        self._left -= self._now
        self._now = 0.0
        self._share = Stretch(Budget(), 1)

    @property
    def progress(self) -> float:
        """Share of the stretch that is done, while blocks are left to train."""
        if self.is_limited:
            return self._stretch.progress
        return min(0.9999, (self._done + self._now * self._share.progress) / (self._done + self._left))


def rounds_ahead(planned: int, retimings: int, refinements: int) -> list[float]:
    """Work of the blocks in rounds that are still to come, in order."""
    work = [AGAIN] * (planned * retimings)
    for i in range(1, refinements + 1):
        work += [AGAIN] * (planned * 2**i)
    return work
