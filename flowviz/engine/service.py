"""What stands behind a Backend, wherever it lives: a thread that trains, and threads that answer questions."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping

from flowviz.core.backend import BackendEvent, Choice, Origin, Ready, RunMessage
from flowviz.core.block_edits import BlockEdit
from flowviz.core.control import Control
from flowviz.core.events import TERMINAL, Failed
from flowviz.core.params import ParamValue, fields_of
from flowviz.core.queries import Answer, MetricQuery, Query
from flowviz.core.spec import Array, Budget, RunSpec
from flowviz.engine import devices
from flowviz.engine._failures import explain
from flowviz.engine.derive import Deriver
from flowviz.engine.run import Run
from flowviz.flows import (
    FLOWS,
    HasBlocks,
    HasCoupling,
    HasLogDensity,
    HasLogRatio,
    HasProcessBlocks,
    HasRounds,
    HasSde,
    HasVelocity,
)
from flowviz.metrics import METRICS

ABILITIES = {
    "density": HasLogDensity,
    "velocity": HasVelocity,
    "blocks": HasBlocks,
    "sde": HasSde,
    "coupling": HasCoupling,
    "log_ratio": HasLogRatio,
    "rounds": HasRounds,
    "process": HasProcessBlocks,
}
Job = tuple[int, Run, Control, Budget | None, BlockEdit | None]


class Service:
    """Trains runs and answers questions in threads of its own. All methods return at once, but `close`.

    Args:
        emit: gets every event; called from all of them, must be safe for that.
    """

    def __init__(self, emit: Callable[[BackendEvent], None]) -> None:
        self._emit = emit
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._run: tuple[int, Run] | None = None
        self._controls: dict[int, Control] = {}
        self._late: dict[str, ParamValue] = {}
        self._questions = _Questions(emit)
        self._distances = _Questions(emit)  # they take a second or so, which no picture has to wait for
        self._thread = threading.Thread(target=self._train, name="training", daemon=True)
        self._thread.start()

    def start(self, run: int, spec: RunSpec, origin: Origin, edit: BlockEdit | None = None) -> None:
        """Train a new run, after an edit of its blocks if one is given; one still training is stopped first."""
        # One core stays free for the window.
        threads = max(1, devices.cores() - 1)
        self._enqueue(run, Run(spec, origin.weights, origin.step, origin.seconds, threads), None, edit)

    def extend(self, run: int, budget: Budget, edit: BlockEdit | None = None) -> bool:
        """Train the latest run on, after an edit of its blocks if one is given; False when `run` is not the latest."""
        if self._run is None or self._run[0] != run:
            return False
        self._enqueue(run, self._run[1], budget, edit)
        return True

    def _enqueue(self, number: int, run: Run, budget: Budget | None, edit: BlockEdit | None = None) -> None:
        control = Control()
        with self._lock:
            for running in self._controls.values():
                running.cancel(quick=True)
            if self._run is not None and self._run[0] == number:
                for name, value in self._late.items():
                    control.change(name, value)
            self._late.clear()
            self._controls[number] = control
            self._run = (number, run)
        self._jobs.put((number, run, control, budget, edit))

    def steer(self, run: int, wish: str, *values: ParamValue) -> None:
        """Hand a wish (the name of a method of Control) to a run.

        It is ignored when the run is over, but for a change: that waits until the latest run goes on.
        """
        with self._lock:
            control = self._controls.get(run)
            if control is None and wish == "change" and self._run is not None and self._run[0] == run:
                name, value = values
                self._late[str(name)] = value
        if control is not None:
            getattr(control, wish)(*values)

    def ask(self, request: int, spec: RunSpec, weights: Mapping[str, Array], query: Query, lane: str) -> None:
        """Answer a question; it replaces one that still waits in the same non-empty lane."""
        answering = self._distances if isinstance(query, MetricQuery) else self._questions
        answering.put(request, spec, weights, query, lane)

    def close(self) -> None:
        """Stop everything and wait for the threads."""
        with self._lock:
            for control in self._controls.values():
                control.cancel(quick=True)
        self._jobs.put(None)
        self._questions.close()
        self._distances.close()
        self._thread.join()

    def _train(self) -> None:
        while (job := self._jobs.get()) is not None:
            number, run, control, budget, edit = job
            try:
                for event in run.stretch(control, budget, edit):
                    if isinstance(event, TERMINAL):
                        self._forget(number, control)
                    self._emit(RunMessage(number, event))
            except Exception as error:  # the sender failed: nobody may be left waiting for the end
                self._forget(number, control)
                self._emit(RunMessage(number, Failed(run.step, *explain(error))))

    def _forget(self, number: int, control: Control) -> None:
        with self._lock:
            if self._controls.get(number) is control:
                del self._controls[number]


class _Questions:
    """A thread that answers one question after the other."""

    def __init__(self, emit: Callable[[BackendEvent], None]) -> None:
        self._emit = emit
        self._deriver = Deriver()
        self._waiting: dict[object, tuple[int, RunSpec, Mapping[str, Array], Query]] = {}
        self._condition = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="questions", daemon=True)
        self._thread.start()

    def put(self, request: int, spec: RunSpec, weights: Mapping[str, Array], query: Query, lane: str) -> None:
        with self._condition:
            # A replaced question keeps its place in the line: a lane that is asked often cannot starve.
            self._waiting[lane or request] = (request, spec, weights, query)
            self._condition.notify()

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._waiting.clear()
            self._condition.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._closed or bool(self._waiting))
                if self._closed:
                    return
                request, spec, weights, query = self._waiting.pop(next(iter(self._waiting)))
            try:
                answer = Answer(request, self._deriver.answer(spec, weights, query))
            except Exception as error:  # a question must never take the engine down
                answer = Answer(request, {}, *_explain_question(error))
            self._emit(answer)


def _explain_question(error: Exception) -> tuple[str, str]:
    message, hint = explain(error)
    return message.replace("Something unexpected happened in training", "This could not be computed"), hint


def describe() -> Ready:
    """What this engine offers. Imports every method and metric."""
    methods = tuple(
        Choice(
            key,
            method.label,
            method.summary,
            fields_of(method.Params),
            frozenset(name for name, ability in ABILITIES.items() if issubclass(method, ability)),
            method.source_need,
            method.group,
        )
        for key, method in FLOWS.items()
    )
    metrics = tuple(Choice(key, metric.label, metric.summary) for key, metric in METRICS.items())
    return Ready(methods, metrics, devices.available(), devices.describe(devices.resolve("auto")))
