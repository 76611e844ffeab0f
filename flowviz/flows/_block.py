"""One block: a velocity field over its own time s in [0, 1], from data towards noise; a JKO block's does not change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from flowviz.flows._divergence import velocity, velocity_and_divergence
from flowviz.flows._fused import fused_solve
from flowviz.flows._nets import BlockNet, Moments, VelocityNet
from flowviz.flows._ode import State, integrate
from flowviz.flows._training import StepChooser, in_parts


@dataclass(frozen=True, slots=True)
class Figures:
    """What a trained block does to held-out data.

    Attributes:
        w2_squared: E|x(1) - x(0)|^2.
        stop_ratio: E|x(1) - x(0)|^2 / E|x(1)|^2.
        nll_before, nll: mean -log-likelihood (nats) of the data under the chain cut before and after the block.
    """

    w2_squared: float
    stop_ratio: float
    nll_before: float
    nll: float


class Block:
    """The weights and figures of one block.

    Attributes:
        flat: trainable vector.
        average: its running average, which everything but the gradient uses.
        step_size: JKO step h; infinite for a free block, which pays nothing for transport.
        steps: training steps done.
        chooser: solver steps through the block.
        terms: (4,) running averages of loss, potential, divergence and transport.
        figures: once trained, else None.
        is_trained: trained to the end; the weights never change again, unless the block is to be trained again.
        needs_rk4: whether one midpoint step was found too coarse for it.
        is_again: whether its weights come from a trained flow, so that training only improves them.
    """

    def __init__(
        self,
        flat: Tensor,
        average: Tensor,
        step_size: float,
        solver_steps: int,
        steps: int = 0,
        terms: Tensor | None = None,
        figures: Figures | None = None,
    ) -> None:
        self.flat = flat
        self.average = average
        self.step_size = step_size
        self.chooser = StepChooser(solver_steps)
        self.steps = steps
        self.terms = average.new_zeros(4) if terms is None else terms
        self.figures = figures
        self.is_trained = False
        self.is_again = False
        self.needs_rk4 = False

    @classmethod
    def starting_from(cls, flat: Tensor, step_size: float, solver_steps: int) -> Block:
        """A block to be trained from these weights, which it copies."""
        average = flat.detach().clone()
        return cls(average.clone().requires_grad_(), average, step_size, solver_steps)

    @property
    def is_free(self) -> bool:
        """Whether the block pays nothing for transport."""
        return math.isinf(self.step_size)

    @property
    def own_steps(self) -> int:
        """RK4 steps that move points through the block: twice the training's, so that figures are converged."""
        return 2 * max(1, self.chooser.steps)

    def scheme(self, solver: str, finer: bool = False) -> tuple[str, int]:
        """Name and steps of the solver that training takes now, or of the finer one that shows its error.

        "auto" is RK4, but one midpoint step (half the price) where that is good enough: the chooser's 0.
        """
        steps = self.chooser.steps
        if solver == "auto":
            solver, coarse = "rk4", ("midpoint", 1)
            if not steps:
                return (solver, 1) if finer else coarse
        return solver, max(1, steps) * (2 if finer else 1)

    @property
    def nbytes(self) -> int:
        """Bytes of its weights."""
        held = {id(tensor): tensor.nbytes for tensor in (self.flat, self.average)}
        return sum(held.values())

    def record(self, terms: Tensor) -> None:
        """One more training step with these loss terms (4,)."""
        self.steps += 1
        self.terms = self.terms + (terms - self.terms) / min(self.steps, 20)

    def finish(self, figures: Figures) -> None:
        """The block is trained to the end: from now on only the average counts."""
        self.flat = self.average
        self.figures = figures
        self.is_trained, self.is_again = True, False


class Objective(NamedTuple):
    """The block's objective on a batch: `loss` = potential + divergence + transport, and what each point adds.

    loss is a scalar with gradient; parts (3,) and log_terms (n,), the log-density that a point gains up to
    a constant, have none.
    """

    loss: Tensor
    parts: Tensor
    log_terms: Tensor


def objective(net: VelocityNet, block: Block, x: Tensor, solver: str, steps: int) -> Objective:
    """E[|x(1)|^2 / 2] + E[-int_0^1 div v ds] + E|x(1) - x(0)|^2 / (2h) on a batch x (n, d).

    Xu, Cheng & Xie 2023 (arXiv 2212.14424), equation 7, for the target N(0, I).
    """
    end, gained, _ = fused_solve(net, block.flat, x, 0.0, 1.0, steps, solver)
    energies = 0.5 * end.square().sum(1)
    potential, divergence = energies.mean(), -gained.mean()
    transport = (end - x).square().sum(1).mean() / (2 * block.step_size)
    parts = torch.stack([potential, divergence, transport])
    return Objective(parts.sum(), parts.detach(), (gained - energies).detach())


def objective_and_gradient(
    net: VelocityNet, block: Block, x: Tensor, solver: str, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """log_terms (n,); loss, potential, divergence and transport (4,); the gradient of the loss by the weights."""

    def of_part(part: Tensor) -> tuple[Tensor, ...]:
        result = objective(net, block, part, solver, steps)
        (gradient,) = torch.autograd.grad(result.loss, block.flat)
        return result.log_terms, torch.cat([result.loss.detach().reshape(1), result.parts]), gradient

    log_terms, terms, gradient = in_parts(of_part, x, net.width)
    return log_terms, terms, gradient


@torch.no_grad()
def push(net: BlockNet, block: Block, x: Tensor, chunk: int = 8192) -> Tensor:
    """Points (n, d) moved through the averaged block towards noise, in chunks so that memory stays flat."""
    at = Moments(net, block.average)

    def field(y: Tensor, s: float) -> State:
        return (velocity(y, at(s if net.features else 0.0)),)

    return torch.cat([integrate(field, (part,), 0.0, 1.0, block.own_steps, "rk4")[0] for part in x.split(chunk)])


@torch.no_grad()
def push_with_gain(net: BlockNet, block: Block, x: Tensor, chunk: int = 2048) -> tuple[Tensor, Tensor]:
    """As `push`, in the precision of x, with int_0^1 div v ds (n,): what each point's log-density loses on the way."""
    at = Moments(net, block.average.to(x.device, x.dtype))

    def field(y: Tensor, s: float) -> State:
        return velocity_and_divergence(y, at(s if net.features else 0.0))

    parts = [
        integrate(field, (part, part.new_zeros(len(part))), 0.0, 1.0, block.own_steps, "rk4") for part in x.split(chunk)
    ]
    return torch.cat([end for end, _ in parts]), torch.cat([gained for _, gained in parts])
