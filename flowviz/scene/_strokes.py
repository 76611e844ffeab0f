"""Anti-aliased lines: points sampled less than a pixel apart, each spread over its four nearest pixels.

A sample carries the length of line that it stands for, so brightness does not depend on how long the
segments are or how they lie.
"""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene._surface import CHUNK, PAD, Surface
from flowviz.scene.marks import Lines

_SPACING = 0.8
_OPAQUE = 0.985


def draw_lines(surface: Surface, lines: Lines, pixels: Array, scale: float) -> None:
    """Draw the polylines, whose places in the picture are `pixels` (m, k, 2), x to the right and y down."""
    m, k = pixels.shape[:2]
    if m == 0 or k < 2:
        return
    opacity = np.clip(np.broadcast_to(np.asarray(lines.alpha, np.float32), (k,)), 0.0, _OPAQUE)
    depth = -np.log1p(-opacity)
    if not depth.any():
        return
    starts = pixels[:, :-1].reshape(-1, 2)
    ends = pixels[:, 1:].reshape(-1, 2)
    tail = np.broadcast_to(depth[:-1], (m, k - 1)).ravel()
    head = np.broadcast_to(depth[1:], (m, k - 1)).ravel()
    width = lines.width * scale
    add_segments(surface, starts, ends, tail, head, width)
    surface.settle(lines.colour, float(depth.max()) * min(1.0, width), fog=lines.fog)


def add_segments(surface: Surface, starts: Array, ends: Array, tail: Array, head: Array, width: float) -> None:
    """Add the optical depth of segments (s, 2) to (s, 2); depth runs evenly from `tail` to `head` (s,)."""
    width = min(width, PAD / 2)
    x, y = (np.ascontiguousarray(starts[:, axis], np.float32) for axis in (0, 1))
    with np.errstate(invalid="ignore", over="ignore"):
        dx, dy = (np.asarray(ends[:, axis] - starts[:, axis], np.float32) for axis in (0, 1))
        first, last = _clip((x, y), (dx, dy), (surface.width, surface.height), width + 2.0)
        span = np.maximum(np.abs(dx), np.abs(dy)) * (last - first)
        seen = np.flatnonzero((last > first) & np.isfinite(span) & ((tail > 0) | (head > 0)))
    x, y, dx, dy, first, last, tail, head = (v[seen] for v in (x, y, dx, dy, first, last, tail, head))
    count = np.maximum(np.ceil(span[seen] / _SPACING), 1).astype(np.intp)
    stride = ((last - first) / count).astype(np.float32)
    length = np.hypot(dx, dy)
    strands = max(1, int(np.ceil(width - 0.01)))
    weight = length * stride * (width / strands)
    across = np.maximum(length, 1e-6)
    # each sample's value is start + order * step, so that one gather of each serves
    lines = np.stack([x + dx * (first + stride / 2), y + dy * (first + stride / 2), dx * stride, dy * stride]).astype(
        np.float32
    )
    depths = np.stack([(tail + (head - tail) * (first + stride / 2)) * weight, (head - tail) * stride * weight])
    depths = depths.astype(np.float32)
    normals = np.stack([-dy / across, dx / across]).astype(np.float32)
    total = np.concatenate([[0], np.cumsum(count)])
    begin = 0
    while begin < len(count):
        end = max(begin + 1, int(np.searchsorted(total, total[begin] + CHUNK // 4, side="right")) - 1)
        which = np.repeat(np.arange(begin, end), count[begin:end])
        order = (np.arange(total[begin], total[end]) - total[which]).astype(np.float32)
        x0, y0, step_x, step_y = (np.take(row, which) for row in lines)
        place_x, place_y = x0 + order * step_x, y0 + order * step_y
        depth = np.take(depths[0], which) + order * np.take(depths[1], which)
        for strand in range(strands):
            shift = np.float32((strand - (strands - 1) / 2) * width / strands)
            if shift == 0:
                _splat(surface, place_x, place_y, depth)
            else:
                nx, ny = np.take(normals[0], which), np.take(normals[1], which)
                _splat(surface, place_x + shift * nx, place_y + shift * ny, depth)
        begin = end


def add_triangles(surface: Surface, tips: Array, left: Array, right: Array, depth: float) -> None:
    """Add the optical depth of filled triangles with corners (n, 2) each, at most a few dozen pixels large."""
    if not len(tips):
        return
    largest = float(np.nanmax(np.abs(np.stack([tips - left, tips - right, left - right])), initial=0.0))
    rows = int(np.clip(np.ceil(largest / 0.7), 2, 48))
    # centres of the rows*rows small triangles into which lines parallel to the sides cut the large one
    i, j = np.mgrid[0:rows, 0:rows]
    upward = np.stack([(i + 1 / 3), (j + 1 / 3)], axis=-1)[i + j < rows]
    downward = np.stack([(i + 2 / 3), (j + 2 / 3)], axis=-1)[i + j < rows - 1]
    share = np.concatenate([upward, downward]).astype(np.float32) / rows
    a, b = left - tips, right - tips
    area = 0.5 * np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    step = max(1, CHUNK // 4 // len(share))
    for start in range(0, len(tips), step):
        here = slice(start, start + step)
        place_x = (tips[here, None, 0] + share[:, 0] * a[here, None, 0] + share[:, 1] * b[here, None, 0]).ravel()
        place_y = (tips[here, None, 1] + share[:, 0] * a[here, None, 1] + share[:, 1] * b[here, None, 1]).ravel()
        weight = np.repeat(area[here] * (depth / len(share)), len(share))
        _splat(surface, place_x, place_y, weight.astype(np.float32))


def _splat(surface: Surface, x: Array, y: Array, depth: Array) -> None:
    """Spread depth (n,) over the four pixels around each place x, y (n,), all float32."""
    x, y = x + np.float32(PAD - 0.5), y + np.float32(PAD - 0.5)
    right, bottom = surface.width + 2 * PAD - 1, surface.height + 2 * PAD - 1
    if not (x.min() >= 0 and y.min() >= 0 and x.max() < right and y.max() < bottom):
        inside = np.flatnonzero((x >= 0) & (y >= 0) & (x < right) & (y < bottom))
        x, y, depth = x[inside], y[inside], depth[inside]
    column, row = np.floor(x), np.floor(y)
    x -= column
    y -= row
    base = row.astype(np.intp)
    base *= surface.stride
    base += column.astype(np.intp)
    right_depth = depth * x
    left_depth = depth - right_depth
    below = left_depth * y
    surface.add(base, left_depth - below)
    base += surface.stride
    surface.add(base, below)
    base += 1
    below = right_depth * y
    surface.add(base, below)
    base -= surface.stride
    surface.add(base, right_depth - below)


def _clip(
    start: tuple[Array, Array], delta: tuple[Array, Array], size: tuple[int, int], margin: float
) -> tuple[Array, Array]:
    """The shares (s,), (s,) along each segment between which it lies in the picture (Liang and Barsky 1984)."""
    first, last = np.zeros(len(start[0]), np.float32), np.ones(len(start[0]), np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        for begin, step, side in zip(start, delta, size, strict=True):
            enter, leave = (-margin - begin) / step, (side + margin - begin) / step
            still = step == 0
            outside = still & ((begin < -margin) | (begin > side + margin))
            first = np.maximum(first, np.where(still, 0.0, np.minimum(enter, leave)))
            last = np.minimum(last, np.where(outside, -1.0, np.where(still, 1.0, np.maximum(enter, leave))))
    return first.astype(np.float32), last.astype(np.float32)
