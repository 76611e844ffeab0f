"""A whole fixed-step solve with the exact divergence as one differentiable operation: discretise, then optimise.

The forward pass keeps the activations of every stage and the backward pass walks back through the solver's own steps
by hand (no adjoint equation, no graph of single operations), so that the gradient is that of the numbers that the
solver computed, at the price of about twice the forward pass. The solvers are those of `_schemes`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from flowviz.flows._divergence import Differentiable, first_column
from flowviz.flows._nets import SolvedNet
from flowviz.flows._schemes import Scheme, scheme

# Hidden values of one layer that go through the whole solve at once: all of them stay in a processor's cache.
CHUNK = 65536


class Plan(NamedTuple):
    """How to solve: the scheme, the signed length of the way, and whether the kinetic energy counts."""

    scheme: Scheme
    span: float
    with_energy: bool


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
    net: SolvedNet, flat: Tensor, x: Tensor, t0: float, t1: float, steps: int, name: str, with_energy: bool = False
) -> Solved:
    """Points (n, d) carried from t0 to t1 by `steps` equal steps of a solver of `_schemes`; differentiable in x and
    `flat`.

    The divergence is the exact trace, integrated by the same quadrature as the points.
    """
    plan = Plan(scheme(name, steps), t1 - t0, with_energy)
    table = net.fold(flat, [t0 + (t1 - t0) * share for share in plan.scheme.times])
    end, rates, energy = _Solve.apply(plan, type(table), x, *table)  # type: ignore[no-untyped-call, misc]
    return Solved(end, rates, energy if with_energy else None)


class _Solve(torch.autograd.Function):
    """(plan, type of network, x, its stacked tensors) -> (x at the end, integrals of the rates, integral of |v|^2)."""

    @staticmethod
    def forward(
        ctx: Any, plan: Plan, make: Callable[..., Differentiable], x: Tensor, *parts: Tensor
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


Evaluated = tuple[Any, Tensor]
"""What an evaluation keeps for its backward pass, and its velocity."""


def _forward(plan: Plan, x: Tensor, entries: list[Differentiable]) -> tuple[Tensor, Tensor, Tensor, list[Evaluated]]:
    rates: Tensor | None = None
    energy = x.new_zeros(len(x))
    kept: list[Evaluated] = []
    for stages in plan.scheme.steps:
        start = x
        for stage in stages:
            at = start
            for i, share in enumerate(stage.reads, stage.first):
                at = torch.add(at, kept[i][1], alpha=share * plan.span)
            layers = entries[stage.node if len(entries) > 1 else 0]
            if not stage.weight:
                v, memory = layers.evaluate(at)
            else:
                v, rate, memory = layers.evaluate_with_divergence(at)
                share = stage.weight * plan.span
                x = torch.add(x, v, alpha=share)
                rates = rate * share if rates is None else rates.add_(rate, alpha=share)
                if plan.with_energy:
                    energy.add_(v.square().sum(1), alpha=share)
            kept.append((memory, v))
    assert rates is not None  # every scheme has a weight
    return x, rates, energy, kept


def _backward(
    plan: Plan,
    kept: list[Evaluated],
    entries: list[Differentiable],
    sums: list[Differentiable],
    grad_x: Tensor,
    grad_rates: Tensor,
    grad_energy: Tensor,
) -> Tensor:
    grad_rates = grad_rates.unsqueeze(1) if grad_rates.ndim == 1 else grad_rates
    grad_energy = grad_energy.unsqueeze(1)
    # What later stages, gone through already, add to d loss / d v of a stage: (share, d loss / d their position).
    owed: list[list[tuple[float, Tensor]]] = [[] for _ in kept]
    number = len(kept)
    for stages in reversed(plan.scheme.steps):
        through = grad_x  # d loss / d x at the start of the step, gathered stage by stage
        for stage in reversed(stages):
            number -= 1
            memory, v = kept[number]
            share = stage.weight * plan.span
            grad_v = grad_x * share
            for read, grad_at in owed[number]:
                grad_v.add_(grad_at, alpha=read)
            if plan.with_energy and share:
                grad_v.addcmul_(v, grad_energy, value=2 * share)
            place = stage.node if len(entries) > 1 else 0
            grad_at = entries[place].backward(memory, grad_v, grad_rates * share if share else None, sums[place])
            through = through + grad_at
            for i, read in enumerate(stage.reads, stage.first):
                owed[i].append((read * plan.span, grad_at))
        grad_x = through
    return grad_x
