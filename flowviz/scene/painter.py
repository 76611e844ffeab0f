"""Marks to pixels: the one painter of the window, of films and of thumbnails. numpy and Pillow, any thread."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import takewhile

import numpy as np

from flowviz.core.camera import Camera
from flowviz.core.spec import Array
from flowviz.scene._dots import draw_dots
from flowviz.scene._heat import draw_heatmap, draw_warp
from flowviz.scene._splats import draw_splats
from flowviz.scene._strokes import add_segments, add_triangles, draw_lines
from flowviz.scene._surface import Surface
from flowviz.scene._words import draw_words
from flowviz.scene.marks import Arrows, Extent, Heatmap, Lines, Mark, Points, Room, Sheet, Shell, Splats, Warp, Words
from flowviz.scene.panels import View
from flowviz.scene.projection import picture_extent, project
from flowviz.scene.tokens import Tokens

HEAD_LENGTH = 3.6
HEAD_WIDTH = 2.9
_BACKDROPS = 4


def paint(
    marks: Sequence[Mark],
    view: View,
    width: int,
    height: int,
    tokens: Tokens,
    scale: float = 1.0,
    out: Array | None = None,
    breathe: Callable[[], object] | None = None,
) -> Array:
    """Paint marks from back to front on the theme's stage colour.

    Args:
        marks: what to draw, in world coordinates.
        view: the part of the plane that fills the picture, its y axis pointing up; or the camera that sees space.
        width, height: pixels.
        tokens: colours.
        scale: pixels per point of sizes and widths (device pixel ratio, film size).
        out: an array to paint into, of the result's shape and type; saves fresh memory for each picture.
        breathe: called every fraction of a millisecond; a thread that paints beside an event loop sleeps in it for a
            moment. numpy lets go of the interpreter often but takes it back before a waiting thread has woken up,
            so without a real pause the event loop would wait until the whole picture is done.

    Returns:
        (height, width, 4) uint8, bytes B, G, R, 255 (QImage.Format_RGB32).
    """
    if isinstance(view, Camera):
        marks = project(marks, view, width, height, scale)
        extent = picture_extent(width, height)
    else:
        extent = view
    if out is None or out.shape != (height, width, 4) or not out.flags.c_contiguous:
        out = np.empty((height, width, 4), np.uint8)
    surface = Surface(width, height, tokens, breathe)
    for mark in _without_backdrop(surface, marks, extent, scale):
        surface.breathe()
        match mark:
            case Heatmap():
                draw_heatmap(surface, mark, extent)
            case Points():
                _draw_points(surface, mark, extent, scale)
            case Lines():
                draw_lines(surface, mark, to_pixels(mark.paths, extent, width, height), scale)
            case Arrows():
                _draw_arrows(surface, mark, extent, scale)
            case Warp():
                draw_warp(surface, mark, to_pixels(mark.corners, extent, width, height))
            case Splats():
                per_unit = width / (extent[1] - extent[0])
                draw_splats(surface, mark, to_pixels(mark.xy, extent, width, height), per_unit)
            case Words():
                draw_words(surface, mark, to_pixels(mark.xy, extent, width, height), scale)
            case Room() | Sheet() | Shell():
                raise TypeError(f"a {type(mark).__name__} needs a camera to be seen by")
    out.view(np.uint32)[..., 0] = surface.rows
    return out


class _Backdrops(threading.local):
    """What is rearmost in the latest panels, per thread: the target's samples and the box around space stand still
    while all else moves."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], tuple[Sequence[Mark], Array]] = OrderedDict()

    def get(self, marks: Sequence[Mark], view: tuple[object, ...]) -> Array | None:
        old, pixels = self._kept.get(view, ((), np.zeros(0)))
        same = len(old) == len(marks) and all(_is_same(*pair) for pair in zip(old, marks, strict=True))
        return pixels if same else None

    def keep(self, marks: Sequence[Mark], view: tuple[object, ...], pixels: Array) -> None:
        self._kept[view] = (marks, pixels)
        self._kept.move_to_end(view)
        while len(self._kept) > _BACKDROPS:
            self._kept.popitem(last=False)


