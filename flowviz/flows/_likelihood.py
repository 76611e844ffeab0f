"""Training by maximum likelihood through a fixed-step solver, whatever the network and what else its paths cost."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from flowviz.core.frames import StepInfo
from flowviz.core.losses import MATCHING, NATS, LossTerm
from flowviz.core.solver import Solver
from flowviz.flows._base import Problem
from flowviz.flows._capture import Replayed
from flowviz.flows._field_flow import FieldFlow, FieldParams
from flowviz.flows._fused import fused_solve
from flowviz.flows._nets import SolvedNet
from flowviz.flows._schemes import GAUSS
from flowviz.flows._training import Guard, in_parts
from flowviz.flows.closed_forms import Gaussian
from flowviz.flows.gaussian_paths import GaussianPath, HasGaussianPath, proximal


class SolverParams(FieldParams, Protocol):
    """The parameters that a LikelihoodFlow looks at."""

    @property
    def solver(self) -> str: ...
    @property
    def solver_steps(self) -> int: ...
    @property
    def solver_error(self) -> float: ...


P = TypeVar("P", bound=SolverParams)


class LikelihoodFlow(FieldFlow[P], HasGaussianPath):
    """Minimises E[-log p(x)] plus costs of the paths, log p(x) = log p_0(z) - int_0^1 div v dt,
    p_0 the source and z solved back from x.

    Chen et al. 2018 (arXiv 1806.07366), equation 8; Grathwohl et al. 2019 (FFJORD, arXiv 1810.01367), equation 4,
    with the exact trace. The fixed-step solver is differentiated as it stands (discretise, then optimise).
    """

    terms = (
        LossTerm("loss", "objective", NATS, "Negative log-likelihood and the weighed costs of the paths"),
        LossTerm("nll", "NLL", NATS, "Negative log-likelihood of the batch"),
        LossTerm("energy", "energy", NATS, "E∫|v|² dt, the price of moving, weighed as in the objective"),
        LossTerm("jacobian", "jacobian", NATS, "E∫|dv/dx|² dt, the price of bending, weighed as in the objective"),
        LossTerm("hjb", "HJB", NATS, "How far the paths are from optimal ones, weighed as in the objective"),
        MATCHING,
    )

    def __init__(self, params: P, problem: Problem, net: SolvedNet) -> None:
        super().__init__(params, problem, net)
        self._solved_net = net
        self._chooser.steps = params.solver_steps
        self._guard = Guard(self._flat, self._average, self._adam)
        self._replayed = Replayed.on(problem.device)

    @abstractmethod
    def _cost_weights(self) -> Mapping[str, float]:
        """How much each cost of a path counts beside its negative log-likelihood; 0 leaves it out.

        "energy" is int_0^1 |v|^2 dt. Every other name, in this order, is the integral of one more column of what
        the network's `evaluate_with_divergence` gives.
        """

    def step(self, seconds: float) -> StepInfo:
        """One Adam step on a fresh batch; losses "loss" (the objective), "nll" and the weighted costs by name."""
        p = self._params
        x = self._stream.take(p.batch_size)
        log_p, *values, gradient = self._replayed((self._chooser.steps, p), self._losses_and_gradient, x)
        if self._adapt_solver(x, log_p):
            self._descend(gradient, self._guard.caution)
        self._count(seconds)
        names = ["nll", *self._counted()]
        loss, *parts = values
        return StepInfo({"loss": loss} | (dict(zip(names, parts, strict=True)) if len(names) > 1 else {}))

    def _losses_and_gradient(self, x: Tensor) -> tuple[Tensor, ...]:
        """log p (n,), the means loss, NLL and weighted costs, and the gradient of the loss by the weights."""
        return in_parts(self._losses_and_gradient_of_part, x, self._net.width)

    def _losses_and_gradient_of_part(self, x: Tensor) -> tuple[Tensor, ...]:
        log_p, costs = self._log_likelihood(x, self._chooser.steps)
        parts = [-log_p.mean(), *(weight * costs[name].mean() for name, weight in self._counted().items())]
        loss = torch.stack(parts).sum()
        (gradient,) = torch.autograd.grad(loss, self._flat)
        return log_p.detach(), loss.detach(), *(part.detach() for part in parts), gradient

    def _counted(self) -> dict[str, float]:
        return {name: weight for name, weight in self._cost_weights().items() if weight}

    def _log_likelihood(self, x: Tensor, steps: int) -> tuple[Tensor, dict[str, Tensor]]:
        """log p (n,) at data x (n, d), and the costs (n,) that count; differentiable."""
        counted = self._counted()
        end = fused_solve(self._solved_net, self._flat, x, 1.0, 0.0, steps, self._params.solver, "energy" in counted)
        # Backwards in time the integrals are -int_0^1, and -int div v dt is what log p adds to that of the source.
        others = [name for name in self._cost_weights() if name != "energy"]
        costs = {name: -end.rates[:, i] for i, name in enumerate(others, start=1)}
        if end.energy is not None:
            costs["energy"] = -end.energy
        return self._problem.source.log_density(end.x) + end.divergence, costs

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

    def _steps_of(self, solver: Solver) -> int:
        # Looks take RK4, one step of which is worth about one of Gauss: twice as many, so that they converge.
        steps = 2 * self._chooser.steps if self._params.solver == GAUSS and not solver.steps else 0
        return max(steps, super()._steps_of(solver))

    def gaussian_path(self, source: Gaussian, target: Gaussian, backwards: bool = False) -> GaussianPath | None:
        """Where kinetic energy is the only price, what minimises the objective; see `proximal`.

        The Hamilton-Jacobi-Bellman equation holds along it. Without any price the path is not unique.
        """
        prices = {name: weight for name, weight in self._counted().items() if name != "hjb"}
        return proximal(source, target, 0.5 / prices["energy"], backwards) if set(prices) == {"energy"} else None

    def _restarted(self) -> None:
        self._guard = Guard(self._flat, self._average, self._adam)
