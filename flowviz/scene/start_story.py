"""What a start by flow matching saved: the run beside earlier ones of the same making that began from nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from flowviz.core.frames import Frame, StartInfo
from flowviz.core.records import RunEntry
from flowviz.core.spec import Array, FlowSpec, RunSpec

_OF_THE_START = ("start", "start_steps")
_FLOW_MATCHING = "flow matching"


@dataclass(frozen=True, slots=True)
class Reached:
    """A run that began from nothing, and when it came to an NLL: None where it did not."""

    name: str
    steps: int | None = None
    seconds: float | None = None


def is_started(spec: RunSpec) -> bool:
    """Whether a run starts from a flow-matching fit."""
    return spec.flow.params.get("start") == _FLOW_MATCHING


def cold_runs(spec: RunSpec, entries: Iterable[RunEntry]) -> tuple[RunEntry, ...]:
    """Kept runs that differ from this one in nothing but their start (and seed), the newest first."""
    fitting = [
        entry
        for entry in entries
        if entry.record is not None and not is_started(entry.record.spec) and _bare(entry.record.spec) == _bare(spec)
    ]
    return tuple(reversed(fitting))


def _bare(spec: RunSpec) -> RunSpec:
    """Without its start, its seed, and where and how it is watched."""
    params = {name: value for name, value in spec.flow.params.items() if name not in _OF_THE_START}
    recording = RunSpec(spec.target, spec.flow).recording
    return replace(spec, flow=FlowSpec(spec.flow.key, params), seed=0, device="", metrics=(), recording=recording)


def reached(name: str, measured: Array, frames: Sequence[Frame], nll: float) -> Reached:
    """When a run first measured that NLL or a lower one.

    Args:
        name: of the run.
        measured: (k, 2) training steps and NLL.
        frames: of the run: its clock is read off them.
        nll: nats.
    """
    below = [float(step) for step, value in measured.tolist() if value <= nll]
    if not below or not frames:
        return Reached(name)
    step = below[0]
    seconds = np.interp(step, [float(frame.step) for frame in frames], [frame.wall_s for frame in frames])
    return Reached(name, round(step), float(seconds))


def words(spec: RunSpec, measured: Array, frames: Sequence[Frame], entries: Iterable[RunEntry]) -> str:
    """What the start of a run saved; "" for a run that began from nothing, or has not been measured yet.

    Args:
        spec: the run.
        measured: (k, 2) its training steps and NLL so far.
        frames: its frames so far.
        entries: the other runs.
    """
    if not is_started(spec) or not frames or not len(measured):
        return ""
    cold = next(iter(cold_runs(spec, entries)), None)
    known = cold.record.metrics.get("nll") if cold is not None and cold.record is not None else None
    start = frames[-1].start
    if start is not None:
        if cold is None or cold.record is None or known is None:
            return of_fit(start, None)
        return of_fit(start, reached(cold.name, known, cold.record.frames, start.nll))
    if cold is None or cold.record is None or known is None:
        return ""
    level = max(float(measured[:, 1].min()), float(known[:, 1].min()))
    return of_blocks(level, reached("", measured, frames, level), reached(cold.name, known, cold.record.frames, level))


def of_fit(start: StartInfo, cold: Reached | None) -> str:
    """What one fit gave, and what it saved where a run from nothing was made to compare with."""
    took = f" of {start.seconds:.1f} s" if start.seconds > 0 else ""
    given = f"Started from a flow-matching fit{took} ({start.steps:,} steps) at NLL {start.nll:.2f}"
    if cold is None:
        return f"{given}. Train the same with a fresh start to see what that saves."
    if cold.steps is None or cold.seconds is None:
        return f"{given}; {cold.name}, from nothing, never came to that."
    saved = cold.seconds - start.seconds
    verdict = f"{saved:.1f} s saved" if saved >= 0 else f"{-saved:.1f} s lost"
    return f"{given}; {cold.name}, from nothing, took {cold.seconds:.1f} s ({cold.steps:,} steps) to that: {verdict}."


def of_blocks(nll: float, own: Reached, cold: Reached) -> str:
    """What fits before every block saved on the way to an NLL that both runs came to."""
    if own.seconds is None or cold.seconds is None:
        return ""
    saved = cold.seconds - own.seconds
    verdict = f"{saved:.1f} s saved" if saved >= 0 else f"{-saved:.1f} s lost"
    return (
        f"With flow-matching fits before its blocks NLL {nll:.2f} took {own.seconds:.1f} s; {cold.name}, without, "
        f"{cold.seconds:.1f} s: {verdict}."
    )
