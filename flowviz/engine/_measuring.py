"""The metrics of a run: generated points against fresh target points, floors, and the NLL of held-out points."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch

from flowviz.core.solver import METHOD_SOLVER, Solver
from flowviz.core.spec import Array, RunSpec
from flowviz.engine._closed_form import ClosedForm
from flowviz.engine._sampling import stream
from flowviz.engine._travel import POINTS, TIMES, travel
from flowviz.flows import FLOWS, Flow, HasLossFloor
from flowviz.flows import HasLogDensity as FlowHasLogDensity
from flowviz.metrics import METRICS, Metric
from flowviz.metrics._base import summarise
from flowviz.targets import HasLogDensity as TargetHasLogDensity
from flowviz.targets import HasMixture, Target

FLOOR_REPEATS = 10
CHUNK = 4096
# A reported NLL agrees with that of a finer solver to this many nats, on so many held-out points.
CONVERGED_NATS = 1e-3
PROBE = 100
SOLVERS = (METHOD_SOLVER, Solver("rk4", 50), Solver("rk4", 200), Solver("rk4", 800))


class Abandoned(Exception):
    """Nobody waits for the measurement any more."""


def _go_on() -> None:
    """The check of a measurement that is always wanted."""


class Measuring:
    """Measures one run. Every value depends on the spec, the weights and the step only, never on the clock.

    Args:
        spec: the run.
        target: what it learns.
        source: where its flow begins.
        device: where the flow lives.
    """

    def __init__(self, spec: RunSpec, target: Target, source: Target, device: torch.device) -> None:
        self._spec = spec
        self._target = target
        self._source = source
        self._device = device
        self._metrics: dict[str, Metric] = {key: METRICS.get(key)() for key in spec.metrics}
        self._points = max(2, spec.recording.metric_points)
        self._held_out = target.sample(2 * self._points, stream(spec.seed, "held-out"))
        self._reference: float | None = None
        self.truth = ClosedForm.between(source, target)
        self.entropy: float | None = None
        if isinstance(target, TargetHasLogDensity):
            self.entropy = float(target.entropy())
            known = target.log_density(self._held_out)
            if np.isfinite(known).all():
                self._reference = float(-known.mean())
        self._floor_values: dict[str, list[float]] = {key: [] for key in self._metrics}
        self._floor_rng = stream(spec.seed, "floors")
        self._loss_changed = False
        self.floors: dict[str, tuple[float, float, float]] = {}

    def warm(self) -> None:
        """Import what the metrics need, so that the first measurement is not taken for a slow one."""
        tiny = np.array([[0.0, 0.0], [1.0, 1.0]])[:, : self._target.dim]
        for metric in self._metrics.values():
            metric.value(tiny, tiny, np.random.default_rng(0))

    def measure(self, flow: Flow, step: int, check: Callable[[], None] = _go_on) -> dict[str, float]:
        """Metric values by key; one that is not finite is left out.

        Args:
            flow: what is measured.
            step: its training step.
            check: called from time to time; what it raises ends the measurement.
        """
        values: dict[str, float] = {}
        if self._metrics:
            values |= self._distances(flow, step, check)
        if isinstance(flow, FlowHasLogDensity) and isinstance(self._source, TargetHasLogDensity):
            values["nll"] = self._nll(flow, check)
        check()
        values["inversion_error"] = self._inversion_error(flow)
        check()
        values |= self._travel(flow, step)
        return {key: float(value) for key, value in values.items() if math.isfinite(value)}

    def _distances(self, flow: Flow, step: int, check: Callable[[], None]) -> dict[str, float]:
        """Of generated points to fresh target points, and the velocity evaluations that one point takes."""
        rng = stream(self._spec.seed, "metrics", step)
        x = torch.as_tensor(self._source.sample(self._points, rng), dtype=torch.float32, device=self._device)
        moved = flow.transport(x, (0.0, 1.0))
        generated = moved.paths[-1].detach().cpu().numpy().astype(np.float64)
        real = self._target.sample(self._points, rng)
        values: dict[str, float] = {"nfe": moved.nfe}
        if np.isfinite(generated).all():
            for key, metric in self._metrics.items():
                check()
                values[key] = metric.value(generated, real, rng)
            if self.truth is not None:
                check()
                values |= self.truth.figures(flow, generated)
        return values

    def _travel(self, flow: Flow, step: int) -> dict[str, float]:
        start = self._source.sample(min(POINTS, self._points), stream(self._spec.seed, "metrics", step))
        x = torch.as_tensor(start, dtype=torch.float32, device=self._device)
        paths = flow.transport(x, TIMES).paths.detach().cpu().numpy()
        return travel(paths, np.array(TIMES)) if np.isfinite(paths).all() else {}

    def _inversion_error(self, flow: Flow) -> float:
        """Mean distance between held-out points and where they come back to, through the flow to noise and back.

        With the method's own solver: what is left is the solver's error, since the exact flow is invertible.
        """
        x = _reporting(self._held_out[: self._points], self._device)
        back = flow.transport(flow.transport(x, (1.0, 0.0)).paths[-1], (0.0, 1.0)).paths[-1]
        return float((back - x).norm(dim=1).mean())

    def _nll(self, flow: FlowHasLogDensity, check: Callable[[], None]) -> float:
        """Negative log-likelihood of held-out points, in nats.

        Where the target's density is known, its own log-likelihood of the same points serves as control
        variate: E[-log q] = H(p) + E[log p - log q], and the bracket varies far less than -log q.
        """
        solver = converged_solver(flow, self._held_out[:PROBE], self._device, check)
        nll = float(-log_density(flow, self._held_out, self._device, solver).mean())
        if self._reference is not None and self.entropy is not None:
            nll += self.entropy - self._reference
        return nll

    def floor_pieces(self) -> Iterator[None]:
        """Compute the noise floors bit by bit: one pair of samples between two yields; then `floors` is there."""
        for key, metric in self._metrics.items():
            values = self._floor_values[key]
            while len(values) < FLOOR_REPEATS:
                x = self._target.sample(self._points, self._floor_rng)
                y = self._target.sample(self._points, self._floor_rng)
                values.append(metric.value(x, y, self._floor_rng))
                yield
        least = None if self._loss_changed else self._loss_floor()
        yield
        known = {} if least is None else {"loss": (least, least, least)}
        if self.truth is not None and self._metrics:
            draws = (self._target.sample(self._points, self._floor_rng) for _ in range(FLOOR_REPEATS))
            known["moments_w2"] = summarise([self.truth.remaining(x) for x in draws])
        self.floors = {key: summarise(values) for key, values in self._floor_values.items()} | known

    def forget_loss_floor(self) -> bool:
        """The loss is another than the spec's from now on; whether there was a floor to forget."""
        self._loss_changed = True
        known = "loss" in self.floors
        self.floors = {key: floor for key, floor in self.floors.items() if key != "loss"}
        return known

    def _loss_floor(self) -> float | None:
        """The least possible training loss, where the method knows it for these two ends."""
        method = FLOWS.get(self._spec.flow.key)
        if not (issubclass(method, HasLossFloor) and isinstance(self._source, HasMixture)):
            return None
        if not isinstance(self._target, HasMixture):
            return None
        return method.loss_floor(self._spec.flow.params, self._source.mixture(), self._target.mixture())


