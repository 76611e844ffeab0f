"""How a run was made: its stretches of training, with what a person did to it on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from flowviz.core.block_edits import BlockEdit
from flowviz.core.params import ParamValue
from flowviz.core.spec import Budget


@dataclass(frozen=True, slots=True)
class Change:
    """A live parameter that got another value after so many training steps of the run."""

    step: int
    name: str
    value: ParamValue


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of training.

    Attributes:
        begin, end: training steps of the run before it and after it.
        budget: how long it was to be.
        edit: what was done to the flow's blocks before it.
        early: live parameters that got another value before it was planned.
        changes: live parameters that changed, by increasing step; at equal steps the later one holds.
        is_whole: whether it ended by itself.
        is_anew: whether the flow was built anew from its weights, with a fresh optimiser and fresh random streams.
        params: of the method when the flow was built; None where they are the spec's.
        pace: (training step, seconds of training of the run), increasing; () where the clock has no say in it.
    """

    begin: int
    end: int
    budget: Budget = Budget()
    edit: BlockEdit | None = None
    early: Mapping[str, ParamValue] = field(default_factory=dict, hash=False)
    changes: tuple[Change, ...] = ()
    is_whole: bool = False
    is_anew: bool = False
    params: Mapping[str, ParamValue] | None = field(default=None, hash=False)
    pace: tuple[tuple[int, float], ...] = ()

    @property
    def late(self) -> dict[str, ParamValue]:
        """Live parameters that changed after its last step: the next stretch begins with them."""
        return {change.name: change.value for change in self.changes if change.step >= self.end}

    def until(self, step: int) -> Stretch:
        """Its part up to a training step."""
        if step >= self.end:
            return self
        changes = tuple(change for change in self.changes if change.step < step)
        pace = tuple(point for point in self.pace if point[0] <= step)
        return replace(self, end=step, changes=changes, pace=pace, is_whole=False)

    def seconds_at(self, step: int) -> float:
        """Training seconds of this stretch when the run has done so many steps, between the points of its pace."""
        steps, seconds = zip(*self.pace, strict=True)
        return float(np.interp(step, steps, seconds)) - seconds[0]


Course = tuple[Stretch, ...]


def until(course: Iterable[Stretch], step: int) -> Course:
    """The course up to a training step of the run; edits of the blocks at that very step are part of it."""
    return tuple(stretch.until(step) for stretch in course if stretch.begin <= step)
