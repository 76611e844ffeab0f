"""The door between the window and the engine: who is behind it (a process, a thread, a script) shows nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from flowviz.core.block_edits import BlockEdit
from flowviz.core.events import RunEvent
from flowviz.core.params import ParamField, ParamValue
from flowviz.core.queries import Answer, Query
from flowviz.core.sources import SourceNeed
from flowviz.core.spec import Array, Budget, RunSpec


@dataclass(frozen=True, slots=True)
class Choice:
    """A method (or metric) as the window offers it.

    Attributes:
        key: registry key.
        label: its name for people.
        summary: one sentence.
        params: its declared parameters, from which the form is made.
        abilities: what it offers beyond transport: "density", "velocity", "blocks", "sde", "coupling", "log_ratio",
            "rounds", "process" (its blocks are stretches of a process).
        source_need: what a method can begin from, as in core.sources.
        group: family of a method, as in core.method_groups.
    """

    key: str
    label: str
    summary: str
    params: tuple[ParamField, ...] = ()
    abilities: frozenset[str] = frozenset()
    source_need: SourceNeed = "normal"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where training begins.

    Attributes:
        weights: of the flow, or None for a fresh one.
        step, seconds: training steps and training seconds that led to them.
    """

    weights: Mapping[str, Array] | None = None
    step: int = 0
    seconds: float = 0.0


BEGINNING = Origin()


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine is warm.

    Attributes:
        methods: what can be trained.
        metrics: what can be measured.
        devices: device names that a run may ask for ("auto" first).
        device: what "auto" means here, in words ("CPU (2 cores)", "CUDA: NVIDIA H100").
    """

    methods: tuple[Choice, ...]
    metrics: tuple[Choice, ...]
    devices: tuple[str, ...]
    device: str


@dataclass(frozen=True, slots=True)
class RunMessage:
    """An event of run number `run`."""

    run: int
    event: RunEvent


@dataclass(frozen=True, slots=True)
class EngineLost:
    """The engine died; a new one is being started (`Ready` follows). A run in training also gets `Failed`."""

    message: str
    hint: str = ""


BackendEvent = Ready | RunMessage | Answer | EngineLost


class RunHandle(Protocol):
    """The reins of one run in the engine. No method waits."""

    @property
    def run(self) -> int:
        """The run's number."""
        ...

    def pause(self) -> None:
        """Wait before the next step."""
        ...

    def resume(self) -> None:
        """Go on after a pause."""
        ...

    def step_once(self) -> None:
        """One training step, then pause."""
        ...

    def pause_after_block(self, wanted: bool) -> None:
        """Pause when the block in training is done, before the next one begins; `Paused` follows then."""
        ...

    def stop(self) -> None:
        """End the stretch; `Cancelled` follows."""
        ...

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter."""
        ...

    def extend(self, budget: Budget, edit: BlockEdit | None = None) -> None:
        """After a terminal event: train on from where the run stands, after an edit of its blocks if one is given.

        An edit that cannot be done ends the new stretch with `Failed`.
        """
        ...


class Backend(Protocol):
    """An engine that trains runs and answers questions about them. No method waits for the engine."""

    def drain(self) -> list[BackendEvent]:
        """All events that arrived since the last call, in order."""
        ...

    def start(self, spec: RunSpec, origin: Origin = BEGINNING, edit: BlockEdit | None = None) -> RunHandle:
        """Train a new run from its origin, after an edit of its blocks if one is given.

        A run still training is stopped first.
        """
        ...

    def ask(self, spec: RunSpec, weights: Mapping[str, Array], query: Query, lane: str = "") -> int:
        """Ask about the flow with these weights; an `Answer` with the returned number follows.

        A later question in the same non-empty lane replaces one that still waits in it; the replaced
        one gets no answer.
        """
        ...

    def close(self) -> None:
        """Stop everything; returns when the engine is gone (at most a few seconds)."""
        ...
