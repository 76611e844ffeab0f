"""A whole fixed-step solve with the exact divergence as one differentiable operation: discretise, then optimise.

The forward pass keeps the activations of every stage and the backward pass walks back through the solver's own steps
by hand (no adjoint equation, no graph of single operations), so that the gradient is that of the numbers that the
solver computed, at the price of about twice the forward pass. The solvers are those of `_ode`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from flowviz.flows._divergence import Instant, first_column
from flowviz.flows._nets import FieldNet
from flowviz.flows._ode import stage_times

# Hidden values of one layer that go through the whole solve at once: all of them stay in a processor's cache.
CHUNK = 65536


class Tableau(NamedTuple):
    """An explicit Runge-Kutta method whose stage i looks at x + shifts[i] h k_(i-1).

    weights: of the stages in the step; nodes: index of each stage's time, in grid points of `stage_times`.
    """

    shifts: tuple[float, ...]
    weights: tuple[float, ...]
    nodes: tuple[int, ...]


TABLEAUS = {
    "euler": Tableau((0.0,), (1.0,), (0,)),
    "midpoint": Tableau((0.0, 0.5), (0.0, 1.0), (0, 1)),
    "rk4": Tableau((0.0, 0.5, 0.5, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6), (0, 1, 1, 2)),
}


class Plan(NamedTuple):
    """How to solve: tableau, number of equal steps, their signed size h, and whether the kinetic energy counts."""

    tableau: Tableau
    steps: int
    h: float
    with_energy: bool

    def node(self, step: int, stage: int) -> int:
        """Which of the distinct times stage `stage` of step `step` looks at."""
        return step * (1 if len(self.tableau.shifts) == 1 else 2) + self.tableau.nodes[stage]


class Solved(NamedTuple):
    """x (n, d) at the end; the integrals of div v (n,) and, where wanted, of |v|^2 (n,) from t0 to t1.

    Where the network tells more than its divergence, `rates` is (n, k) and holds the integral of div v first.
    """

    x: Tensor
    rates: Tensor
    energy: Tensor | None

    @property
    def divergence(self) -> Tensor:
        """The integral of div v (n,)."""
        return first_column(self.rates)


def fused_solve(
    net: FieldNet, flat: Tensor, x: Tensor, t0: float, t1: float, steps: int, name: str, with_energy: bool = False
) -> Solved:
    """Points (n, d) carried from t0 to t1 by `steps` equal steps of the named solver; differentiable in x and `flat`.

    The divergence is the exact trace, integrated by the same quadrature as the points.
    """
    plan = Plan(TABLEAUS[name], steps, (t1 - t0) / steps, with_energy)
    table = net.fold(flat, stage_times(t0, t1, steps, name))
    end, rates, energy = _Solve.apply(plan, type(table), x, *table)  # type: ignore[no-untyped-call, misc]
    return Solved(end, rates, energy if with_energy else None)


class _Solve(torch.autograd.Function):
    """(plan, type of network, x, its stacked tensors) -> (x at the end, integrals of the rates, integral of |v|^2)."""

    @staticmethod
    def forward(
        ctx: Any, plan: Plan, make: Callable[..., Instant], x: Tensor, *parts: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        table = make(*parts)
        ctx.plan, ctx.make, ctx.parts = plan, make, parts
        ctx.entries = [table.at(i) for i in range(table.times)]
        ctx.rows = max(1, len(x) if x.is_cuda else CHUNK // table.width)
        runs = [_forward(plan, piece, ctx.entries) for piece in x.split(ctx.rows)]
        ctx.kept = [run[3] for run in runs]
        if len(runs) == 1:
            return runs[0][:3]
        end, rates, energy = (torch.cat([run[i] for run in runs]) for i in range(3))  # type: ignore[misc]
        return end, rates, energy

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        sums = [torch.zeros_like(part, memory_format=torch.contiguous_format) for part in ctx.parts]
        table = ctx.make(*sums)
        at = [table.at(i) for i in range(table.times)]
        pieces = zip(*(grad.split(ctx.rows) for grad in grads), strict=True)
        back = [
            _backward(ctx.plan, kept, ctx.entries, at, *piece) for kept, piece in zip(ctx.kept, pieces, strict=True)
        ]
        return None, None, back[0] if len(back) == 1 else torch.cat(back), *sums


Stage = tuple[Any, Tensor]
"""What an evaluation keeps for its backward pass, and its velocity."""


def _forward(plan: Plan, x: Tensor, entries: list[Instant]) -> tuple[Tensor, Tensor, Tensor, list[Stage]]:
    shifts, weights, _ = plan.tableau
    rates: Tensor | None = None
    energy = x.new_zeros(len(x))
    kept: list[Stage] = []
    for step in range(plan.steps):
        start, v = x, x
        for stage, (shift, weight) in enumerate(zip(shifts, weights, strict=True)):
            at = torch.add(start, v, alpha=shift * plan.h) if shift else start
            layers = entries[_entry(plan, entries, step, stage)]
            if not weight:
                v, memory = layers.evaluate(at)
            else:
                v, rate, memory = layers.evaluate_with_divergence(at)
                x = torch.add(x, v, alpha=weight * plan.h)
                share = weight * plan.h
                rates = rate * share if rates is None else rates.add_(rate, alpha=share)
                if plan.with_energy:
                    energy.add_(v.square().sum(1), alpha=weight * plan.h)
            kept.append((memory, v))
    assert rates is not None  # every tableau has a weight
    return x, rates, energy, kept


def _backward(
    plan: Plan,
    kept: list[Stage],
    entries: list[Instant],
    sums: list[Instant],
    grad_x: Tensor,
    grad_rates: Tensor,
    grad_energy: Tensor,
) -> Tensor:
    shifts, weights, _ = plan.tableau
    grad_rates = grad_rates.unsqueeze(1) if grad_rates.ndim == 1 else grad_rates
    grad_energy = grad_energy.unsqueeze(1)
    for step in reversed(range(plan.steps)):
        through = grad_x  # d loss / d x at the start of the step, gathered stage by stage
        later: Tensor | None = None  # d loss / d position of the stage behind this one
        for stage in reversed(range(len(shifts))):
            memory, v = kept[step * len(shifts) + stage]
            weight = weights[stage] * plan.h
            grad_v = grad_x * weight
            if later is not None:
                grad_v.add_(later, alpha=shifts[stage + 1] * plan.h)
            if plan.with_energy and weight:
                grad_v.addcmul_(v, grad_energy, value=2 * weight)
            place = _entry(plan, entries, step, stage)
            rate = grad_rates * weight if weight else None
            later = entries[place].backward(memory, grad_v, rate, sums[place])
            through = through + later
        grad_x = through
    return grad_x


def _entry(plan: Plan, entries: list[Instant], step: int, stage: int) -> int:
    return plan.node(step, stage) if len(entries) > 1 else 0
