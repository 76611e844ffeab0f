"""What one can ask of a trained (or half-trained) flow: paths, densities, velocity fields. All immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from flowviz.core.camera import SliceAxis
from flowviz.core.solver import METHOD_SOLVER, Solver
from flowviz.core.spec import Array

Start = Literal["noise", "data", "points"]


@dataclass(frozen=True, slots=True)
class TransportQuery:
    """Move points along the flow.

    Attributes:
        start: "noise" (n draws of the source), "data" (n draws of the target) or "points".
        times: flow times in the order of travel, increasing from noise to data or decreasing from
            data to noise; the points sit at times[0].
        n, seed: how many draws, and their seed.
        points: (n, d) float32 for start = "points".
        solver: the solver and its effort.

    Answer: "paths" (T, n, d) float32, "times" (T,), "nfe" () int: velocity evaluations per particle, and "grid" (G,):
    the flow times between which the solver took its steps, empty where the method does not tell.
    """

    start: Start
    times: tuple[float, ...]
    n: int = 2000
    seed: int = 0
    points: Array | None = None
    solver: Solver = METHOD_SOLVER


@dataclass(frozen=True, slots=True)
class DensityQuery:
    """Exact model log-density on a regular grid, by solving back to the source: of a plane, of a slice through
    space, or of space.

    Attributes:
        extent: (x_low, x_high, y_low, y_high) of the grid's outer edges; values sit at cell centres. For a slice
            the two axes that it spans in the order of the alphabet; for space (..., z_low, z_high) besides.
        resolution: cells along the longest side.
        t: flow time of the density, 0 (source) to 1 (model of the data).
        axis: the axis that a slice stands across, or None.
        place: where on that axis.

    Answer: "log_density" (rows, columns) float32, row 0 at y_low; of space (layers, rows, columns), layer 0 at z_low.
    """

    extent: tuple[float, ...]
    resolution: int = 128
    t: float = 1.0
    solver: Solver = METHOD_SOLVER
    axis: SliceAxis | None = None
    place: float = 0.0


@dataclass(frozen=True, slots=True)
class FieldQuery:
    """The velocity field at given points and times.

    Attributes:
        points: (n, d) float32.
        times: flow times (T,).

    Answer: "velocity" (T, n, d) float32, in units of length per unit of flow time t.
    """

    points: Array
    times: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LogDensityQuery:
    """Log-density, natural logarithm, at given points (n, d). Answer: "log_density" (n,) float64."""

    points: Array
    solver: Solver = METHOD_SOLVER


@dataclass(frozen=True, slots=True)
class ProbeQuery:
    """What happens to points all along the flow.

    Attributes:
        points: (m, d) where the points are at flow time t.
        t: that time.
        times: flow times (T,), increasing.
        is_detailed: whether more than the paths is wanted.

    Answer: "paths" (T, m, d) float32, "times" (T,); where detailed and as far as the method knows them also
    "speed" |v| (T, m), "divergence" div v (T, m), "log_det" (T, m): log |det d x_t / d x_0|, the integral of the
    divergence from 0 to t, and "log_density" (T, m): log p_t(x_t) = log p_0(x_0) - log_det, all float64.
    """

    points: Array
    t: float
    times: tuple[float, ...]
    solver: Solver = METHOD_SOLVER
    is_detailed: bool = True


@dataclass(frozen=True, slots=True)
class LoopQuery:
    """A closed curve in the plane carried by the flow, and the probability inside it.

    Attributes:
        points: (m, 2) corners of the closed polygon at flow time t.
        t: that time.
        times: flow times (T,), increasing.
        cells: of the grid over the polygon's box, along each side, on which the density is summed.

    Answer: "paths" (T, m, 2) float32, "times" (T,), and for methods with a density "mass" (T,) float64.
    """

    points: Array
    t: float
    times: tuple[float, ...]
    cells: int = 40
    solver: Solver = METHOD_SOLVER


@dataclass(frozen=True, slots=True)
class AnomalyQuery:
    """What log-densities the model's own samples have, and where: the base of a test for anomalies.

    Attributes:
        extent, resolution: of the grid, as in DensityQuery.
        n, seed: of the samples.

    Answer: "log_density" (rows, columns) float32 at t = 1, row 0 at y_low, and "levels" (n,) float64: the log-densities
    of n samples of the model, increasing. The p-value of a point x is the share of levels at or below log p(x).
    """

    extent: tuple[float, float, float, float]
    resolution: int = 96
    n: int = 4000
    seed: int = 0
    solver: Solver = METHOD_SOLVER


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """A distance between generated points and fresh draws of the target: more points than there is time for live.

    Attributes:
        metric: key of a metric.
        n: points of either sample.
        seed: of all draws.
        repeats: independent pairs of target samples behind the floor.

    Answer: "value" () float64; "floor" (3,) float64: mean, 5 % and 95 % quantile between two target samples of n
    points.
    """

    metric: str = "w2"
    n: int = 2000
    seed: int = 0
    repeats: int = 4


@dataclass(frozen=True, slots=True)
class CouplingQuery:
    """Which source point a method that learns from pairs would put together with which data point.

    Attributes:
        n, seed: how many pairs, and the seed of both samples and of the pairing.

    Only methods with the ability `needs` answer: "pairs" (n, 2, d) float32, source point first; "cost" () float64,
    their mean squared distance; and "random_cost" (), that of the same points paired as they were drawn.
    """

    needs: ClassVar[str] = "coupling"
    n: int = 128
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LogRatioQuery:
    """How much likelier the target is than the source, on a grid in the plane.

    Attributes:
        extent, resolution: of the grid, as in DensityQuery.

    Only methods with the ability `needs` answer: "log_ratio" (rows, columns) float32, log p_1 - log p_0 in nats, row 0
    at y_low; and "after_flow" () bool, whether p_0 is the source as the flow has carried it to the target.
    """

    needs: ClassVar[str] = "log_ratio"
    extent: tuple[float, float, float, float]
    resolution: int = 96


@dataclass(frozen=True, slots=True)
class ClosedFormQuery:
    """What the exact flow between two Gaussians looks like.

    Attributes:
        times: flow times (T,).
        backwards: whether the data are followed to noise, not the source to the data.

    Only where both ends are Gaussians, which is the ability `needs`: "ends_mean" (2, d), "ends_covariance" (2, d, d) of
    source and target, and where the method's exact flow is known "mean" (T, d) and "covariance" (T, d, d) of the law
    at every time, all float64.
    """

    needs: ClassVar[str] = "closed_form"
    times: tuple[float, ...]
    backwards: bool = False


Query = (
    TransportQuery
    | DensityQuery
    | FieldQuery
    | LogDensityQuery
    | ProbeQuery
    | LoopQuery
    | AnomalyQuery
    | MetricQuery
    | CouplingQuery
    | LogRatioQuery
    | ClosedFormQuery
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a query.

    Attributes:
        request: the number that `ask` returned.
        arrays: the arrays that the query's docstring names; empty on error.
        error, hint: what went wrong, for people; "" when nothing did.
    """

    request: int
    arrays: Mapping[str, Array] = field(default_factory=dict)
    error: str = ""
    hint: str = ""
