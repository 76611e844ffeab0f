"""Measures a run in a thread of its own, so that its training never waits for a figure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

import torch

from flowviz.core.events import FloorsReady, MetricsReady
from flowviz.core.spec import Array, Recording
from flowviz.engine import devices
from flowviz.engine._measuring import Abandoned, Measuring
from flowviz.engine.record import Pace
from flowviz.flows import Flow

FLOOR_DUTY = 0.2
GIVE_UP_S = 0.05
Weights = Mapping[str, Array]
News = MetricsReady | FloorsReady


class Measurer:
    """Measures one run: at most one job at a time, results in the order in which they were asked for.

    It measures snapshots of the weights on a flow of its own, and draws from random streams of its own, so that
    neither the training nor any figure depends on what the other thread does. What fails in the thread is raised
    where results are taken. Everything but the jobs belongs to one thread.

    Args:
        measuring: what is measured.
        make_flow: makes the flow to load the weights into; called in the measuring thread.
        recording: how much of the time measuring may take.
        device: where the flow lives.

    Attributes:
        measuring: what is measured.
        wake: called in the measuring thread whenever there is something to take.
        latest: the newest figures that were taken.
    """

    def __init__(
        self, measuring: Measuring, make_flow: Callable[[], Flow], recording: Recording, device: torch.device
    ) -> None:
        self.measuring = measuring
        self._make_flow = make_flow
        self._device = device
        self._flow: Flow | None = None
        self._pool = ThreadPoolExecutor(1, "measuring")
        self._job: Future[News | None] | None = None
        self._pace, self._floor_pace = Pace(5 * recording.min_gap_s, recording.duty), Pace(0.0, FLOOR_DUTY)
        self._floors: Iterator[None] | None = measuring.floor_pieces()
        self._abandoned = 0
        self.wake: Callable[[], None] = lambda: None
        self.latest: MetricsReady | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a job is under way, or its result not taken."""
        return self._job is not None

    @property
    def is_due(self) -> bool:
        """Whether the next snapshot is welcome."""
        return self._job is None and self._pace.due(time.perf_counter())

    def measure(self, step: int, weights: Weights) -> None:
        """Measure this snapshot; not while another job is under way."""
        asked = self._abandoned
        self._submit(lambda: self._measure(step, weights, asked))

    def next_floor(self, idle: bool = False) -> None:
        """Do a bit of the noise floors if nothing else is under way and their share of the time allows it.

        Args:
            idle: training waits, so that there is time.
        """
        if self._job is None and self._floors is not None and (idle or self._floor_pace.due(time.perf_counter())):
            self._submit(self._one_floor)

    def taken(self) -> list[News]:
        """What has come since the last call.

        Raises:
            Exception: whatever went wrong in the thread.
        """
        if self._job is None or not self._job.done():
            return []
        job, self._job = self._job, None
        news = job.result()
        if isinstance(news, MetricsReady):
            self.latest = news
        return [] if news is None else [news]

    def finish(self, step: int, weights: Weights, gives_up: Callable[[], bool]) -> Iterator[News]:
        """All that is left: the job under way, the floors, and the figures of the last step.

        Args:
            step, weights: the last snapshot; it is not measured again.
            gives_up: asked while waiting; True ends it at once.
        """
        yield from self._awaited(gives_up)
        while self._floors is not None and not gives_up():
            self.next_floor(idle=True)
            yield from self._awaited(gives_up)
        if not self.knows(step) and not gives_up():
            self.measure(step, weights)
            yield from self._awaited(gives_up)

    def knows(self, step: int) -> bool:
        """Whether the newest figures are those of that step."""
        return self.latest is not None and self.latest.step == step

    def abandon(self) -> None:
        """Drop what is under way; it ends by itself at the next place where it can."""
        self._abandoned += 1
        self._job = None

    def _awaited(self, gives_up: Callable[[], bool]) -> list[News]:
        while self._job is not None and not self._job.done():
            if gives_up():
                return []
            wait([self._job], GIVE_UP_S)
        return self.taken()

    def _submit(self, job: Callable[[], News | None]) -> None:
        self._job = self._pool.submit(job)
        self._job.add_done_callback(lambda _: self.wake())

    # In the thread

    def _measure(self, step: int, weights: Weights, asked: int) -> MetricsReady | None:
        def check() -> None:
            if self._abandoned != asked:
                raise Abandoned

        if self._flow is None:
            self._flow = self._make_flow()
            self.measuring.warm()  # so that the first measurement is not taken for a slow one
        begin = time.perf_counter()
        try:
            with devices.side_stream(self._device):
                self._flow.load(weights)
                values = self.measuring.measure(self._flow, step, check)
        except Abandoned:
            return None
        self._pace.looked(begin, time.perf_counter())
        return MetricsReady(step, values)

    def _one_floor(self) -> FloorsReady | None:
        if self._floors is None:  # a bit that was under way when it was abandoned was the last one
            return None
        begin = time.perf_counter()
        if next(self._floors, StopIteration) is StopIteration:
            self._floors = None
            return FloorsReady(dict(self.measuring.floors))
        self._floor_pace.looked(begin, time.perf_counter())
        return None
