"""An engine in threads of this process: for the command line, scripts and tests."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Mapping

from flowviz.core.backend import BEGINNING, BackendEvent, Origin
from flowviz.core.block_edits import BlockEdit
from flowviz.core.params import ParamValue
from flowviz.core.queries import Query
from flowviz.core.spec import Array, Budget, RunSpec
from flowviz.engine.service import Service, describe


class LocalHandle:
    """The reins of a run in this process; see core.backend.RunHandle."""

    def __init__(self, service: Service, run: int) -> None:
        self._service = service
        self._run = run

    @property
    def run(self) -> int:
        """The run's number."""
        return self._run

    def pause(self) -> None:
        """Wait before the next step."""
        self._service.steer(self._run, "pause")

    def resume(self) -> None:
        """Go on after a pause."""
        self._service.steer(self._run, "resume")

    def step_once(self) -> None:
        """One training step, then pause."""
        self._service.steer(self._run, "step_once")

    def pause_after_block(self, wanted: bool) -> None:
        """Pause when the block in training is done."""
        self._service.steer(self._run, "pause_after_block", wanted)

    def stop(self) -> None:
        """End the stretch; `Cancelled` follows."""
        self._service.steer(self._run, "cancel")

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter."""
        self._service.steer(self._run, "change", name, value)

    def extend(self, budget: Budget, edit: BlockEdit | None = None) -> None:
        """Train on, after an edit of the blocks if one is given; only the latest run can be extended here."""
        self._service.extend(self._run, budget, edit)


class LocalBackend:
    """See core.backend.Backend. `Ready` is the first event."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[BackendEvent] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._service = Service(self._events.put)
        self._events.put(describe())

    def drain(self) -> list[BackendEvent]:
        """All events that arrived since the last call, in order."""
        return drained(self._events)

    def start(self, spec: RunSpec, origin: Origin = BEGINNING, edit: BlockEdit | None = None) -> LocalHandle:
        """Train a new run from its origin, after an edit of its blocks if one is given."""
        run = next(self._numbers)
        self._service.start(run, spec, origin, edit)
        return LocalHandle(self._service, run)

    def ask(self, spec: RunSpec, weights: Mapping[str, Array], query: Query, lane: str = "") -> int:
        """Ask about the flow with these weights; an `Answer` with the returned number follows."""
        request = next(self._numbers)
        self._service.ask(request, spec, weights, query, lane)
        return request

    def close(self) -> None:
        """Stop everything; returns when both threads are gone."""
        self._service.close()


def drained(events: queue.SimpleQueue[BackendEvent]) -> list[BackendEvent]:
    """All that lies in a queue now."""
    result = []
    while True:
        try:
            result.append(events.get_nowait())
        except queue.Empty:
            return result
