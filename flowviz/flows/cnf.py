"""Continuous normalizing flow trained by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from flowviz.core.frames import StepInfo
from flowviz.core.params import ADVANCED, ParamValue, from_mapping, param
from flowviz.core.solver import METHOD_SOLVER, Solver
from flowviz.core.spec import Array, Budget
from flowviz.flows._base import FLOWS, Flow, HasLogDensity, HasVelocity, Problem, Transport
from flowviz.flows._capture import Replayed
from flowviz.flows._divergence import Instant, velocity, velocity_and_divergence
from flowviz.flows._fused import fused_solve
from flowviz.flows._nets import VelocityNet
from flowviz.flows._ode import Field, State, in_chunks, solve, standard_normal_log_density, steps_for
from flowviz.flows._params import LikelihoodParams, steps_of_a_run
from flowviz.flows._training import (
    Export,
    FlatAdam,
    Guard,
    StepChooser,
    Stream,
    Stretch,
    changed,
    in_parts,
    learning_rate,
    take_array,
)


@dataclass(frozen=True)
class CnfParams(LikelihoodParams):
    """Declared parameters of the CNF."""

    steps: int = steps_of_a_run(3000)
    harmonics: int = param(
        0, "Time harmonics", lo=0, hi=8, help="Sines and cosines of time that may bend the field.", group=ADVANCED
    )
    energy: float = param(
        0.03, "Kinetic energy weight", lo=0.0, hi=100.0, live=True, group=ADVANCED,
        help="Weight of the mean squared speed in the loss: straighter, shorter paths.",
    )  # fmt: skip


@FLOWS.register("cnf")
class CnfFlow(Flow, HasLogDensity, HasVelocity):
    """Minimises E[-log p(x)] with log p(x) = log N(z) - int_0^1 div v dt, z = x solved back from t = 1 to 0.

    Chen et al. 2018 (arXiv 1806.07366), equation 8; Grathwohl et al. 2019 (FFJORD, arXiv 1810.01367), equation 4,
    with the exact trace. The fixed-step solver is differentiated as it stands (discretise, then optimise).
    """

    label = "CNF"
    summary = "One velocity field over all of time, trained by maximum likelihood."
    Params = CnfParams

    def __init__(self, params: CnfParams, problem: Problem) -> None:
        self._params = params
        self._problem = problem
        self._net = VelocityNet(problem.dim, params.width, params.harmonics, params.hidden_layers)
        generator = torch.Generator().manual_seed(problem.seed)
        self._flat = self._net.initial(generator, problem.dtype).to(problem.device).requires_grad_()
        self._average = self._flat.detach().clone()
        self._adam = FlatAdam(self._flat, self._average)
        self._stream = Stream(problem.sample)
        self._stretch = Stretch(Budget(), params.steps)
        self._done = 0
        self._guard = Guard(self._flat, self._average, self._adam)
        self._chooser = StepChooser(params.solver_steps)
        self._export = Export()
        self._replayed = Replayed.on(problem.device)

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> CnfFlow:
        """A fresh flow near the identity."""
        return cls(from_mapping(CnfParams, params), problem)

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

    def step(self, seconds: float) -> StepInfo:
        """One Adam step on a fresh batch; losses "loss" (the objective) and its parts."""
        p = self._params
        x = self._stream.take(p.batch_size)
        key = (self._chooser.steps, p.solver, p.energy)
        log_p, loss, nll, cost, gradient = self._replayed(key, self._losses_and_gradient, x)
        if self._adapt_solver(x, log_p):
            rate = self._guard.caution * learning_rate(p.learning_rate, self._stretch.progress, self._stretch.done)
            self._adam.update(gradient, rate, p.clip, p.averaging)
        self._done += 1
        self._stretch.advance(seconds)
        return StepInfo({"loss": loss, "nll": nll, "energy": cost} if p.energy else {"loss": loss})

    def _losses_and_gradient(self, x: Tensor) -> tuple[Tensor, ...]:
        """log p (n,), the means loss, NLL and weighted kinetic energy, and the gradient of the loss by the weights."""
        return in_parts(self._losses_and_gradient_of_part, x, self._net.width)

    def _losses_and_gradient_of_part(self, x: Tensor) -> tuple[Tensor, ...]:
        log_p, energy = self._log_likelihood(x, self._chooser.steps)
        nll = -log_p.mean()
        cost = nll.new_zeros(()) if energy is None else self._params.energy * energy.mean()
        loss = nll + cost
        (gradient,) = torch.autograd.grad(loss, self._flat)
        return log_p.detach(), loss.detach(), nll.detach(), cost.detach(), gradient

    def _log_likelihood(self, x: Tensor, steps: int) -> tuple[Tensor, Tensor | None]:
        """log p (n,) at data x (n, d), and int |v|^2 dt (n,) where its weight asks for it; differentiable."""
        p = self._params
        z, gained, energy = fused_solve(self._net, self._flat, x, 1.0, 0.0, steps, p.solver, p.energy > 0)
        # Backwards in time the integrals are -int_0^1, and -int div v dt is what log p adds to log N(z).
        return standard_normal_log_density(z) + gained, None if energy is None else -energy

    @torch.no_grad()
    def _adapt_solver(self, x: Tensor, log_p: Tensor) -> bool:
        """From time to time, hold the solver's error against a finer solution; False when the step must not count.

        Where the field has outrun the solver altogether, training returns to the weights of the last good check
        and goes on more carefully.
        """
        p, chooser = self._params, self._chooser
        if not p.solver_error:
            chooser.steps = p.solver_steps
            return True
        if self._done % chooser.EVERY:
            return True
        error = float((self._log_likelihood(x, 2 * chooser.steps)[0] - log_p).abs().mean())
        chooser.adapt(error, p.solver_error, p.solver_steps)
        return self._guard.check(error, p.solver_error)

    def _field(self, dtype: torch.dtype, with_divergence: bool) -> Field:
        """The averaged field for evaluation, in the precision of the points."""
        flat = self._average.to(dtype)
        known: dict[int, Instant] = {}

        def field(y: Tensor, t: float) -> State:
            tick = _tick(t)
            if tick not in known:
                known[tick] = self._net.at(flat, [t])[0]
            return velocity_and_divergence(y, known[tick]) if with_divergence else (velocity(y, known[tick]),)

        return field

    def _steps_of(self, solver: Solver) -> int:
        return solver.steps or max(8, self._chooser.steps)

    @torch.no_grad()
    def transport(self, x: Tensor, times: Sequence[float], solver: Solver = METHOD_SOLVER) -> Transport:
        """Move points (n, d) from times[0] along the flow to every one of the monotone times."""
        steps = steps_for(self._steps_of(solver), times[-1] - times[0])
        field = self._field(x.dtype, False)
        solution = in_chunks(
            lambda state: solve(field, state, times, solver.name, steps, solver.tolerance), (x,), solver
        )
        return Transport(solution.paths(), solution.nfe)

    @torch.no_grad()
    def log_density(self, x: Tensor, t: float = 1.0, solver: Solver = METHOD_SOLVER) -> Tensor:
        """Natural log-density (n,) of the push-forward of N(0, I) at flow time t, by solving back to t = 0."""
        steps = steps_for(self._steps_of(solver), t)
        start: State = (x, x.new_zeros(len(x)))
        field = self._field(x.dtype, True)
        solution = in_chunks(
            lambda state: solve(field, state, [t, 0.0], solver.name, steps, solver.tolerance), start, solver
        )
        z, gained = solution.states[-1]
        return standard_normal_log_density(z) + gained

    @torch.no_grad()
    def velocity(self, x: Tensor, t: float) -> Tensor:
        """dx/dt (n, d) at points (n, d) and flow time t."""
        return self._field(x.dtype, False)(x, t)[0]

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
        self._guard = Guard(self._flat, self._average, self._adam)
        self._export = Export()

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter from the next step on."""
        self._params = changed(self._params, name, value)


def _tick(t: float) -> int:
    """A time as an exact dictionary key, proof against rounding in the last digits."""
    return round(t * 2**40)
