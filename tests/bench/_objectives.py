"""The two likelihood objectives at given weights: flowviz's solve, the reference, and the converged truth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from flowviz.core.spec import Budget, TargetSpec
from flowviz.engine._sampling import PooledSampler
from flowviz.flows import FLOWS, Flow, HasBlocks, Problem
from flowviz.flows._fused import fused_solve
from flowviz.flows._nets import VelocityNet
from flowviz.targets import build
from tests.bench.reference.cnf import CnfTrainer, cnf_loss, normal_log_density
from tests.bench.reference.jko import JkoTrainer, block_objective, exact_jko_loss, jko_loss, traced_jko_loss
from tests.bench.reference.network import ReferenceNet

SOLVERS = ("midpoint", "rk4", "gauss")
MOST_STEPS = 128
PROBES = 5


@dataclass(frozen=True, slots=True)
class Point:
    """A loss (nats) and its gradient by the flat vector, as float64."""

    loss: float
    gradient: Tensor

    def error(self, truth: Point) -> tuple[float, float]:
        """(absolute error of the loss in nats, relative error of the gradient)."""
        off = torch.linalg.vector_norm(self.gradient - truth.gradient) / torch.linalg.vector_norm(truth.gradient)
        return abs(self.loss - truth.loss), float(off)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A solver that is accurate enough, and its errors of loss (nats) and gradient (relative)."""

    solver: str
    steps: int
    loss_error: float
    gradient_error: float


def sampler(key: str, seed: int = 0) -> PooledSampler:
    """Fresh draws of a preset."""
    return PooledSampler(build(TargetSpec(key)).sample, np.random.default_rng(seed), torch.device("cpu"))


