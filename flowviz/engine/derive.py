"""Answers questions about any old frame of a run: paths, densities, velocities, from its weights."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from flowviz.core.camera import SLICE_AXES
from flowviz.core.errors import RunError, UserError
from flowviz.core.queries import (
    AnomalyQuery,
    ClosedFormQuery,
    CouplingQuery,
    DensityQuery,
    FieldQuery,
    LogDensityQuery,
    LogRatioQuery,
    LoopQuery,
    MetricQuery,
    ProbeQuery,
    Query,
    TransportQuery,
)
from flowviz.core.solver import Solver
from flowviz.core.spec import Array, RunSpec
from flowviz.engine import devices
from flowviz.engine._building import create_flow
from flowviz.engine._closed_form import ClosedForm
from flowviz.engine._probing import Move, carry_loop, probe
from flowviz.engine._problem import problem_of
from flowviz.engine._sampling import stream
from flowviz.flows import Flow, HasCoupling, HasLogDensity, HasLogRatio, HasSde, HasVelocity, Transport
from flowviz.metrics import METRICS
from flowviz.targets import Target, build, build_source

KEPT = 8
CHUNK = 8192
SDE_SEED = 3_000_017
"""Keeps the noise of random paths apart from the draws of the points that take them."""


class Deriver:
    """Builds flows from specs and weights, keeps the latest few, and asks them. For one thread at a time."""

    def __init__(self) -> None:
        self._flows: OrderedDict[str, Flow] = OrderedDict()
        self._targets: OrderedDict[str, Target] = OrderedDict()
        self._floor: tuple[object, Array] = (None, np.zeros(3))

    def answer(self, spec: RunSpec, weights: Mapping[str, Array], query: Query) -> dict[str, Array]:
        """The arrays that the query's docstring names, read-only.

        Raises:
            UserError: the method cannot answer that kind of question, or the weights do not fit.
            RunError: an answer is not a number.
        """
        with devices.side_stream(device_of(spec)):
            result = self._answer(spec, weights, query)
        for array in result.values():
            if np.isnan(array).any():
                raise RunError("The model takes points to infinity.", "Train it anew, with a smaller learning rate.")
            array.flags.writeable = False
        return result

    def _answer(self, spec: RunSpec, weights: Mapping[str, Array], query: Query) -> dict[str, Array]:
        flow, device = self.flow(spec, weights), device_of(spec)
        match query:
            case TransportQuery():
                return self._transport(spec, flow, query, device)
            case DensityQuery():
                return _density(flow, query, self.target(spec).dim, device)
            case FieldQuery():
                return _field(flow, query, device)
            case LogDensityQuery():
                values = _log_densities(flow, query.points, 1.0, query, device)
                return {"log_density": values.astype(np.float64)}
            case ProbeQuery():
                return probe(flow, query, self._mover(flow, query.solver, device), device)
            case LoopQuery():
                return carry_loop(flow, query, self._mover(flow, query.solver, device), device)
            case AnomalyQuery():
                return self._anomaly(spec, flow, query, device)
            case MetricQuery():
                return self._distance(spec, flow, query, device)
            case CouplingQuery():
                return self._coupling(spec, flow, query, device)
            case LogRatioQuery():
                return _log_ratio(flow, query, device)
            case ClosedFormQuery():
                truth = ClosedForm.between(self.source(spec), self.target(spec))
                if truth is None:
                    raise UserError("An end of this flow is no Gaussian.", "Choose a Gaussian target and source.")
                return truth.answer(flow, query)

    @staticmethod
    def _mover(flow: Flow, solver: Solver, device: torch.device) -> Move:
        def move(points: Array, times: Sequence[float]) -> Array:
            query = TransportQuery("points", tuple(times), len(points), points=points, solver=solver)
            return transport(flow, points, query, device).paths

        return move

    def _anomaly(self, spec: RunSpec, flow: Flow, query: AnomalyQuery, device: torch.device) -> dict[str, Array]:
        grid = _density(flow, DensityQuery(query.extent, query.resolution, solver=query.solver), 2, device)
        generate = TransportQuery("noise", (0.0, 1.0), query.n, query.seed, solver=query.solver)
        samples = transport(flow, self._start_points(spec, generate), generate, device).paths[-1]
        levels = _log_densities(flow, samples, 1.0, LogDensityQuery(samples, query.solver), device)
        return {**grid, "levels": np.sort(levels.astype(np.float64))}

    def _distance(self, spec: RunSpec, flow: Flow, query: MetricQuery, device: torch.device) -> dict[str, Array]:
        target, metric, rng = self.target(spec), METRICS.get(query.metric)(), stream(query.seed, "metrics")
        generate = TransportQuery("noise", (0.0, 1.0), query.n, query.seed)
        generated = transport(flow, self._start_points(spec, generate), generate, device).paths[-1]
        if not np.isfinite(generated).all():
            raise RunError("The model takes points to infinity.", "Train it anew, with a smaller learning rate.")
        value = metric.value(generated, target.sample(query.n, rng), rng)
        key = (spec.target.fingerprint(), query)
        if self._floor[0] != key:
            floors = stream(query.seed, "floors")
            floor = metric.noise_floor(lambda n: target.sample(n, floors), query.n, query.repeats, floors)
            self._floor = (key, np.asarray(floor))
        return {"value": np.asarray(value), "floor": self._floor[1].copy()}

    def _coupling(self, spec: RunSpec, flow: Flow, query: CouplingQuery, device: torch.device) -> dict[str, Array]:
        if not isinstance(flow, HasCoupling):
            raise UserError(f"The method {type(flow).label} does not learn from pairs.", "Show trajectories instead.")
        begin = self.source(spec).sample(query.n, stream(query.seed, "particles"))
        end = self.target(spec).sample(query.n, stream(query.seed, "held-out"))
        x0, x1 = (torch.as_tensor(x, dtype=torch.float32, device=device) for x in (begin, end))
        pairs = torch.stack(flow.coupling(x0, x1, query.seed), dim=1).cpu().numpy()
        costs = [np.square(y - x, dtype=np.float64).sum(axis=1) for x, y in ((begin, end), (pairs[:, 0], pairs[:, 1]))]
        random_cost, cost = (np.asarray(values.mean()) for values in costs)
        return {"pairs": pairs, "cost": cost, "random_cost": random_cost}

    def flow(self, spec: RunSpec, weights: Mapping[str, Array]) -> Flow:
        """The flow with these weights, built or remembered.

        Raises:
            UserError: unknown method or target, or the weights do not fit.
        """
        key = _fingerprint(spec, weights)
        if key not in self._flows:
            problem = problem_of(spec, self.target(spec), self.source(spec), device_of(spec))
            flow = create_flow(spec.flow, problem)
            flow.load(weights)
            _keep(self._flows, key, flow)
        self._flows.move_to_end(key)
        return self._flows[key]

    def target(self, spec: RunSpec) -> Target:
        """The target of a run, built or remembered.

        Raises:
            UserError: it cannot be built.
        """
        return self._built(spec.target.fingerprint(), lambda: build(spec.target))

    def source(self, spec: RunSpec) -> Target:
        """Where the flow of a run begins, built or remembered.

        Raises:
            UserError: it cannot be built, or has another dimension than the target.
        """
        target = self.target(spec)
        key = "normal" if spec.source is None else spec.source.fingerprint()
        return self._built(f"source {key} {target.dim}", lambda: build_source(spec.source, target))

    def _built(self, key: str, make: Callable[[], Target]) -> Target:
        if key not in self._targets:
            _keep(self._targets, key, make())
        self._targets.move_to_end(key)
        return self._targets[key]

    def _transport(self, spec: RunSpec, flow: Flow, query: TransportQuery, device: torch.device) -> dict[str, Array]:
        move = random_transport if query.solver.is_random else transport
        moved = move(flow, self._start_points(spec, query), query, device)
        times = {"times": np.asarray(query.times, dtype=np.float64), "grid": np.asarray(moved.grid, dtype=np.float64)}
        return {"paths": moved.paths, "nfe": np.asarray(moved.nfe), **times}

    def _start_points(self, spec: RunSpec, query: TransportQuery) -> Array:
        match query.start:
            case "noise":
                # The stream of the recorded particles: with the run's seed these are the particles of its frames.
                return self.source(spec).sample(query.n, stream(query.seed, "particles"))
            case "data":
                return self.target(spec).sample(query.n, stream(query.seed, "held-out"))
            case _:
                if query.points is None:
                    raise UserError("There are no points to move.", "Give points, or start from noise or data.")
                return query.points


def answer(spec: RunSpec, weights: Mapping[str, Array], query: Query) -> dict[str, Array]:
    """One question, nothing remembered; see Deriver.answer."""
    return Deriver().answer(spec, weights, query)


def device_of(spec: RunSpec) -> torch.device:
    """The run's device where this machine has it, else the best that it has (a run from another machine)."""
    return devices.resolve(spec.device if spec.device in devices.available() else "auto")


