"""The one training loop: a generator of events. It knows no thread, no process and no window."""

from __future__ import annotations

import time
import traceback
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch

from flowviz.core.block_edits import BlockEdit
from flowviz.core.control import CancelledByUser, Control
from flowviz.core.course import Stretch
from flowviz.core.errors import ParameterError, RunError, UserError
from flowviz.core.events import (
    Cancelled,
    Changed,
    ChangeRefused,
    Failed,
    Finished,
    FloorsReady,
    FrameReady,
    Paused,
    Resumed,
    RunEvent,
    Started,
)
from flowviz.core.frames import BlockInfo, Frame
from flowviz.core.spec import Array, Budget, RunSpec
from flowviz.engine import devices
from flowviz.engine._building import create_flow
from flowviz.engine._failures import explain
from flowviz.engine._losses import FLUSH_S, LossBatch
from flowviz.engine._measurer import Measurer
from flowviz.engine._measuring import Measuring
from flowviz.engine._problem import problem_of
from flowviz.engine._sampling import stream
from flowviz.engine.record import FIRST_LOOKS, Pace
from flowviz.engine.threads import set_threads
from flowviz.flows import Flow, HasBlocks, HasLossFloor, HasRounds, HasStart
from flowviz.targets import build, build_source

FIRST_DUTY = 0.5


def run(
    spec: RunSpec, control: Control | None = None, weights: Mapping[str, Array] | None = None, step: int = 0
) -> Iterator[RunEvent]:
    """Train one run for its budget; see Run.stretch."""
    return Run(spec, weights, step).stretch(control or Control())


