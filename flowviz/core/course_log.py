"""The course of a run, from what the run says."""

from __future__ import annotations

from dataclasses import replace

from flowviz.core.course import Change, Course, Stretch, until
from flowviz.core.events import Cancelled, Changed, Finished, FrameReady, Losses, Paused, RunEvent, Started

MOST_PACE = 256
"""Points of a stretch's pace that are kept; beyond, every other one goes."""


def noted(course: Course, event: RunEvent) -> Course:
    """The course with what this event adds to it."""
    if isinstance(event, Started):
        return _begun(course, event)
    if not course:
        return course
    return (*course[:-1], _noted(course[-1], event))


def _begun(course: Course, event: Started) -> Course:
    """A flow that is built from older weights goes on from those: what came after them did not lead here."""
    stretch = event.stretch or Stretch(event.step, event.step, event.spec.budget)
    pace = ((event.step, event.seconds),) if stretch.budget.seconds is not None else ()
    earlier = (s for s in until(course, event.step) if s.end > s.begin or s.edit is not None or s.is_anew)
    return (*earlier, replace(stretch, begin=event.step, end=event.step, pace=pace))


def _noted(stretch: Stretch, event: RunEvent) -> Stretch:
    match event:
        case Changed(step, name, value):
            return replace(stretch, changes=(*stretch.changes, Change(step, name, value)))
        case Losses(steps) if len(steps):
            return replace(stretch, end=int(steps[-1]))
        case FrameReady(frame):
            return _paced(replace(stretch, end=max(stretch.end, frame.step)), frame.step, frame.wall_s)
        case Paused(step) | Cancelled(step):
            return replace(stretch, end=step)
        case Finished(step):
            return replace(stretch, end=step, is_whole=True)
    return stretch


def _paced(stretch: Stretch, step: int, seconds: float) -> Stretch:
    """One more point of a pace that is kept."""
    if not stretch.pace or step <= stretch.pace[-1][0]:
        return stretch
    pace = (*stretch.pace, (step, seconds))
    return replace(stretch, pace=pace if len(pace) <= MOST_PACE else pace[::2])
