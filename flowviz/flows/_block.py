"""One JKO block: a time-independent velocity field over its own time s in [0, 1], from data towards noise."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from flowviz.flows._divergence import velocity
from flowviz.flows._fused import fused_solve
from flowviz.flows._nets import VelocityNet
from flowviz.flows._ode import State, integrate
from flowviz.flows._training import StepChooser


class Block:
    """The weights and figures of one block.

    Attributes:
        flat: trainable vector.
        average: its running average, which everything but the gradient uses.
        step_size: JKO step h.
        steps: training steps done.
        chooser: solver steps through the block.
        terms: (4,) running averages of loss, potential, divergence and transport.
        w2_squared: E|x(1) - x(0)|^2 once trained, else 0.
        is_trained: trained to the end; the weights never change again.
    """

    def __init__(
        self,
        flat: Tensor,
        average: Tensor,
        step_size: float,
        solver_steps: int,
        steps: int = 0,
        terms: Tensor | None = None,
        w2_squared: float = 0.0,
    ) -> None:
        self.flat = flat
        self.average = average
        self.step_size = step_size
        self.chooser = StepChooser(solver_steps)
        self.steps = steps
        self.terms = average.new_zeros(4) if terms is None else terms
        self.w2_squared = w2_squared
        self.is_trained = False

    @property
    def own_steps(self) -> int:
        """RK4 steps that move points through the block: twice the training's, so that figures are converged."""
        return 2 * self.chooser.steps

    def record(self, terms: Tensor) -> None:
        """One more training step with these loss terms (4,)."""
        self.steps += 1
        self.terms = self.terms + (terms - self.terms) / min(self.steps, 20)

    def finish(self, w2_squared: float) -> None:
        """The block is trained to the end: from now on only the average counts."""
        self.flat = self.average
        self.w2_squared = w2_squared
        self.is_trained = True


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


@torch.no_grad()
def push(net: VelocityNet, block: Block, x: Tensor, chunk: int = 8192) -> Tensor:
    """Points (n, d) moved through the averaged block towards noise, in chunks so that memory stays flat."""
    layers = net.at(block.average, [0.0])[0]

    def field(y: Tensor, _: float) -> State:
        return (velocity(y, layers),)

    return torch.cat([integrate(field, (part,), 0.0, 1.0, block.own_steps, "rk4")[0] for part in x.split(chunk)])
