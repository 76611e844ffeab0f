"""Anti-aliased lines: points sampled less than a pixel apart, each spread over its four nearest pixels.

A sample carries the length of line that it stands for, so brightness does not depend on how long the
segments are or how they lie.
"""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene._surface import CHUNK, PAD, Surface

_SPACING = 0.8
_OPAQUE = 0.985


def draw_lines(surface: Surface, pixels: Array, alpha: Array | float, width: float, colour: str) -> None:
    """Draw polylines.

    Args:
        surface: the picture.
        pixels: (m, k, 2) places in the picture, x to the right and y down.
        alpha: (k,) opacity along every line, or one number.
        width: in pixels.
        colour: token.
    """
    m, k = pixels.shape[:2]
    if m == 0 or k < 2:
        return
    opacity = np.clip(np.broadcast_to(np.asarray(alpha, np.float32), (k,)), 0.0, _OPAQUE)
    depth = -np.log1p(-opacity)
    if not depth.any():
        return
    starts = pixels[:, :-1].reshape(-1, 2)
    ends = pixels[:, 1:].reshape(-1, 2)
    tail = np.broadcast_to(depth[:-1], (m, k - 1)).ravel()
    head = np.broadcast_to(depth[1:], (m, k - 1)).ravel()
    add_segments(surface, starts, ends, tail, head, width)
    surface.settle(colour, float(depth.max()) * min(1.0, width))


def add_segments(surface: Surface, starts: Array, ends: Array, tail: Array, head: Array, width: float) -> None:
    """Add the optical depth of segments (s, 2) to (s, 2); depth runs evenly from `tail` to `head` (s,)."""
    first, last = _clip(starts, ends, surface.width, surface.height, width + 2.0)
    delta = ends - starts
    with np.errstate(invalid="ignore"):
        span = np.abs(delta).max(axis=1) * (last - first)
        seen = (last > first) & np.isfinite(span) & ((tail > 0) | (head > 0))
    starts, delta, tail, rise = starts[seen], delta[seen], tail[seen], (head - tail)[seen]
    first, part, span = first[seen], (last - first)[seen], span[seen]
    count = np.maximum(np.ceil(span / _SPACING), 1).astype(np.intp)
    length = np.hypot(delta[:, 0], delta[:, 1])
    strands = max(1, int(np.ceil(width - 0.01)))
    weight = length * part / count * (width / strands)
    normal = np.stack([-delta[:, 1], delta[:, 0]], axis=1) / np.maximum(length, 1e-6)[:, None]
    total = np.concatenate([[0], np.cumsum(count)])
    room = CHUNK // 4
    begin = 0
    while begin < len(count):
        end = max(begin + 1, int(np.searchsorted(total, total[begin] + room, side="right")) - 1)
        here = slice(begin, end)
        segment = np.repeat(np.arange(end - begin), count[here])
        order = np.arange(segment.size) - (total[begin:end] - total[begin])[segment]
        along = first[here][segment] + (order + 0.5) * (part[here] / count[here])[segment]
        place = starts[here][segment] + delta[here][segment] * along[:, None].astype(np.float32)
        depth = ((tail[here][segment] + rise[here][segment] * along) * weight[here][segment]).astype(np.float32)
        for strand in range(strands):
            shift = (strand - (strands - 1) / 2) * width / strands
            _splat(surface, place if shift == 0 else place + shift * normal[here][segment], depth)
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
        place = tips[here, None] + share[:, :1] * a[here, None] + share[:, 1:] * b[here, None]
        weight = np.repeat(area[here] * (depth / len(share)), len(share))
        _splat(surface, place.reshape(-1, 2), weight.astype(np.float32))


def _splat(surface: Surface, place: Array, depth: Array) -> None:
    """Spread depth (n,) over the four pixels around each place (n, 2)."""
    place = place - 0.5
    inside = ((place > -PAD + 1) & (place < (surface.width + PAD - 2, surface.height + PAD - 2))).all(axis=1)
    if not inside.all():
        place, depth = place[inside], depth[inside]
    cell = np.floor(place)
    fraction = (place - cell).astype(np.float32)
    whole = cell.astype(np.intp) + PAD
    base = whole[:, 1] * surface.stride + whole[:, 0]
    right = depth * fraction[:, 0]
    left = depth - right
    below_left, below_right = left * fraction[:, 1], right * fraction[:, 1]
    flat = np.concatenate([base, base + 1, base + surface.stride, base + surface.stride + 1])
    surface.add(flat, np.concatenate([left - below_left, right - below_right, below_left, below_right]))


def _clip(starts: Array, ends: Array, width: int, height: int, margin: float) -> tuple[Array, Array]:
    """The shares (s,), (s,) along each segment between which it lies in the picture (Liang and Barsky 1984)."""
    first, last = np.zeros(len(starts)), np.ones(len(starts))
    with np.errstate(divide="ignore", invalid="ignore"):
        for axis, size in ((0, width), (1, height)):
            delta = (ends[:, axis] - starts[:, axis]).astype(np.float64)
            enter = (-margin - starts[:, axis]) / delta
            leave = (size + margin - starts[:, axis]) / delta
            still = delta == 0
            outside = still & ((starts[:, axis] < -margin) | (starts[:, axis] > size + margin))
            low, high = np.minimum(enter, leave), np.maximum(enter, leave)
            first = np.maximum(first, np.where(still, 0.0, low))
            last = np.minimum(last, np.where(outside, -1.0, np.where(still, 1.0, high)))
    return first, last