class Moved(NamedTuple):
    """A Transport as arrays: paths (T, n, d) float32, evaluations per particle, times between the solver's steps."""

    paths: Array
    nfe: int = 0
    grid: tuple[float, ...] = ()


def transport(flow: Flow, points: Array, query: TransportQuery, device: torch.device) -> Moved:
    """Move points (n, d) in pieces."""
    return _moved(lambda piece: flow.transport(piece, query.times, query.solver), points, query, device)


def random_transport(flow: Flow, points: Array, query: TransportQuery, device: torch.device) -> Moved:
    """The same along random paths; equal questions get equal ones.

    Raises:
        UserError: the method has none.
    """
    if not isinstance(flow, HasSde):
        raise UserError(f"The method {type(flow).label} moves points by an ODE only.", "Choose another solver.")
    steps = query.solver.steps
    generator = torch.Generator(device).manual_seed(query.seed + SDE_SEED)
    return _moved(lambda piece: flow.random_paths(piece, query.times, steps, generator), points, query, device)


def _moved(move: Callable[[Tensor], Transport], points: Array, query: TransportQuery, device: torch.device) -> Moved:
    parts = [move(piece) for piece in _pieces(points, device)]
    if not parts:
        return Moved(np.empty((len(query.times), 0, points.shape[1]), np.float32))
    dearest = max(parts, key=lambda part: part.nfe)
    paths = [part.paths.detach().to("cpu", torch.float32).numpy() for part in parts]
    return Moved(np.concatenate(paths, axis=1), dearest.nfe, dearest.grid)


