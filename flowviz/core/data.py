"""Numbers of a run on their way out: what can be exported, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from flowviz.core.records import RunFile

What = Literal["samples", "trajectories", "density", "curves", "weights", "velocity"]
WHATS: tuple[What, ...] = get_args(What)


MOST_DRAWS = 10_000_000
"""Samples or trajectories in one file, by the window and by command."""


@dataclass(frozen=True, slots=True)
class DataChoice:
    """What exactly is exported.

    Attributes:
        n: how many samples or trajectories.
        seed: of their noise.
        t: flow time of samples and density.
        resolution: cells along the longer side of the density's grid; None for what suits its dimension.
        step: training step of the model; None is the last.
    """

    n: int = 2000
    seed: int = 0
    t: float = 1.0
    resolution: int | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class DataJob:
    """Numbers to write. The suffix of `path` decides the format.

    Attributes:
        run: the run; its frames may be the one that is asked for alone.
        what: what is written.
        choice: how much of it.
        path: where it goes.
    """

    run: RunFile
    what: What
    choice: DataChoice
    path: str
