"""Points followed through the whole flow, curves carried by it, and the mass that they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from flowviz.core.queries import LoopQuery, ProbeQuery
from flowviz.core.solver import Solver
from flowviz.core.spec import Array
from flowviz.flows import Flow, HasLogDensity, HasVelocity

_STEP = 1e-4
"""Of the central differences, in units of length: in float64 their error is about 1e-8 of the third derivative."""
_SUBROWS = 8

Move = Callable[[Array, Sequence[float]], Array]
"""Points (m, d) at times[0] to their paths (T, m, d)."""


def through(points: Array, t: float, times: Sequence[float], move: Move) -> Array:
    """Paths (T, m, d) at increasing times of points (m, d) that are at t: back to the earlier ones, on to the later."""
    back = [time for time in times if time < t][::-1]
    ahead = [time for time in times if time >= t]
    parts = []
    if back:
        parts.append(move(points, [t, *back])[:0:-1])
    if ahead:
        parts.append(move(points, [t, *ahead])[1:] if ahead[0] > t else move(points, ahead))
    return np.concatenate(parts).astype(np.float32)


def probe(flow: Flow, query: ProbeQuery, move: Move, device: torch.device) -> dict[str, Array]:
    """The answer to a ProbeQuery."""
    times = np.asarray(query.times, np.float64)
    paths = through(query.points, query.t, query.times, move)
    result = {"paths": paths, "times": times}
    if not query.is_detailed:
        return result
    if isinstance(flow, HasVelocity):
        found = [_speed_and_divergence(flow, paths[i], float(t), device) for i, t in enumerate(times)]
        result["speed"], result["divergence"] = (np.stack([pair[k] for pair in found]) for k in (0, 1))
    if isinstance(flow, HasLogDensity):
        density = [_log_density(flow, paths[i], float(t), query.solver, device) for i, t in enumerate(times)]
        result["log_density"] = np.stack(density)
        start = through(query.points, query.t, (0.0,), move)[0]
        result["log_det"] = _log_density(flow, start, 0.0, query.solver, device) - result["log_density"]
    return result


def _speed_and_divergence(flow: HasVelocity, x: Array, t: float, device: torch.device) -> tuple[Array, Array]:
    """|v| (m,) and div v (m,) at points (m, d): every term of the trace by a central difference in float64."""
    dim = x.shape[1]
    dtype = torch.float32 if device.type == "mps" else torch.float64
    step = _STEP if dtype == torch.float64 else 1e-2
    shifts = step * np.concatenate([np.zeros((1, dim)), np.eye(dim), -np.eye(dim)])
    points = (x.astype(np.float64)[None] + shifts[:, None]).reshape(-1, dim)
    moved = flow.velocity(torch.as_tensor(points, dtype=dtype, device=device), t)
    v = moved.detach().cpu().numpy().astype(np.float64).reshape(2 * dim + 1, *x.shape)
    slopes = [(v[1 + i, :, i] - v[1 + dim + i, :, i]) / (2 * step) for i in range(dim)]
    return np.linalg.norm(v[0], axis=1), np.sum(slopes, axis=0)


def _log_density(
    flow: HasLogDensity, x: Array, t: float, solver: Solver, device: torch.device, is_quick: bool = False
) -> Array:
    """log p_t (n,) at points (n, d), in float64; in float32 where quick, or where the device has nothing finer."""
    dtype = torch.float32 if is_quick or device.type == "mps" else torch.float64
    values = flow.log_density(torch.as_tensor(x, dtype=dtype, device=device), t, solver)
    return np.asarray(values.detach().cpu().numpy(), np.float64)


def carry_loop(flow: Flow, query: LoopQuery, move: Move, device: torch.device) -> dict[str, Array]:
    """The answer to a LoopQuery."""
    paths = through(query.points, query.t, query.times, move)
    result = {"paths": paths, "times": np.asarray(query.times, np.float64)}
    if isinstance(flow, HasLogDensity):
        masses = [
            mass_inside(
                polygon,
                query.cells,
                lambda x, t=t: np.exp(_log_density(flow, x, t, query.solver, device, is_quick=True)),  # type: ignore[misc]
            )
            for polygon, t in zip(paths, query.times, strict=True)
        ]
        result["mass"] = np.array(masses)
    return result


def mass_inside(polygon: Array, cells: int, density: Callable[[Array], Array]) -> float:
    """The integral of a density (n, 2) -> (n,) over a closed polygon (m, 2), by its cells' centres and coverage."""
    low, high = polygon.min(axis=0).astype(np.float64), polygon.max(axis=0).astype(np.float64)
    size = (high - low) / cells
    if not (np.isfinite(size).all() and (size > 0).all()):
        return 0.0
    cover = coverage(polygon, low, size, cells)
    row, column = np.nonzero(cover > 0)
    centres = low + (np.stack([column, row], axis=1) + 0.5) * size
    return float((density(centres) * cover[row, column]).sum() * size.prod())


def coverage(polygon: Array, low: Array, size: Array, cells: int) -> Array:
    """(cells, cells) the share of each cell of a grid that lies inside a polygon, even-odd, row 0 at low y.

    Exact along rows; across them it is summed over lines, several to a cell.
    """
    x, y = (polygon[:, axis].astype(np.float64) for axis in (0, 1))
    x_next, y_next = np.roll(x, -1), np.roll(y, -1)
    left = low[0] + np.arange(cells) * size[0]
    cover = np.zeros((cells, cells))
    for line in range(cells * _SUBROWS):
        level = low[1] + (line + 0.5) * size[1] / _SUBROWS
        crosses = (y > level) != (y_next > level)
        share = (level - y[crosses]) / (y_next[crosses] - y[crosses])
        ends = np.sort(x[crosses] + share * (x_next[crosses] - x[crosses]))
        for begin, end in zip(ends[::2], ends[1::2], strict=True):
            overlap = np.minimum(end, left + size[0]) - np.maximum(begin, left)
            cover[line // _SUBROWS] += np.clip(overlap, 0.0, None)
    return np.asarray(cover / (size[0] * _SUBROWS))
