"""What every flow shares whose field is one network on one flat vector, trained by Adam: all but its training step."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from flowviz.core.params import ParamValue
from flowviz.core.solver import METHOD_SOLVER, Solver
from flowviz.core.spec import Array, Budget
from flowviz.flows._base import Flow, HasLogDensity, HasVelocity, Problem, Transport, VelocityFunction
from flowviz.flows._divergence import velocity, velocity_and_divergence
from flowviz.flows._nets import FieldNet, Moments
from flowviz.flows._ode import Field, State, in_chunks, solve, steps_for
from flowviz.flows._training import Export, FlatAdam, StepChooser, Stream, Stretch, changed, learning_rate, take_array

LEAST_STEPS = 8
"""Solver steps from noise to data that a look at the flow takes at least."""


class FieldParams(Protocol):
    """The parameters that a FieldFlow looks at; a params dataclass declares them."""

    @property
    def learning_rate(self) -> float: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def clip(self) -> float: ...
    @property
    def averaging(self) -> float: ...


P = TypeVar("P", bound=FieldParams)


class FieldFlow(Flow, HasLogDensity, HasVelocity, Generic[P]):
    """A flow along the field of one network. A method adds `step`, and what it keeps for it.

    Args:
        params: the method's parameters.
        problem: what to learn.
        net: shape of the network.
        least_steps: solver steps that a look takes at least.
    """

    def __init__(self, params: P, problem: Problem, net: FieldNet, least_steps: int = LEAST_STEPS) -> None:
        self._params = params
        self._problem = problem
        self._net = net
        generator = torch.Generator().manual_seed(problem.seed)
        self._flat = net.initial(generator, problem.dtype).to(problem.device).requires_grad_()
        self._average = self._flat.detach().clone()
        self._adam = FlatAdam(self._flat, self._average)
        self._stream = Stream(problem.sample)
        self._stretch = Stretch(Budget(), params.steps)
        self._chooser = StepChooser(least_steps)
        self._least_steps = least_steps
        self._done = 0
        self._export = Export()

    def plan(self, budget: Budget) -> None:
        """Begin a stretch; without a budget it lasts `steps` training steps."""
        self._stretch = Stretch(budget, self._params.steps)

    @property
    def progress(self) -> float:
        """Share of the stretch that is done."""
        return self._stretch.progress

    @property
    def parameter_count(self) -> int:
        """Number of trainable parameters."""
        return self._net.size

    def _descend(self, gradient: Tensor, share: float = 1.0) -> None:
        """One step of Adam along the gradient of the loss, with `share` of the scheduled learning rate."""
        p = self._params
        rate = share * learning_rate(p.learning_rate, self._stretch.progress, self._stretch.done)
        self._adam.update(gradient, rate, p.clip, p.averaging)

    def _count(self, seconds: float) -> None:
        """One more step is done; `seconds` is the training time before it."""
        self._done += 1
        self._stretch.advance(seconds)

    def _field(self, dtype: torch.dtype, with_divergence: bool) -> Field:
        """The averaged field for evaluation, in the precision of the points."""
        at = Moments(self._net, self._average.to(dtype))

        def field(y: Tensor, t: float) -> State:
            return velocity_and_divergence(y, at(t)) if with_divergence else (velocity(y, at(t)),)

        return field

    def _steps_of(self, solver: Solver) -> int:
        return solver.steps or max(self._least_steps, LEAST_STEPS, self._chooser.steps)

    @torch.no_grad()
    def transport(self, x: Tensor, times: Sequence[float], solver: Solver = METHOD_SOLVER) -> Transport:
        """Move points (n, d) from times[0] along the flow to every one of the monotone times."""
        steps = steps_for(self._steps_of(solver), times[-1] - times[0])
        field = self._field(x.dtype, False)
        solution = in_chunks(
            lambda state: solve(field, state, times, solver.name, steps, solver.tolerance), (x,), solver
        )
        return Transport(solution.paths(), solution.nfe, solution.grid)

    @torch.no_grad()
    def log_density(self, x: Tensor, t: float = 1.0, solver: Solver = METHOD_SOLVER) -> Tensor:
        """Natural log-density (n,) of the push-forward of the source at flow time t, by solving back to t = 0."""
        steps = steps_for(self._steps_of(solver), t)
        start: State = (x, x.new_zeros(len(x)))
        field = self._field(x.dtype, True)
        solution = in_chunks(
            lambda state: solve(field, state, [t, 0.0], solver.name, steps, solver.tolerance), start, solver
        )
        z, gained = solution.states[-1]
        return self._problem.source.log_density(z) + gained

    @torch.no_grad()
    def velocity(self, x: Tensor, t: float) -> Tensor:
        """dx/dt (n, d) at points (n, d) and flow time t."""
        return self._field(x.dtype, False)(x, t)[0]

    def traceable(self) -> VelocityFunction | None:
        """The averaged field."""
        net, flat = self._net, self._average.detach().to("cpu", torch.float32).clone()
        return lambda x, t: velocity(x, net.at(flat, (cast(float, t),))[0])

    def weights(self) -> dict[str, Array]:
        """The trained vector, its average, and the number of steps done."""
        return {
            "weights": self._export.array("weights", self._done, lambda: self._flat),
            "average": self._export.array("average", self._done, lambda: self._average),
            "steps": self._export.array("steps", self._done, lambda: np.array([self._done, self._chooser.steps])),
        }

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over weights; training goes on from them with a fresh optimiser."""
        flat, average = (take_array(weights, name, self._net.size) for name in ("weights", "average"))
        self._done, self._chooser.steps = (int(count) for count in take_array(weights, "steps", 2))
        with torch.no_grad():
            self._flat.copy_(torch.from_numpy(np.array(flat)))
            self._average.copy_(torch.from_numpy(np.array(average)))
        self._adam = FlatAdam(self._flat, self._average)
        self._export = Export()
        self._restarted()

    @abstractmethod
    def _restarted(self) -> None:
        """The weights were set from outside: forget what belongs to the ones before."""

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter from the next step on."""
        self._params = changed(self._params, name, value)
