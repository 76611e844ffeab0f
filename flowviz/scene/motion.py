"""Where particles are between recorded times: linear in flow time, in either direction of travel."""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array


def bracket(times: Array, t: float) -> tuple[int, int, float]:
    """Indices before and after t in monotone times (T,), and the share of the way between them."""
    increasing = len(times) < 2 or times[-1] >= times[0]
    ordered = times if increasing else times[::-1]
    after = int(np.clip(np.searchsorted(ordered, t, side="right"), 1, max(1, len(times) - 1)))
    before = after - 1
    after = min(after, len(times) - 1)
    gap = float(ordered[after] - ordered[before])
    share = float(np.clip((t - ordered[before]) / gap, 0.0, 1.0)) if gap > 0 else 0.0
    if increasing:
        return before, after, share
    last = len(times) - 1
    return last - before, last - after, share


def at_time(values: Array, times: Array, t: float) -> Array:
    """values (T, ...) recorded at monotone times (T,), interpolated at t: (...)."""
    before, after, share = bracket(times, t)
    if share == 0.0:
        return np.asarray(values[before])
    if share == 1.0:
        return np.asarray(values[after])
    return np.asarray(values[before] * np.float32(1.0 - share) + values[after] * np.float32(share))


def trail(paths: Array, times: Array, t: float, length: float) -> tuple[Array, Array]:
    """The last stretch of each path, up to where its particle is at t.

    Args:
        paths: (T, m, d) positions.
        times: (T,) monotone in the order of travel.
        t: flow time of the heads.
        length: flow time from tail to head.

    Returns:
        (m, k, d) float32 vertices from tail to head, and (k,) their age: 0 at the head, 1 where a whole
        length has passed (the tail of a particle that has just set off is younger).
    """
    sign = 1.0 if times[-1] >= times[0] else -1.0
    start = max(sign * t - length, sign * float(times[0]))
    between = (sign * times > start + 1e-9) & (sign * times < sign * t - 1e-9)
    stops = np.concatenate([[start], sign * times[between], [sign * t]])
    first = at_time(paths, times, sign * start)
    last = at_time(paths, times, t)
    vertices = np.concatenate([first[None], paths[between], last[None]]).transpose(1, 0, 2)
    age = (sign * t - stops) / max(length, 1e-9)
    return np.ascontiguousarray(vertices, dtype=np.float32), np.clip(age, 0.0, 1.0)
