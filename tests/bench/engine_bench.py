"""How quick the engine behind the window is: latency of its events, speed of training, time to the first motion."""

from __future__ import annotations

import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from flowviz.core.backend import Ready, RunMessage
from flowviz.core.control import Control
from flowviz.core.events import Cancelled, Failed, FrameReady, Losses, Started
from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec
from flowviz.engine import process, worker
from flowviz.engine.process import ProcessBackend
from tests.bench._measure import Measurement

SECONDS = 4.0
ROUNDS = 3
LONG = Budget(steps=10_000_000)
SPEC = RunSpec(TargetSpec("two_moons"), FlowSpec("cnf"), LONG, 0, "cpu")


class _StampedPipe:
    """Writes on every parcel when it was sent; monotonic clocks of two processes agree."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.recv = pipe.recv

    def send(self, parcel: Any) -> None:
        self._pipe.send((time.monotonic(), parcel))


def _stamped_main(pipe: Connection) -> None:
    worker.main(_StampedPipe(pipe))  # type: ignore[arg-type]


def _window(seconds: float, drain: Callable[[], object]) -> None:
    """What a window does thirty times a second: take events, and paint for some milliseconds."""
    picture = np.zeros((700, 900), np.float32)
    end = time.monotonic() + seconds
    while (begin := time.monotonic()) < end:
        drain()
        while time.monotonic() - begin < 0.006:
            np.multiply(picture, 0.97, out=picture)
        time.sleep(max(0.0, 1 / 30 - (time.monotonic() - begin)))


def _latencies() -> list[float]:
    """Seconds between an event leaving the worker and its being taken apart in the window's process."""
    found: list[float] = []
    ready, unpacker = threading.Event(), worker.Unpacker()

    def on_parcel(_: object, stamped: Any) -> None:
        sent, parcel = stamped
        event = unpacker.unpack(parcel)
        found.append(time.monotonic() - sent)
        if isinstance(event, Ready):
            ready.set()

    plain, worker.main = worker.main, _stamped_main
    try:
        engine = process._Worker(on_parcel, lambda _: None)
    finally:
        worker.main = plain
    ready.wait(60)
    found.clear()
    engine.tell("start", 1, SPEC, None, 0, 0.0)
    _window(2 * SECONDS, lambda: None)
    engine.close()
    return found


def _train_alone(results: Any, seconds: float) -> None:
    """The same loop in a process of its own to which nobody listens."""
    import torch

    from flowviz.engine.run import run
    from flowviz.engine.warming import warm_all

    torch.set_num_threads(1)
    warm_all()
    control, steps, begin = Control(), 0, 0.0
    for event in run(SPEC, control):
        if isinstance(event, Started):
            begin = time.monotonic()
        if isinstance(event, Losses):
            steps = int(event.steps[-1])
        if begin and time.monotonic() - begin > seconds:
            control.cancel(quick=True)
            break
    results.put(steps / (time.monotonic() - begin))


def _alone() -> float:
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    child = context.Process(target=_train_alone, args=(results, SECONDS))
    child.start()
    speed = results.get()
    child.join()
    return float(speed)


class _Watch:
    """A backend and what it has said."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.backend = ProcessBackend()
        self.steps = 0
        self.moved: float | None = None
        self.begun = 0.0
        self.ended = False
        self.ready: float | None = None

    def drain(self) -> None:
        for event in self.backend.drain():
            now = time.monotonic()
            if isinstance(event, Ready):
                self.ready = now
            elif isinstance(event, RunMessage):
                self._note(event.event, now)

    def _note(self, event: object, now: float) -> None:
        if isinstance(event, Failed):
            raise AssertionError(event.details)
        if isinstance(event, Started):
            self.begun, self.steps = now, 0
        elif isinstance(event, Losses):
            self.steps = int(event.steps[-1])
        elif isinstance(event, Cancelled):
            self.ended = True
        elif isinstance(event, FrameReady) and event.frame.step > 0 and self.moved is None:
            self.moved = now

    def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self.drain()
            time.sleep(0.001)


def _watched(watch: _Watch) -> tuple[float, float]:
    """(seconds from Run to the first motion, steps a second) with a window-like listener."""
    watch.moved, watch.ended, pressed = None, False, time.monotonic()
    run = watch.backend.start(SPEC)
    watch.until(lambda: watch.moved is not None)
    motion = (watch.moved or 0.0) - pressed
    _window(SECONDS - (time.monotonic() - watch.begun), watch.drain)
    speed = watch.steps / (time.monotonic() - watch.begun)
    run.stop()
    watch.until(lambda: watch.ended)
    return motion, speed


def measure() -> list[Measurement]:
    """All figures of the engine."""
    latencies = np.array(_latencies()) * 1000
    watch = _Watch()
    watch.until(lambda: watch.ready is not None)
    start_up = (watch.ready or 0.0) - watch.began
    pairs, alone = [], []
    for _ in range(ROUNDS):
        pairs.append(_watched(watch))
        alone.append(_alone())
    pid = watch.backend.pid
    watch.backend.close()
    assert pid is not None and watch.backend.pid is None
    speed, lonely = statistics.median(pair[1] for pair in pairs), statistics.median(alone)
    ratio = statistics.median(pair[1] / other for pair, other in zip(pairs, alone, strict=True))
    return [
        Measurement("engine: warm after start", start_up, "s"),
        Measurement("engine: Run to first motion", max(pair[0] for pair in pairs), "s", 1.0),
        Measurement("engine: event latency, median", float(np.median(latencies)), "ms"),
        Measurement("engine: event latency, 99 %", float(np.quantile(latencies, 0.99)), "ms", 10.0),
        Measurement("engine: training alone (CNF)", lonely, "steps/s"),
        Measurement("engine: training with a listener (CNF)", speed, "steps/s"),
        Measurement("engine: share of the speed kept", ratio, "", 0.9, "higher"),
    ]
