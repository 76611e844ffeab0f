"""The engine behind the window: a worker process that is warm when Run is pressed, and is replaced when it dies.

The window's process imports this module, so nothing here may import torch.
"""

from __future__ import annotations

import itertools
import multiprocessing
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from flowviz.core.backend import BEGINNING, BackendEvent, EngineLost, Origin, Ready, RunMessage
from flowviz.core.block_edits import BlockEdit
from flowviz.core.errors import ParameterError
from flowviz.core.events import TERMINAL, Failed, FrameReady, RunEvent
from flowviz.core.frames import Frame
from flowviz.core.params import ParamField, ParamValue
from flowviz.core.queries import Answer, Query
from flowviz.core.spec import Array, Budget, RunSpec
from flowviz.engine import worker

CLOSE_S = 1.0
HELD_S = 3.0
"""A worker that is held starts after so long in any case."""
TRIES = 3
HINT = "All frames are kept. A new engine is being started; Continue trains on from the last frame."


class _Worker:
    """One worker process and the two threads that serve its pipe. Making one takes no time: a thread starts it.

    Args:
        on_parcel: gets everything the worker says, in the reader thread.
        on_loss: called once, in the reader thread, when the worker is gone.
        go: set when the process may start.
    """

    def __init__(
        self, on_parcel: Callable[[_Worker, Any], None], on_loss: Callable[[_Worker], None], go: threading.Event
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=worker.main, args=(theirs,), name="flowviz engine", daemon=True)
        self._go, self._started = go, threading.Event()
        self._ends = False
        self._on_parcel = on_parcel
        self._on_loss = on_loss
        self._outbox: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._send, args=(theirs,), name="to engine", daemon=True),
            threading.Thread(target=self._receive, name="from engine", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int | None:
        """Process id, as soon as there is one; None when the system could not start a process."""
        self._started.wait()
        return self._process.pid

    @property
    def exitcode(self) -> int | None:
        """Exit status of the process when it is over."""
        return self._process.exitcode

    def tell(self, *order: Any) -> None:
        """Send an order; never waits."""
        self._outbox.put(order)

    def _send(self, theirs: Connection) -> None:
        self._go.wait(HELD_S)
        try:
            if not self._ends:
                self._process.start()
        except OSError:
            pass  # no process: closing its end of the pipe lets the reader thread tell
        finally:
            theirs.close()  # else the end of the worker would not end the pipe
            self._started.set()
        while (order := self._outbox.get()) is not None:
            try:
                self._pipe.send(order)
            except OSError:
                return  # the reader thread notices too, and tells

    def _receive(self) -> None:
        while True:
            try:
                parcel = self._pipe.recv()
            except (EOFError, OSError):
                break
            self._on_parcel(self, parcel)
        self._outbox.put(None)
        self._join()
        self._on_loss(self)

    def _join(self) -> None:
        self._started.wait()
        if self._process.pid is not None:
            self._process.join(CLOSE_S)

    def close(self) -> None:
        """End the process and both threads; at most a few seconds."""
        self._ends = True
        self._go.set()
        self.tell("close")
        self._join()
        for end in (self._process.terminate, self._process.kill):
            if self._process.pid is not None and self._process.is_alive():
                end()
                self._join()
        self._outbox.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(CLOSE_S)
        self._pipe.close()


class ProcessHandle:
    """The reins of a run in the worker; see core.backend.RunHandle. Knows the run's last frame."""

    def __init__(self, backend: ProcessBackend, run: int, spec: RunSpec, origin: Origin) -> None:
        self._backend = backend
        self._run = run
        self.spec = spec
        self.origin = origin
        self.frame: Frame | None = None
        self.training = True

    @property
    def run(self) -> int:
        """The run's number."""
        return self._run

    def pause(self) -> None:
        """Wait before the next step."""
        self._backend._steer(self._run, "pause")

    def resume(self) -> None:
        """Go on after a pause."""
        self._backend._steer(self._run, "resume")

    def step_once(self) -> None:
        """One training step, then pause."""
        self._backend._steer(self._run, "step_once")

    def pause_after_block(self, wanted: bool) -> None:
        """Pause when the block in training is done."""
        self._backend._steer(self._run, "pause_after_block", wanted)

    def stop(self) -> None:
        """End the stretch; `Cancelled` follows."""
        self._backend._steer(self._run, "cancel")

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter.

        Raises:
            ParameterError: it is unknown, not live, or out of range.
        """
        self._backend._steer(self._run, "change", name, self._backend._checked(self.spec.flow.key, name, value))

    def extend(self, budget: Budget, edit: BlockEdit | None = None) -> None:
        """After a terminal event: train on from where the run stands, in a new worker if need be."""
        self._backend._extend(self, budget, edit)


class ProcessBackend:
    """See core.backend.Backend. The worker is started at once; `Ready` tells when it is warm.

    Args:
        is_held: start it at `begin`, or after a few seconds, instead: a window is seen sooner while no other process
            imports torch, and the worker is ready little later.
    """

    def __init__(self, is_held: bool = False) -> None:
        self._go = threading.Event()
        if not is_held:
            self._go.set()
        self._events: queue.SimpleQueue[BackendEvent] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._closing = False
        self._deaths = 0
        self._reason = ""
        self._methods: dict[str, dict[str, ParamField]] = {}
        self._current: ProcessHandle | None = None
        self._hosted: int | None = None
        self._asked: dict[int, str] = {}
        self._unpacker = worker.Unpacker()
        self._worker: _Worker | None = _Worker(self._on_parcel, self._on_loss, self._go)

    def begin(self) -> None:
        """Start the worker now, if it was held."""
        self._go.set()

    @property
    def pid(self) -> int | None:
        """Process id of the worker, or None when none could be started."""
        current = self._worker
        return current.pid if current else None

    def drain(self) -> list[BackendEvent]:
        """All events that arrived since the last call, in order; never waits."""
        result = []
        while True:
            try:
                result.append(self._events.get_nowait())
            except queue.Empty:
                return result

    def start(self, spec: RunSpec, origin: Origin = BEGINNING, edit: BlockEdit | None = None) -> ProcessHandle:
        """Train a new run from its origin, after an edit of its blocks if one is given."""
        with self._lock:
            handle = ProcessHandle(self, next(self._numbers), spec, origin)
            self._begin(handle, spec, origin, edit)
            return handle

    def _begin(self, handle: ProcessHandle, spec: RunSpec, origin: Origin, edit: BlockEdit | None = None) -> None:
        self._current, self._hosted, handle.training = handle, handle.run, True
        if self._worker is None:
            self._end(handle, Failed(origin.step, f"The engine does not start: {self._reason}.", "Reinstall flowviz."))
            return
        self._worker.tell("start", handle.run, spec, origin, edit)

    def _extend(self, handle: ProcessHandle, budget: Budget, edit: BlockEdit | None) -> None:
        with self._lock:
            if self._hosted == handle.run and self._worker is not None:
                self._current, handle.training = handle, True
                self._worker.tell("extend", handle.run, budget, edit)
                return
            # The worker that trained it is gone, or has another run by now: go on from the last frame.
            frame = handle.frame
            origin = handle.origin if frame is None else Origin(frame.weights, frame.step, frame.wall_s)
            self._begin(handle, replace(handle.spec, budget=budget), origin, edit)

    def _steer(self, run: int, wish: str, *values: Any) -> None:
        with self._lock:
            if self._worker is not None:
                self._worker.tell("steer", run, wish, *values)

    def _checked(self, method: str, name: str, value: ParamValue) -> ParamValue:
        fields = self._methods.get(method)
        if fields is None:
            return value  # not known yet: the engine checks
        if name not in fields:
            raise ParameterError(f"There is no parameter called {name}.", f"Known: {', '.join(fields)}.", name)
        if not fields[name].live:
            hint = "Restart the run to apply it."
            raise ParameterError(f"Parameter {name} ({fields[name].label}) cannot change in training.", hint, name)
        return fields[name].check(value)

    def ask(self, spec: RunSpec, weights: Mapping[str, Array], query: Query, lane: str = "") -> int:
        """Ask about the flow with these weights; an `Answer` with the returned number follows."""
        with self._lock:
            request = next(self._numbers)
            if self._worker is None:
                self._events.put(Answer(request, {}, "There is no engine to ask.", "Restart flowviz."))
                return request
            self._asked[request] = lane
            self._worker.tell("ask", request, spec, dict(weights), query, lane)
            return request

    def close(self) -> None:
        """Stop everything; returns when the worker and its threads are gone."""
        with self._lock:
            self._closing = True
            closing, self._worker = self._worker, None
        if closing is not None:
            closing.close()

    def _on_parcel(self, sender: _Worker, parcel: Any) -> None:
        event, _ = parcel
        with self._lock:
            if sender is not self._worker:
                return
            if isinstance(event, str):
                self._reason = event
                return
            whole = self._unpacker.unpack(parcel)
            match whole:
                case Ready():
                    self._deaths = 0
                    self._methods = {c.key: {field.name: field for field in c.params} for c in whole.methods}
                case RunMessage():
                    self._note(whole.run, whole.event)
                case Answer():
                    self._answered(whole)
            self._events.put(whole)

    def _note(self, run: int, event: RunEvent) -> None:
        handle = self._current
        if handle is None or handle.run != run:
            return
        if isinstance(event, FrameReady):
            handle.frame = event.frame
        elif isinstance(event, TERMINAL):
            handle.training = False

    def _answered(self, answer: Answer) -> None:
        for array in answer.arrays.values():
            array.flags.writeable = False
        lane = self._asked.pop(answer.request, "")
        if lane:  # older questions of its lane were replaced and stay without an answer
            replaced = [number for number, other in self._asked.items() if other == lane and number < answer.request]
            for number in replaced:
                del self._asked[number]

    def _on_loss(self, lost: _Worker) -> None:
        with self._lock:
            if self._closing or lost is not self._worker:
                return
            message = _epitaph(lost.exitcode, self._reason)
            self._deaths += 1
            self._hosted, self._unpacker = None, worker.Unpacker()
            handle = self._current
            if handle is not None and handle.training:
                self._end(handle, Failed(handle.frame.step if handle.frame else handle.origin.step, message, HINT))
            for request in self._unanswered():
                self._events.put(Answer(request, {}, message, "Ask again."))
            gives_up = self._deaths >= TRIES
            self._events.put(EngineLost(message, "Reinstall flowviz." if gives_up else HINT))
            self._reason = self._reason or message
            self._worker = None if gives_up else _Worker(self._on_parcel, self._on_loss, self._go)

    def _end(self, handle: ProcessHandle, event: Failed) -> None:
        handle.training = False
        self._events.put(RunMessage(handle.run, event))

    def _unanswered(self) -> list[int]:
        """Questions that wait for an answer: of each lane only the last."""
        last = {lane or number: number for number, lane in sorted(self._asked.items())}
        self._asked.clear()
        return sorted(last.values())


def _epitaph(exitcode: int | None, reason: str) -> str:
    if reason:
        return f"The engine could not start: {reason}."
    if exitcode == worker.DEVICE_LOST_STATUS:
        return "The engine was started anew because its device was lost."
    if exitcode is not None and exitcode < 0:
        words = "it was killed, perhaps because the memory was full" if exitcode == -9 else f"signal {-exitcode}"
        return f"The engine ended without warning ({words})."
    return f"The engine ended without warning (exit status {exitcode})."