def grid_points(query: DensityQuery) -> tuple[Array, tuple[int, ...]]:
    """The cell centres (n, d) of a density query and its grid's shape, both with x running fastest.

    Raises:
        UserError: the grid has no area.
    """
    lows, highs = query.extent[0::2], query.extent[1::2]
    sides = [high - low for low, high in zip(lows, highs, strict=True)]
    if not all(side > 0 for side in sides):
        raise UserError("The grid of the density has no area.", "Give x_low < x_high and y_low < y_high.")
    cell = max(sides) / query.resolution
    counts = [max(1, round(side / cell)) for side in sides]
    axes = [low + (np.arange(count) + 0.5) * side / count for low, side, count in zip(lows, sides, counts, strict=True)]
    grid = np.meshgrid(*axes[::-1], indexing="ij")[::-1]
    points = np.stack(grid, axis=-1).reshape(-1, len(axes))
    if query.axis is not None:
        points = np.insert(points, SLICE_AXES.index(query.axis), query.place, axis=1)
    return points, tuple(counts[::-1])


def _density(flow: Flow, query: DensityQuery, dim: int, device: torch.device) -> dict[str, Array]:
    points, shape = grid_points(query)
    if points.shape[1] != dim:
        raise UserError(
            f"A grid of {points.shape[1]} dimensions does not fit a flow of {dim}.",
            "Ask a flow in space for a slice, with its axis, or give the extent of all three axes.",
        )
    return {"log_density": _log_densities(flow, points, query.t, query, device).reshape(shape)}


def _log_densities(
    flow: Flow, points: Array, t: float, query: DensityQuery | LogDensityQuery, device: torch.device
) -> Array:
    if not isinstance(flow, HasLogDensity):
        raise UserError(f"The method {type(flow).label} does not know its density.", "Show the estimate instead.")
    pieces = (flow.log_density(piece, t, query.solver.ode) for piece in _pieces(points, device))
    parts = [values.detach().to("cpu", torch.float32).numpy() for values in pieces]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _log_ratio(flow: Flow, query: LogRatioQuery, device: torch.device) -> dict[str, Array]:
    if not isinstance(flow, HasLogRatio):
        raise UserError(f"The method {type(flow).label} does not estimate density ratios.", "Choose one that does.")
    points, shape = grid_points(DensityQuery(query.extent, query.resolution))
    parts = [flow.log_ratio(piece).to("cpu", torch.float32).numpy() for piece in _pieces(points, device)]
    return {"log_ratio": np.concatenate(parts).reshape(shape), "after_flow": np.asarray(flow.ratio_after_flow)}


def _field(flow: Flow, query: FieldQuery, device: torch.device) -> dict[str, Array]:
    if not isinstance(flow, HasVelocity):
        raise UserError(f"The method {type(flow).label} has no velocity field.", "Show trajectories instead.")
    points = torch.tensor(query.points, dtype=torch.float32, device=device)
    values = [flow.velocity(points, t).detach().to("cpu", torch.float32).numpy() for t in query.times]
    return {"velocity": np.stack(values) if values else np.empty((0, *query.points.shape), np.float32)}


def _pieces(points: Array, device: torch.device) -> list[Tensor]:
    with np.errstate(over="ignore"):  # points that far out have the density 0
        array = np.ascontiguousarray(points, dtype=np.float32)
    return [torch.tensor(array[i : i + CHUNK], device=device) for i in range(0, len(array), CHUNK)]


def _keep(cache: OrderedDict[str, Flow] | OrderedDict[str, Target], key: str, value: object) -> None:
    cache[key] = value  # type: ignore[assignment]
    while len(cache) > KEPT:
        cache.popitem(last=False)


def _fingerprint(spec: RunSpec, weights: Mapping[str, Array]) -> str:
    """A text that is equal for equal flows: weights come over a pipe, so identity says nothing."""
    head = (spec.flow.key, sorted(spec.flow.params.items()), spec.target.fingerprint(), spec.device)
    source = "" if spec.source is None else spec.source.fingerprint()
    digest = hashlib.blake2b(repr((head, source)).encode(), digest_size=16)
    for name, array in weights.items():
        digest.update(f"{name}{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