class Run:
    """One run: a flow, its target and how far it is. Lives through any number of stretches of training.

    Args:
        spec: what to train.
        weights: go on from these; None begins afresh.
        step: training steps done to reach those weights.
        seconds: training seconds spent to reach them.
        threads: processor threads that training may take where they pay.
    """

    def __init__(
        self,
        spec: RunSpec,
        weights: Mapping[str, Array] | None = None,
        step: int = 0,
        seconds: float = 0.0,
        threads: int | None = None,
    ) -> None:
        self.spec = spec
        self.step = step
        self.seconds = seconds
        self._threads = devices.cores() if threads is None else threads
        self._weights = weights
        self._flow: Flow | None = None
        self._device = torch.device("cpu")
        self._measurer: Measurer | None = None
        self._frame: Frame | None = None
        self._phase = ""
        self._control = Control()
        self._losses = LossBatch()
        self._stretch_s = 0.0

    def stretch(
        self, control: Control, budget: Budget | None = None, edit: BlockEdit | None = None
    ) -> Iterator[RunEvent]:
        """Train for a while.

        Args:
            control: the reins of this stretch.
            budget: how long; None is the spec's own budget.
            edit: what is done to the flow's blocks first.

        Yields:
            Started, then whatever happens, then exactly one of Finished, Cancelled, Failed. Recording and
            measuring draw from random streams of their own, so that what is trained does not depend on
            when it is looked at. Measuring has a thread of its own: the figures of a step come some moments
            after its frame, in the order of the steps, and before the terminal event.
        """
        self._control, self._losses, self._stretch_s = control, LossBatch(), 0.0
        try:
            flow, measurer = yield from self._begin(budget or self.spec.budget, edit)
            if self._frame is None or self._frame.step != self.step or edit is not None:
                yield FrameReady(self._take_frame(flow))
            measurer.wake = control.wake
            yield from self._train(flow, measurer)
        except Exception as error:  # whatever it is, the run ends with one sentence
            yield self._failed(error)
        finally:
            if self._measurer is not None:
                self._measurer.abandon()

    def _begin(self, budget: Budget, edit: BlockEdit | None) -> Generator[RunEvent, None, tuple[Flow, Measurer]]:
        is_built = self._flow is not None
        flow, measurer = self._prepare()
        early = list(self._apply_changes(flow))  # they have a say in the plan
        if edit is None or _edit(flow, edit):
            flow.plan(budget)
        changed = {event.name: event.value for event in early if isinstance(event, Changed)}
        begun = Stretch(self.step, self.step, budget, edit, changed)
        if not is_built:
            begun = replace(begun, is_anew=self._weights is not None, params=self.spec.flow.params)
        yield self._started(flow, measurer.measuring, begun)
        yield from (event for event in early if not isinstance(event, Changed))
        return flow, measurer

    def _prepare(self) -> tuple[Flow, Measurer]:
        if self._flow is not None and self._measurer is not None:
            return self._flow, self._measurer
        self._device = devices.resolve(self.spec.device)
        self.spec = replace(self.spec, device=str(self._device))
        target = build(self.spec.target)
        source = build_source(self.spec.source, target)

        def make_flow(step: int) -> Flow:
            return create_flow(self.spec.flow, problem_of(self.spec, target, source, self._device, step))

        flow = make_flow(self.step)
        set_threads(self.spec.flow, target.dim, self._device, self._threads)
        if self._weights is not None:
            flow.load(self._weights)
        noise = source.sample(self.spec.recording.particles, stream(self.spec.seed, "particles"))
        self._noise = torch.as_tensor(noise, dtype=torch.float32, device=self._device)
        self._times = np.linspace(0.0, 1.0, max(2, self.spec.recording.n_times))
        self._times.flags.writeable = False
        measuring = Measuring(self.spec, target, source, self._device)
        self._measurer = Measurer(measuring, lambda: make_flow(0), self.spec.recording, self._device)
        self._flow = flow
        return flow, self._measurer

    def _started(self, flow: Flow, measuring: Measuring, stretch: Stretch) -> Started:
        words = devices.describe(self._device)
        known = (measuring.entropy, dict(measuring.floors), flow.terms)
        return Started(self.spec, words, flow.parameter_count, self.step, *known, stretch, self.seconds)

    def _train(self, flow: Flow, measurer: Measurer) -> Iterator[RunEvent]:
        frames = Pace(self.spec.recording.min_gap_s, self.spec.recording.duty, FIRST_DUTY)
        waiting, flushed = False, time.perf_counter()
        try:
            while flow.progress < 1:
                may_step = self._control.may_step()
                yield from self._apply_changes(flow)
                yield from measurer.taken()
                if not may_step:
                    if not waiting:
                        yield from self._say_paused(flow)
                    waiting = True
                    self._measure_paused(measurer)
                    self._control.wait()
                    continue
                if waiting and not self._control.is_paused:
                    yield Resumed(self.step)
                waiting = False
                yield from self._one_step(flow)
                now = time.perf_counter()
                frame_due = frames.due(now)
                if frame_due or now - flushed >= FLUSH_S:
                    yield from self._flush(flow)
                    flushed = time.perf_counter()
                if frame_due:
                    yield FrameReady(self._timed_frame(flow, frames))
                if frames.looks >= FIRST_LOOKS:
                    self._measure(measurer, frame_due)
        except CancelledByUser as end:
            yield from self._close(flow, measurer, end.quick)
            yield Cancelled(self.step, self.seconds)
            return
        yield from self._close(flow, measurer, False)
        yield Finished(self.step, self.seconds)

    def _one_step(self, flow: Flow) -> Iterator[RunEvent]:
        blocks = flow if isinstance(flow, HasBlocks) and self._control.pauses_after_block else None
        trained = _trained(blocks)
        begin = time.perf_counter()
        info = flow.step(self._control.seconds_at(self.step, self._stretch_s))
        self._count(time.perf_counter() - begin)
        if _trained(blocks) > trained:
            self._control.block_done()
        if self._losses.phase not in (None, info.phase):
            yield from self._flush(flow)
        self.step += 1
        self._phase = info.phase
        self._losses.add(self.step, info)
        if isinstance(flow, HasRounds) and len(flow.rounds()) > self._rounds_seen(flow):
            yield from self._flush(flow)
            yield FrameReady(self._take_frame(flow))  # a round that has ended can be looked at as it was

    def _rounds_seen(self, flow: HasRounds) -> int:
        return len(self._frame.rounds) if self._frame is not None else len(flow.rounds())

    def _count(self, seconds: float) -> None:
        self._stretch_s += seconds
        self.seconds += seconds

    def _apply_changes(self, flow: Flow) -> Iterator[RunEvent]:
        for name, value in self._control.take_changes().items():
            try:
                flow.change(name, value)
            except ParameterError as error:
                yield ChangeRefused(name, error.message, error.hint)
                continue
            yield Changed(self.step, name, value)
            if isinstance(flow, HasLossFloor) and name in flow.floor_params and self._measurer is not None:
                measuring = self._measurer.measuring
                if measuring.forget_loss_floor():
                    yield FloorsReady(dict(measuring.floors))

    def _say_paused(self, flow: Flow) -> Iterator[RunEvent]:
        yield from self._flush(flow)
        if self._frame is None or self._frame.step != self.step:
            yield FrameReady(self._take_frame(flow))
        yield Paused(self.step)

    def _flush(self, flow: Flow) -> Iterator[RunEvent]:
        phase = self._losses.phase
        if phase is None:
            return
        begin = time.perf_counter()
        steps, values, bad = self._losses.read()
        self._count(time.perf_counter() - begin)  # on a GPU the steps are waited for here
        if steps:
            yield self._losses.event(steps, values, phase, self._stretch_s, flow.progress)
        if bad is not None:
            raise RunError(
                f"The loss was not a finite number any more at step {bad}.",
                "Lower the learning rate or enlarge the batch, then run again.",
            )

    def _timed_frame(self, flow: Flow, frames: Pace) -> Frame:
        begin = time.perf_counter()
        frame = self._take_frame(flow)
        frames.looked(begin, time.perf_counter())
        return frame

    def _measure(self, measurer: Measurer, is_framed: bool) -> None:
        """Have the step in hand measured if it has a frame and it is time for that, else do a bit of the floors."""
        if is_framed and self._frame is not None and measurer.is_due:
            measurer.measure(self.step, self._frame.weights)
        else:
            measurer.next_floor()

    def _measure_paused(self, measurer: Measurer) -> None:
        """While training waits there is time to measure where it stands, and for all of the floors."""
        if not measurer.is_busy and not measurer.knows(self.step) and self._frame is not None:
            measurer.measure(self.step, self._frame.weights)
        measurer.next_floor(idle=True)

    def _close(self, flow: Flow, measurer: Measurer, quick: bool) -> Iterator[RunEvent]:
        """What comes before the terminal event: the last losses, metrics and frame."""
        yield from self._flush(flow)
        if quick:
            return
        frame = self._frame
        if frame is None or frame.step != self.step:
            frame = self._take_frame(flow)
            yield FrameReady(frame)
        if frame.metrics:
            return
        yield from measurer.finish(self.step, frame.weights, lambda: self._control.makes_way)
        if measurer.latest is not None and measurer.knows(self.step):
            self._frame = replace(frame, metrics=dict(measurer.latest.values))
            yield FrameReady(self._frame)

    def _take_frame(self, flow: Flow) -> Frame:
        moved = flow.transport(self._noise, self._times.tolist()).paths
        paths = moved.detach().to("cpu", torch.float32, copy=True).numpy()
        if not np.isfinite(paths).all():
            raise RunError(
                f"Particles left the range of the computer at step {self.step}.",
                "Lower the learning rate, then run again.",
            )
        paths.flags.writeable = False
        blocks = self._blocks(flow)
        rounds = flow.rounds() if isinstance(flow, HasRounds) else ()
        start = flow.start_info() if isinstance(flow, HasStart) else None
        where = (self.step, self.seconds, self._phase, self._times)
        self._frame = Frame(*where, paths, {}, blocks, flow.weights(), rounds, start)
        return self._frame

    def _blocks(self, flow: Flow) -> tuple[BlockInfo, ...]:
        truth = None if self._measurer is None else self._measurer.measuring.truth
        if truth is not None:
            return truth.blocks(flow)
        return flow.blocks() if isinstance(flow, HasBlocks) else ()

    def _failed(self, error: Exception) -> Failed:
        """The flow may be broken now: the next stretch goes on from the last frame."""
        message, hint = explain(error)
        failed = Failed(self.step, message, hint, "".join(traceback.format_exception(error)))
        self._flow = None
        if self._frame is not None:
            self._weights, self.step, self.seconds = self._frame.weights, self._frame.step, self._frame.wall_s
        if self._device.type == "cuda" and "memory" in message:
            torch.cuda.empty_cache()
        return failed


def _edit(flow: Flow, edit: BlockEdit) -> bool:
    """Whether something is left to train."""
    if not isinstance(flow, HasBlocks):
        raise UserError("This method has no blocks to change.", "Train a JKO flow for that.")
    return flow.edit(edit)


def _trained(flow: HasBlocks | None) -> int:
    """How many blocks are trained to their end; 0 where nobody asks."""
    return sum(block.status == "trained" for block in flow.blocks()) if flow is not None else 0