_backdrops = _Backdrops()


def _stands_still(mark: Mark) -> bool:
    """Whether nobody can move a mark: its places are read-only."""
    return (isinstance(mark, Points) and not mark.xy.flags.writeable) or (
        isinstance(mark, Lines) and not mark.paths.flags.writeable and isinstance(mark.alpha, float)
    )


def _is_same(old: Mark, new: Mark) -> bool:
    """Whether two marks that stand still are drawn alike: the same arrays, and equal looks."""
    if isinstance(old, Points) and isinstance(new, Points):
        same = old.xy is new.xy and old.values is new.values
        return same and (old.colour, old.size, old.alpha, old.fog) == (new.colour, new.size, new.alpha, new.fog)
    if isinstance(old, Lines) and isinstance(new, Lines):
        looks = (new.colour, new.width, new.alpha, new.fog)
        return old.paths is new.paths and (old.colour, old.width, old.alpha, old.fog) == looks
    return False


def _without_backdrop(surface: Surface, marks: Sequence[Mark], extent: Extent, scale: float) -> Sequence[Mark]:
    """The marks that are left to paint once those that stand still behind them are on the surface."""
    rear = tuple(takewhile(_stands_still, marks))
    if not rear:
        return marks
    # one panel of each kind of view has one backdrop, however its target changes
    view = (extent, surface.width, surface.height, scale, surface.tokens, tuple(type(mark) for mark in rear))
    pixels = _backdrops.get(rear, view)
    if pixels is None:
        for mark in rear:
            if isinstance(mark, Points):
                _draw_points(surface, mark, extent, scale)
            elif isinstance(mark, Lines):
                draw_lines(surface, mark, to_pixels(mark.paths, extent, surface.width, surface.height), scale)
        _backdrops.keep(rear, view, surface.copy())
    else:
        surface.restore(pixels)
    return marks[len(rear) :]


def _draw_points(surface: Surface, points: Points, extent: Extent, scale: float) -> None:
    draw_dots(surface, points, to_pixels(points.xy, extent, surface.width, surface.height), scale)


def to_pixels(xy: Array, extent: Extent, width: int, height: int) -> Array:
    """World coordinates (..., 2) as picture coordinates: x to the right and y down, (0, 0) the outer corner."""
    x_low, x_high, y_low, y_high = extent
    gain = np.array([width / (x_high - x_low), -height / (y_high - y_low)], np.float32)
    shift = np.array([-x_low * gain[0], -y_high * gain[1]], np.float32)
    return np.asarray(np.asarray(xy, np.float32) * gain + shift)


def _draw_arrows(surface: Surface, arrows: Arrows, extent: Extent, scale: float) -> None:
    """Shafts with filled heads; a head shrinks with an arrow too short for it."""
    tails = to_pixels(arrows.origins, extent, surface.width, surface.height)
    tips = to_pixels(np.asarray(arrows.origins) + arrows.vectors, extent, surface.width, surface.height)
    with np.errstate(invalid="ignore", over="ignore"):
        delta = tips - tails
        length = np.hypot(delta[:, 0], delta[:, 1])
        drawn = np.isfinite(length) & (length > 0.4)
    tails, tips, delta, length = tails[drawn], tips[drawn], delta[drawn], length[drawn]
    if not len(tails):
        return
    width = arrows.width * scale
    head = np.minimum(HEAD_LENGTH * width, 0.62 * length)
    along = delta / length[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    neck = tips - along * head[:, None]
    wing = across * (head * (HEAD_WIDTH / HEAD_LENGTH / 2))[:, None]
    depth = -float(np.log1p(-np.clip(arrows.alpha, 0.0, 0.985)))
    solid = np.full(len(tails), depth)
    add_segments(surface, tails, neck, solid * 0.35, solid, width)
    add_triangles(surface, tips, neck + wing, neck - wing, depth)
    surface.settle(arrows.colour, depth, fog=arrows.fog)
