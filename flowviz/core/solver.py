"""Which solver moves the particles, chosen when looking, not when training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from flowviz.core.errors import ParameterError

SolverName = Literal["euler", "midpoint", "rk4", "dopri5", "sde"]
SOLVER_NAMES: tuple[str, ...] = get_args(SolverName)


@dataclass(frozen=True, slots=True)
class Solver:
    """A solver and its effort.

    Attributes:
        name: euler, midpoint, rk4 (classic tableau), all fixed-step; dopri5 is adaptive (torchdiffeq); sde follows
            random paths of the same marginals, where the method has them.
        steps: steps of a fixed-step solver over the whole flow, t from 0 to 1; 0 means the method's own choice.
        tolerance: relative and absolute tolerance of dopri5.
    """

    name: SolverName = "rk4"
    steps: int = 0
    tolerance: float = 1e-5

    @property
    def is_random(self) -> bool:
        """Whether it draws random paths."""
        return self.name == "sde"

    @property
    def ode(self) -> Solver:
        """Itself, or the method's own where random paths cannot tell (densities, deformed grids)."""
        return METHOD_SOLVER if self.is_random else self

    def __post_init__(self) -> None:
        if self.name not in SOLVER_NAMES:
            known = f"Known: {', '.join(SOLVER_NAMES)}."
            raise ParameterError(f"There is no solver called {self.name!r}.", known, "solver")
        if not 0 <= self.steps <= 1000:
            hint = "Use 1 to 1000 (0: the method's own)."
            raise ParameterError(f"{self.steps} solver steps are out of range.", hint, "steps")


METHOD_SOLVER = Solver()
"""The method's own solver: rk4 with the method's own number of steps."""
