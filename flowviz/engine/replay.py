"""A run made again as it was made: the same stretches, edits and changes at the same steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from flowviz.core.control import CancelledByUser, Control
from flowviz.core.course import Course, Stretch
from flowviz.core.events import Failed, FrameReady, RunEvent
from flowviz.core.frames import Frame
from flowviz.core.params import ParamValue
from flowviz.core.spec import FlowSpec, RunSpec
from flowviz.engine import devices
from flowviz.engine.run import Run


def replay(spec: RunSpec, course: Course) -> Iterator[RunEvent]:
    """Train a run again along its course: same machine, same numbers, unless the clock had a say in it.

    Where a stretch was limited by time, the method is told the times that it was told then, to the accuracy of the
    pace that the course has kept; so it makes nearly the same steps (a block may end some earlier or later), with
    nearly the same learning rates.

    Args:
        spec: the run.
        course: its stretches, the first from step 0.

    Yields:
        What the run says, a terminal event at the end of every stretch.
    """
    run: Run | None = None
    newest: Frame | None = None
    late: Mapping[str, ParamValue] = {}
    for stretch in course:
        if run is None or stretch.is_anew:
            run, late = _begin(spec, stretch, newest), {}
        reins = _Reins(run, stretch, {**late, **stretch.early})
        late = stretch.late
        for event in run.stretch(reins, stretch.budget, stretch.edit):
            yield event
            if isinstance(event, FrameReady):
                newest = event.frame
            elif isinstance(event, Failed):
                return


def _begin(spec: RunSpec, stretch: Stretch, newest: Frame | None) -> Run:
    threads = max(1, devices.cores() - 1)  # as behind the window
    if stretch.params is not None:
        spec = replace(spec, flow=FlowSpec(spec.flow.key, stretch.params))
    if newest is None:
        return Run(spec, threads=threads)
    return Run(spec, newest.weights, newest.step, newest.wall_s, threads)


class _Reins(Control):
    """Changes what was changed, when it was changed, and stops where it was stopped."""

    def __init__(self, run: Run, stretch: Stretch, early: Mapping[str, ParamValue]) -> None:
        super().__init__()
        self._run, self._stretch = run, stretch
        self._early: Mapping[str, ParamValue] | None = early

    def may_step(self) -> bool:
        if self._run.step >= self._stretch.end and not self._stretch.is_whole:
            raise CancelledByUser
        return super().may_step()

    def take_changes(self) -> dict[str, ParamValue]:
        if self._early is not None:  # asked before the stretch is planned
            early, self._early = self._early, None
            return dict(early)
        return {change.name: change.value for change in self._stretch.changes if change.step == self._run.step}

    def seconds_at(self, step: int, measured: float) -> float:
        return self._stretch.seconds_at(step) if self._stretch.pace else measured