class Case(ABC):
    """A flow that has trained for a while, and its objective at the weights where it stands.

    Args:
        method: registered flow.
        params: its parameters.
        net: shape of its network.
        key: preset to train on.
        steps: training steps before the comparison.
    """

    def __init__(self, method: str, params: dict[str, object], net: VelocityNet, key: str, steps: int) -> None:
        self.net = net
        self._draw = sampler(key)
        self._batch: Tensor | None = None
        self.flow: Flow = FLOWS.get(method).create(params, Problem(2, self._sample))
        self.flow.plan(Budget(steps=steps + 1))  # to the end of the schedule, as a person would train
        for _ in range(steps):
            self.flow.step(0.0)
        self.weights = self._weights()
        self.flow.plan(Budget(steps=1_000_000_000))

    def _sample(self, n: int) -> Tensor:
        if self._batch is None:
            return self._draw(n)
        return self._batch.repeat(-(-n // len(self._batch)), 1)[:n]

    def freeze(self, x: Tensor, solver: str, steps: int) -> None:
        """From now on the flow's own `step` works on this batch with this solver and next to no learning rate."""
        self._batch = x
        for name, value in (
            ("batch_size", len(x)), ("learning_rate", 1e-6), ("solver", solver), ("solver_steps", steps),
            ("solver_error", 0.0), *self._plain()
        ):  # fmt: skip
            self.flow.change(name, value)
        self.step()  # the number of solver steps counts from the step after the next

    def step(self) -> None:
        """One whole training step of the flow."""
        self.flow.step(0.0)

    def batch(self, n: int) -> Tensor:
        """n fresh points (n, 2)."""
        return sampler("pinwheel", 7)(n)

    def ours(self, x: Tensor, solver: str, steps: int) -> Point:
        """flowviz's loss and gradient at the precision of x."""
        flat = self.weights.to(x.dtype).requires_grad_()
        loss = self._ours(flat, x, solver, steps)
        (gradient,) = torch.autograd.grad(loss, flat)
        return Point(float(loss.detach()), gradient.double())

    def reference(self, x: Tensor) -> Point:
        """The reference's loss and gradient, as the papers' code computes them."""
        net = ReferenceNet(self.net, self.weights.to(x.dtype))
        return _point(net, self._reference(net, x))

    def truth(self, x: Tensor) -> Point:
        """Converged in float64, by the reference's network, torchdiffeq and autograd."""
        net = ReferenceNet(self.net, self.weights.double())
        return _point(net, self._truth(net, x.double()))

    def accurate(self, x: Tensor, truth: Point, limits: tuple[float, float]) -> list[Accuracy]:
        """Of each solver the least steps whose errors of loss and gradient are inside the limits."""
        found = []
        for solver in SOLVERS:
            for steps in range(1, MOST_STEPS + 1):
                errors = self.ours(x, solver, steps).error(truth)
                if errors[0] <= limits[0] and errors[1] <= limits[1]:
                    found.append(Accuracy(solver, steps, *errors))
                    break
        assert found, "no number of solver steps reaches the accuracy"
        return found

    def reference_error(self, x: Tensor, truth: Point) -> tuple[float, float]:
        """Errors of the reference's loss (nats) and gradient (relative), root mean square over a few probes."""
        errors = [self.reference(x).error(truth) for _ in range(PROBES)]
        loss, gradient = np.sqrt(np.mean(np.square(errors), axis=0)).tolist()
        return loss, gradient

    @abstractmethod
    def trainer(self, x: Tensor) -> Callable[[], object]:
        """The reference's whole training step on this batch, at these weights."""

    @abstractmethod
    def _weights(self) -> Tensor: ...

    @abstractmethod
    def _plain(self) -> tuple[tuple[str, float], ...]: ...

    @abstractmethod
    def _ours(self, flat: Tensor, x: Tensor, solver: str, steps: int) -> Tensor: ...

    @abstractmethod
    def _reference(self, net: ReferenceNet, x: Tensor) -> Tensor: ...

    @abstractmethod
    def _truth(self, net: ReferenceNet, x: Tensor) -> Tensor: ...


def _point(net: ReferenceNet, loss: Tensor) -> Point:
    loss.backward()  # type: ignore[no-untyped-call]
    return Point(float(loss.detach()), net.flat_gradient().double())


class CnfCase(Case):
    """The mean negative log-likelihood of the default CNF."""

    def __init__(self, steps: int) -> None:
        super().__init__("cnf", {}, VelocityNet(2, 64, 0), "pinwheel", steps)

    def trainer(self, x: Tensor) -> Callable[[], object]:
        trainer = CnfTrainer(ReferenceNet(self.net, self.weights), learning_rate=1e-6)
        return lambda: trainer.step(x)

    def _weights(self) -> Tensor:
        return torch.from_numpy(np.array(self.flow.weights()["weights"]))

    def _plain(self) -> tuple[tuple[str, float], ...]:
        return (("energy", 0.0),)  # the reference has no such term

    def _ours(self, flat: Tensor, x: Tensor, solver: str, steps: int) -> Tensor:
        solved = fused_solve(self.net, flat, x, 1.0, 0.0, steps, solver)
        return -(normal_log_density(solved.x) + solved.divergence).mean()

    def _reference(self, net: ReferenceNet, x: Tensor) -> Tensor:
        return cnf_loss(net, x)

    def _truth(self, net: ReferenceNet, x: Tensor) -> Tensor:
        return cnf_loss(net, x, tolerance=1e-8, adjoint=False)


class JkoCase(Case):
    """The objective of the first JKO block at JKO-iFlow's width."""

    def __init__(self, steps: int) -> None:
        params: dict[str, object] = {"width": 128, "blocks": 1}
        super().__init__("jko", params, VelocityNet(2, 128), "pinwheel", steps)
        assert isinstance(self.flow, HasBlocks)
        self.h = self.flow.blocks()[0].step_size
        self._probes = torch.Generator().manual_seed(0)
        self.exact_steps = 0

    def make_reference_exact(self, x: Tensor, truth: Point, limits: tuple[float, float]) -> int:
        """From now on the reference takes the exact divergence, and the least sub-steps (returned) that are accurate.

        One probe's estimate is nowhere near the limits, however many sub-steps it has.
        """
        for self.exact_steps in range(1, MOST_STEPS):
            errors = self.reference(x).error(truth)
            if errors[0] <= limits[0] and errors[1] <= limits[1]:
                return self.exact_steps
        raise AssertionError("no number of sub-steps reaches the accuracy")

    def trainer(self, x: Tensor) -> Callable[[], object]:
        trainer = JkoTrainer(ReferenceNet(self.net, self.weights), self.h, 1e-6, self.exact_steps)
        return lambda: trainer.step(x)

    def _weights(self) -> Tensor:
        return torch.from_numpy(np.array(self.flow.weights()["training"]))

    def _plain(self) -> tuple[tuple[str, float], ...]:
        return ()

    def _ours(self, flat: Tensor, x: Tensor, solver: str, steps: int) -> Tensor:
        solved = fused_solve(self.net, flat, x, 0.0, 1.0, steps, solver)
        return block_objective(x, solved.x, solved.divergence, self.h)

    def _reference(self, net: ReferenceNet, x: Tensor) -> Tensor:
        if self.exact_steps:
            return traced_jko_loss(net, x, self.h, self.exact_steps)
        return jko_loss(net, x, self.h, torch.randn(x.shape, generator=self._probes))

    def _truth(self, net: ReferenceNet, x: Tensor) -> Tensor:
        return exact_jko_loss(net, x, self.h, tolerance=1e-7)
