"""What the person chose to see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flowviz.core.solver import METHOD_SOLVER, Solver

Direction = Literal["generate", "encode"]


@dataclass(frozen=True, slots=True)
class StageOptions:
    """Choices of the stage, the same for window and film.

    Attributes:
        layers: keys of the layers that are on.
        direction: "generate" moves noise to data, "encode" data to noise.
        density: the density layer's source: "estimate" from many particles, or the model's "exact" density.
        solver: solver that moves particles when looking.
        particles: how many particles are shown.
        trails: how many trajectories are drawn.
        trail_length: length of a trail in flow time.
        point_size: diameter of a dot in points.
    """

    layers: frozenset[str] = frozenset({"particles", "trails"})
    direction: Direction = "generate"
    density: Literal["estimate", "exact"] = "estimate"
    solver: Solver = METHOD_SOLVER
    particles: int = 2000
    trails: int = 250
    trail_length: float = 0.3
    point_size: float = 2.5
