"""What measuring costs the training: in a thread of its own, and between the training steps as a plain loop does it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

import torch

from flowviz.core.control import Control
from flowviz.core.events import Failed, MetricsReady
from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec
from flowviz.engine._measurer import Measurer
from flowviz.engine.record import Pace
from flowviz.engine.run import Run
from tests.bench._measure import Measurement

FIRST_S = 1.2
SECONDS = 6.0
FIGURES = 3  # a busy machine may take long to come to the first
ROUNDS = 3
# What a plain loop may spend without being felt.
PLAIN_DUTY = 0.05


class _AtOnce:
    """An executor that works when it is told to, in the way of whoever tells it."""

    def submit(self, job: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(job())
        return future


class _Never(Measurer):
    """A measurer that never measures."""

    is_due = False

    def next_floor(self, idle: bool = False) -> None:
        """Nothing."""


class _Speed(NamedTuple):
    """Training steps and figures a second of wall time; seconds of the training thread's processor time a step."""

    steps: float
    figures: float
    cpu: float


def _speed(run: Run, measurer: Measurer) -> _Speed:
    """After the first looks of a stretch, in which nothing is measured yet."""
    run._measurer = measurer
    control, begin = Control(), time.perf_counter()
    at, figures = None, 0
    for event in run.stretch(control, Budget(seconds=1e6)):
        assert not isinstance(event, Failed), event.details
        now = time.perf_counter()
        if at is None and now - begin > FIRST_S:
            at = (now, time.thread_time(), run.step)
        figures += at is not None and isinstance(event, MetricsReady)
        enough = isinstance(measurer, _Never) or figures >= FIGURES
        if at is not None and now - at[0] > SECONDS and run.step > at[2] and enough:
            steps, cpu = run.step - at[2], time.thread_time() - at[1]
            return _Speed(steps / (now - at[0]), figures / (now - at[0]), cpu / steps)
    raise AssertionError("the stretch ended by itself")


def _figures(key: str) -> list[Measurement]:
    torch.set_num_threads(1)
    run = Run(RunSpec(TargetSpec("pinwheel"), FlowSpec(key), Budget(steps=300), 0, "cpu"), threads=1)
    list(run.stretch(Control()))
    threaded = run._measurer
    assert threaded is not None
    never, plain = (
        kind(threaded.measuring, threaded._make_flow, run.spec.recording, run._device) for kind in (_Never, Measurer)
    )
    plain._pool, plain._floors = _AtOnce(), None  # type: ignore[assignment]
    plain._pace = Pace(5 * run.spec.recording.min_gap_s, PLAIN_DUTY)
    rows = [[_speed(run, measurer) for measurer in (never, plain, threaded)] for _ in range(ROUNDS)]

    def share(i: int) -> float:
        return statistics.median(row[i].steps / row[0].steps for row in rows)

    def cpu_share(i: int) -> float:
        return statistics.median(row[0].cpu / row[i].cpu for row in rows)

    def rate(i: int) -> float:
        return statistics.median(row[i].figures for row in rows)

    name = f"measuring: {key.upper()},"
    return [
        Measurement(f"{name} speed kept (wall), between steps", share(1), ""),
        Measurement(f"{name} speed kept (wall), in its thread", share(2), "", 0.9, "higher"),
        Measurement(f"{name} speed kept (CPU), between steps", cpu_share(1), ""),
        Measurement(f"{name} speed kept (CPU), in its thread", cpu_share(2), "", 0.95, "higher"),
        Measurement(f"{name} measurements, between steps", rate(1), "/s"),
        Measurement(f"{name} measurements, in its thread", rate(2), "/s"),
    ]


def measure() -> list[Measurement]:
    """All figures of measuring beside the training."""
    return _figures("cnf") + _figures("jko")
