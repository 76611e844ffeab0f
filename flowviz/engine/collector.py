"""From the events of a run to what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flowviz.core.course import Course
from flowviz.core.course_log import noted
from flowviz.core.errors import UserError
from flowviz.core.events import FloorsReady, FrameReady, Losses, MetricsReady, RunEvent, Started
from flowviz.core.frames import Frame
from flowviz.core.losses import Terms
from flowviz.core.records import Floors, RunFile
from flowviz.core.spec import Array, RunSpec
from flowviz.core.timeline import Timeline


class Collector:
    """Gathers a run file from the events of a run.

    Args:
        earlier: the run so far, when it is gone on with.
        budget: most bytes of frames kept.
    """

    def __init__(self, earlier: RunFile | None = None, budget: int = 256 * 2**20) -> None:
        self._timeline = Timeline(budget)
        self._steps: list[Array] = []
        self._losses: list[Mapping[str, Array]] = []
        self._metrics: dict[str, list[Array]] = {}
        self._floors: Floors = {}
        self._entropy: float | None = None
        self._terms: Terms = ()
        self._course: Course = ()
        self.spec: RunSpec | None = None
        if earlier is not None:
            for frame in earlier.frames:
                self._timeline.append(frame)
            self._steps, self._losses = [earlier.loss_steps], [earlier.losses]
            self._metrics = {key: [values] for key, values in earlier.metrics.items()}
            self._floors, self._course = earlier.floors, earlier.course

    def add(self, event: RunEvent) -> None:
        """Take note of one event."""
        self._course = noted(self._course, event)
        match event:
            case Started():
                self.spec, self._entropy, self._terms = event.spec, event.entropy, event.terms
                self._floors = event.floors or self._floors
                self._forget_after(event.step)
            case FrameReady():
                self._timeline.append(event.frame)
            case Losses():
                self._steps.append(event.steps)
                self._losses.append(event.values)
            case MetricsReady():
                for key, value in event.values.items():
                    self._metrics.setdefault(key, []).append(np.array([[event.step, value]]))
            case FloorsReady():
                self._floors = event.floors

    def _forget_after(self, step: int) -> None:
        """A failed run goes on from its last frame: what came after that is done again."""
        for i, steps in enumerate(self._steps):
            if len(steps) and steps[-1] > step:
                kept = steps <= step
                self._steps[i] = steps[kept]
                self._losses[i] = {name: values[kept] for name, values in self._losses[i].items()}

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames so far."""
        return self._timeline.frames

    def run_file(self) -> RunFile:
        """All so far.

        Raises:
            UserError: the run never started.
        """
        if self.spec is None:
            raise UserError("The run never started, so there is nothing to save.")
        names = list(dict.fromkeys(name for values in self._losses for name in values))
        gap = [np.full(len(steps), np.nan) for steps in self._steps]
        losses = {
            name: np.concatenate([values.get(name, nan) for values, nan in zip(self._losses, gap, strict=True)])
            for name in names
        }
        steps = np.concatenate(self._steps) if self._steps else np.empty(0, np.int64)
        metrics = {key: np.concatenate(values) for key, values in self._metrics.items()}
        measured = (losses, metrics, self._floors, self._entropy)
        return RunFile(self.spec, self.frames, steps, *measured, terms=self._terms, course=self._course)