def converged_solver(
    flow: FlowHasLogDensity, points: Array, device: torch.device, check: Callable[[], None] = _go_on
) -> Solver:
    """The method's own solver, or a finer one where a finer one still changes the NLL of points (n, d).

    On singular data a field gets so steep that the solver it was trained with reports a likelihood it does not have.
    """
    coarse = -log_density(flow, points, device).mean()
    for solver, finer in itertools.pairwise(SOLVERS):
        check()
        fine = -log_density(flow, points, device, finer).mean()
        if abs(fine - coarse) < CONVERGED_NATS:
            return solver
        coarse = fine
    return SOLVERS[-1]


def log_density(flow: FlowHasLogDensity, points: Array, device: torch.device, solver: Solver = METHOD_SOLVER) -> Array:
    """Model log-density (n,) float64 at points (n, d) of the shared frame, in pieces."""
    parts = []
    for start in range(0, len(points), CHUNK):
        x = _reporting(points[start : start + CHUNK], device)
        parts.append(flow.log_density(x, solver=solver).detach().cpu().numpy().astype(np.float64))
    return np.concatenate(parts) if parts else np.empty(0)


def _reporting(points: Array, device: torch.device) -> torch.Tensor:
    """Points in the precision of reported figures: float64, which Apple's GPUs lack."""
    return torch.as_tensor(points, dtype=torch.float32 if device.type == "mps" else torch.float64, device=device)
