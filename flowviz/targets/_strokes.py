"""Strokes of a brush, a spray can or an eraser, and the density they leave on a grid.

Ink is counted in passes: a brush drawn once over a place leaves about 1 there, and every second that it
rests adds `RATE`. Each stretch between two points of a stroke leaves its ink by itself, so that a stroke
drawn piece by piece (`first`) gives the very same grid as one drawn at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from flowviz.core.spec import Array
from flowviz.targets._grid import EXTENT, Extent

Tool = Literal["brush", "spray", "eraser"]
TOOLS: tuple[Tool, ...] = ("brush", "spray", "eraser")

RATE = 2.0  # passes of ink per second of rest
_TOUCH = 0.5  # ink that the first point leaves by itself, so that a click makes a point
_STEP = 0.2  # distance between dabs, as a share of the size
ERASE = 6.0  # one pass of the eraser's core leaves exp(-6) of the ink
CLEAN = 0.02  # what the eraser leaves below this is wiped off
_DOTS = 60  # dots of the spray per pass of ink
_SMALL, _FEW, _AT_ONCE = 6, 4, 512  # dabs of up to so many cells' radius, and from so many on, are put at once
DOT = 0.07  # size of a spray dot, as a share of the spray's size


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """One stroke, from pressing the button to letting it go.

    Attributes:
        tool: "brush", "spray" or "eraser".
        points: (k, 3): x, y in world units and the seconds spent since the point before (for the first
            point: before moving on). One point is a click.
        size: diameter of the tool in world units.
        softness: 0 for a hard edge, 1 for an edge that fades from the centre on.
        seed: of the spray's dots.
        strength: how much ink there is, as a multiple of the usual.
    """

    tool: Tool
    points: Array = field(repr=False)
    size: float = 0.4
    softness: float = 0.5
    seed: int = 0
    strength: float = 1.0


def rasterise(strokes: Iterable[Stroke], resolution: int = 256, extent: Extent = EXTENT) -> Array:
    """The density (resolution, resolution) float64 that the strokes leave, in order; row 0 at y_low."""
    grid = np.zeros((resolution, resolution))
    for stroke in strokes:
        rasterise_onto(grid, stroke, extent)
    return grid


def rasterise_onto(grid: Array, stroke: Stroke, extent: Extent = EXTENT, first: int = 0) -> None:
    """Draw a stroke onto a density grid, in place.

    Args:
        grid: (rows, columns) float64, row 0 at y_low.
        stroke: the stroke.
        extent: (x_low, x_high, y_low, y_high) of the grid's outer edges.
        first: index of the first point that is new; the points before it are on the grid already.
    """
    paper = _Paper(grid, extent)
    for index, places, ink in stretches(stroke, first):
        if stroke.tool == "spray":
            dots = spray_dots(stroke, places, ink, index)
            paper.dabs(dots, DOT * stroke.size, 1.0, stroke.strength, erase=False)
        else:
            each = stroke.strength * ink / len(places)
            paper.dabs(places, stroke.size, stroke.softness, each, erase=stroke.tool == "eraser")


def stretches(stroke: Stroke, first: int = 0) -> Iterator[tuple[int, Array, float]]:
    """The pieces of a stroke from its point `first` on: index, places of dabs (k, 2), and all of their ink."""
    points = np.asarray(stroke.points, dtype=np.float64).reshape(-1, 3)
    for index in range(first, len(points)):
        x, y, seconds = points[index]
        rest = RATE * max(0.0, float(seconds))
        before = points[index - 1] if index else points[0]
        length = math.hypot(x - before[0], y - before[1])
        count = max(1, math.ceil(length / (_STEP * stroke.size)))
        ink = (_TOUCH + rest) if index == 0 else (length / stroke.size + rest)
        along = (np.arange(count) + 0.5) / count if index else np.ones(1)
        yield index, before[:2] + along[:, None] * (points[index, :2] - before[:2]), ink


def spray_dots(stroke: Stroke, places: Array, ink: float, index: int) -> Array:
    """Random places (n, d) of dots about the places (k, d), denser in the middle the softer the spray is."""
    rng = np.random.default_rng((stroke.seed, index))
    count = int(rng.poisson(_DOTS * ink)) if index else max(1, round(_DOTS * ink))
    chosen = places[rng.integers(0, len(places), count)]
    if places.shape[1] == 2:
        angles = 2 * math.pi * rng.random(count)
        directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    else:
        directions = rng.standard_normal((count, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radii = stroke.size / 2 * rng.random(count) ** (0.5 + 0.75 * stroke.softness)
    return np.asarray(chosen + radii[:, None] * directions)


class _Paper:
    """A grid with an extent, on which round dabs of ink can be put."""

    def __init__(self, grid: Array, extent: Extent) -> None:
        rows, columns = grid.shape
        x_low, x_high, y_low, y_high = extent
        self._grid = grid
        self._cell_x, self._cell_y = (x_high - x_low) / columns, (y_high - y_low) / rows
        self._xs = x_low + self._cell_x * (np.arange(columns) + 0.5)
        self._ys = y_low + self._cell_y * (np.arange(rows) + 0.5)

    def dabs(self, places: Array, size: float, softness: float, ink: float, *, erase: bool) -> None:
        """Put the same dab at many places (k, 2), in order."""
        reach = math.ceil(max(size / 2, 0.75 * max(self._cell_x, self._cell_y)) / min(self._cell_x, self._cell_y)) + 1
        if erase or reach > _SMALL or len(places) < _FEW:
            for place in places:
                self.dab(place, size, softness, ink, erase=erase)
            return
        for start in range(0, len(places), _AT_ONCE):
            self._small_dabs(places[start : start + _AT_ONCE], reach, size, softness, ink)

    def _small_dabs(self, places: Array, reach: int, size: float, softness: float, ink: float) -> None:
        """Many small dabs of ink at once: a long line of a thin brush has hundreds."""
        radius, soft, fringe = self._measures(size, softness)
        around = np.arange(-reach, reach + 1)
        columns = np.floor((places[:, :1] - self._xs[0]) / self._cell_x + 0.5).astype(np.intp) + around
        rows = np.floor((places[:, 1:] - self._ys[0]) / self._cell_y + 0.5).astype(np.intp) + around
        dx = self._xs[0] + columns * self._cell_x - places[:, :1]
        dy = self._ys[0] + rows * self._cell_y - places[:, 1:]
        distance = np.hypot(dx[:, None, :], dy[:, :, None])
        edge = np.clip((radius + fringe - distance) / soft, 0.0, 1.0)
        profile = ink * edge * edge * (3 - 2 * edge)
        inside = ((rows >= 0) & (rows < len(self._ys)))[:, :, None] & ((columns >= 0) & (columns < len(self._xs)))[
            :, None, :
        ]
        cells = rows[:, :, None] * len(self._xs) + columns[:, None, :]
        chosen = inside & (profile > 0)
        added = np.bincount(cells[chosen], weights=profile[chosen], minlength=self._grid.size)
        self._grid += added.reshape(self._grid.shape)

    def _measures(self, size: float, softness: float) -> tuple[float, float, float]:
        """Radius, width of the soft edge, and how far the edge reaches beyond the radius."""
        cell = max(self._cell_x, self._cell_y)
        radius = max(size / 2, 0.75 * cell)  # thinner ones would fall between the cells
        soft = max(softness * radius, min(cell, radius))
        return radius, soft, 0.5 * min(cell, soft)

    def dab(self, place: Array, size: float, softness: float, ink: float, *, erase: bool) -> None:
        """Add (or wipe off) `ink` times a round profile of diameter `size` at `place` (2,)."""
        radius, soft, fringe = self._measures(size, softness)
        cell = max(self._cell_x, self._cell_y)
        columns = slice(*np.searchsorted(self._xs, (place[0] - radius - cell, place[0] + radius + cell)))
        rows = slice(*np.searchsorted(self._ys, (place[1] - radius - cell, place[1] + radius + cell)))
        window = self._grid[rows, columns]
        if window.size == 0:
            return
        distance = np.hypot(self._xs[None, columns] - place[0], self._ys[rows, None] - place[1])
        edge = np.clip((radius + fringe - distance) / soft, 0.0, 1.0)
        profile = edge * edge * (3 - 2 * edge)
        if not erase:
            window += ink * profile
            return
        window *= np.exp(-ERASE * ink * profile)
        window[(profile > 0) & (window < CLEAN)] = 0.0
