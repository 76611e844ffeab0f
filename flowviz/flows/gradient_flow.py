"""Wasserstein gradient flow of a functional, followed by particles: no network, nothing is learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from torch import Tensor

from flowviz.core.errors import UserError
from flowviz.core.frames import StepInfo
from flowviz.core.losses import NATS, SQUARED_DISTANCE, LossTerm, Terms
from flowviz.core.params import ADVANCED, ParamValue, from_mapping, param
from flowviz.core.solver import METHOD_SOLVER, Solver
from flowviz.core.spec import Array, Budget
from flowviz.flows._base import FLOWS, Flow, HasSde, HasVelocity, Problem, Transport
from flowviz.flows._ode import State, in_chunks, solve, steps_for
from flowviz.flows._particles import crowding, entropy_force, kernel_score, log_kernel_mean
from flowviz.flows._sde import wander
from flowviz.flows._training import Export, Stretch, changed, take_array

KL, ENTROPY, POTENTIAL, INTERACTION = "KL", "entropy", "potential", "interaction"
TERMS = (
    LossTerm("loss", "functional", NATS, "F of the particles: what goes downhill"),
    LossTerm("entropy", "entropy part", NATS, "E log ρ of the particles, ρ known by its kernel"),
    LossTerm("potential", "potential part", NATS, "E[−log p] of the particles, p the blurred target"),
)


@dataclass(frozen=True)
class GradientFlowParams:
    """Declared parameters of the gradient flow."""

    functional: str = param(
        KL, "Functional", choices=(KL, ENTROPY, POTENTIAL, INTERACTION),
        help="What falls: divergence from the target, negative entropy, -log of the target, or mutual distance.",
    )  # fmt: skip
    steps: int = param(
        100, "Simulation steps", lo=5, hi=2000, log=True, help="Explicit steps of the simulation from t = 0 to t = 1."
    )
    particles: int = param(
        1200, "Particles", lo=10, hi=5000, log=True, unit="points",
        help="Particles that push each other, and draws of the target that pull them.",
    )  # fmt: skip
    first_width: float = param(
        0.7, "Kernel width at first", lo=0.02, hi=5.0, log=True,
        help="Distance over which particles and draws are felt at t = 0; wide kernels bring mass to far places.",
    )  # fmt: skip
    last_width: float = param(
        0.12, "Kernel width at last", lo=0.02, hi=5.0, log=True,
        help="The same at t = 1; narrow kernels see details.",
    )  # fmt: skip
    duration: float = param(
        1.0, "Duration", lo=0.01, hi=100.0, log=True, group=ADVANCED,
        help="Time T that t = 0 to 1 stands for, except for KL, whose steps are as long as its kernels allow.",
    )  # fmt: skip


@FLOWS.register("gradient_flow")
@final
class GradientFlow(Flow, HasVelocity, HasSde):
    """d rho / d tau = div(rho grad (dF/drho)): particles go down dF/drho, where rho is known by a kernel.

    F is KL(rho || p) = int rho log rho - int rho log p (Jordan, Kinderlehrer & Otto 1998), one of its two parts, or
    E|x - y|^2 / 4 over pairs (Ambrosio, Gigli & Savare 2008, chapter 11). Entropy by the blob method (`_particles`); p
    is that of the draws, blurred. For KL both kernels narrow from step to step, and a step lasts half their width
    squared: a flow of one narrow kernel leaves mass behind wherever it has a local minimum. Random paths of the same
    marginals: Langevin's dX = grad log p dtau + sqrt(2) dW.

    A training step is one explicit step of the simulation, and t is the share of its steps: the training clock shows
    the descent as it is computed, and the flow clock plays it again. Where the simulation has not been, points rest.
    """

    label = "Gradient flow"
    summary = "Particles that go downhill in Wasserstein space, on a functional of your choice; nothing is learnt."
    Params = GradientFlowParams
    group = "Without a network"
    terms: Terms = TERMS
    source_need = "samples"

    def __init__(self, params: GradientFlowParams, problem: Problem) -> None:
        self._params, self._problem = params, problem
        self._pull = problem.sample(params.particles).to(problem.dtype)
        self._clouds = [problem.source.sample(params.particles).to(problem.dtype)]
        self._crowds: dict[int, Tensor] = {}
        self._stretch = Stretch(Budget(), params.steps)
        self._export = Export()
        if params.functional == INTERACTION:
            self.terms = (replace(TERMS[0], unit=SQUARED_DISTANCE),)

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> GradientFlow:
        """The particles where they begin."""
        return cls(from_mapping(GradientFlowParams, params), problem)

    def plan(self, budget: Budget) -> None:
        """Begin a stretch; without a budget it lasts until the simulation has reached t = 1."""
        self._stretch = Stretch(budget, max(1, self._params.steps - self._done))

    @property
    def progress(self) -> float:
        """Share of the stretch that is done."""
        return self._stretch.progress

    @property
    def parameter_count(self) -> int:
        """There is nothing to train."""
        return 0

    @property
    def _done(self) -> int:
        return len(self._clouds) - 1

    def _width(self, step: int) -> float:
        """Of the kernels in a step of the simulation."""
        p = self._params
        if p.functional == KL:
            return float(p.first_width * (p.last_width / p.first_width) ** (step / max(1, p.steps - 1)))
        return p.last_width if p.functional == POTENTIAL else float((p.first_width * p.last_width) ** 0.5)

    def _time(self, step: int) -> float:
        """How long a step of the simulation lasts."""
        p = self._params
        return 0.5 * self._width(step) ** 2 if p.functional == KL else p.duration / p.steps

    def step(self, seconds: float) -> StepInfo:
        """One step of the simulation; "loss" is the functional, beside its parts."""
        if self._done < self._params.steps:
            cloud = self._clouds[-1]
            self._clouds.append(cloud + self._force(cloud, self._done) * self._time(self._done))
        self._stretch.advance(seconds)
        parts = self._functional(self._clouds[-1])
        total = torch.stack(list(parts.values())).sum()
        return StepInfo({"loss": total, **(parts if len(parts) > 1 else {})})

    def _functional(self, cloud: Tensor) -> dict[str, Tensor]:
        """The parts of F."""
        functional, width = self._params.functional, self._width(min(self._done, self._params.steps - 1))
        if functional == INTERACTION:
            return {"interaction": (cloud - cloud.mean(0)).square().sum(1).mean() / 2}
        parts = {}
        if functional in (KL, ENTROPY):
            parts["entropy"] = log_kernel_mean(cloud, cloud, width).mean()
        if functional in (KL, POTENTIAL):
            parts["potential"] = -log_kernel_mean(cloud, self._pull, width).mean()
        return parts

    def _force(self, x: Tensor, step: int) -> Tensor:
        """-grad dF/drho at points (n, d), rho the cloud after so many steps."""
        functional, width, cloud = self._params.functional, self._width(step), self._clouds[step].to(x.dtype)
        if functional == INTERACTION:
            return cloud.mean(0) - x
        force = torch.zeros_like(x)
        if functional in (KL, POTENTIAL):
            force = force + kernel_score(x, self._pull.to(x.dtype), width)
        if functional in (KL, ENTROPY):
            if step not in self._crowds:
                self._crowds[step] = crowding(self._clouds[step], width)
            force = force + entropy_force(x, cloud, self._crowds[step].to(x.dtype), width)
        return force

    def _step_at(self, t: float) -> int:
        return min(int(t * self._params.steps + 1e-6), self._params.steps - 1)

    def _rates(self, x: Tensor, t: float) -> State:
        step = self._step_at(t)
        if step >= self._done:
            return (torch.zeros_like(x),)
        return (self._force(x, step) * (self._time(step) * self._params.steps),)

    @torch.no_grad()
    def velocity(self, x: Tensor, t: float) -> Tensor:
        """dx/dt (n, d) at points (n, d) and flow time t, constant in time within a step of the simulation."""
        return self._rates(x, t)[0]

    @torch.no_grad()
    def transport(self, x: Tensor, times: Sequence[float], solver: Solver = METHOD_SOLVER) -> Transport:
        """Move points (n, d) in the forces of the particles; without a wish, by the simulation's own Euler steps."""
        own = solver == METHOD_SOLVER
        steps = steps_for(self._params.steps if own or not solver.steps else solver.steps, times[-1] - times[0])
        name = "euler" if own else solver.name
        solution = in_chunks(
            lambda state: solve(self._rates, state, times, name, steps, solver.tolerance), (x,), solver
        )
        return Transport(solution.paths(), solution.nfe, solution.grid)

    @torch.no_grad()
    def random_paths(self, x: Tensor, times: Sequence[float], steps: int, generator: torch.Generator) -> Transport:
        """See HasSde: Langevin by Euler-Maruyama; entropy alone is Brownian motion, other parts have no noise.

        Raises:
            UserError: backwards in time, where diffusion cannot go.
        """
        if times[-1] < times[0]:
            raise UserError(
                "Random paths of a gradient flow only run forwards.", "Choose noise to data, or an ODE solver."
            )
        spreads = self._params.functional in (KL, ENTROPY)

        def move(y: Tensor, begin: float, end: float, z: Tensor) -> Tensor:
            step = self._step_at(begin)
            tau = (end - begin) * self._params.steps * self._time(step)
            if self._params.functional == KL:
                y = y + tau * kernel_score(y, self._pull.to(y.dtype), self._width(step))
            elif not spreads:
                y = y + (end - begin) * self._rates(y, begin)[0]
            return y + (2 * tau) ** 0.5 * z if spreads else y

        return wander(x, times, max(steps, self._params.steps), generator, move, cost=1)

    def weights(self) -> dict[str, Array]:
        """The particles after every step, and what pulls them."""
        return {
            "clouds": self._export.array("clouds", self._done, lambda: torch.stack(self._clouds).flatten()),
            "pull": self._export.array("pull", 0, lambda: self._pull.flatten()),
        }

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over a simulation as far as it has come."""
        p, dim = self._params, self._problem.dim
        arrays = [torch.from_numpy(np.array(take_array(weights, name))) for name in ("clouds", "pull")]
        flat, pull = (array.to(self._problem.device, self._problem.dtype) for array in arrays)
        if not len(flat) or len(flat) % (p.particles * dim) or len(pull) != p.particles * dim:
            raise UserError(
                "The weights have the shape of another number of particles.", "Use the run's own parameters."
            )
        self._clouds = list(flat.reshape(-1, p.particles, dim))
        self._pull, self._crowds, self._export = pull.reshape(-1, dim), {}, Export()

    def change(self, name: str, value: ParamValue) -> None:
        """Nothing of it changes while it runs."""
        self._params = changed(self._params, name, value)
