"""Strokes on a plane in space: round ink in all directions, on a grid of cells in the cube [-4, 4]^3."""

from __future__ import annotations

import math

import numpy as np

from flowviz.core.spec import Array
from flowviz.targets._grid import CUBE
from flowviz.targets._strokes import CLEAN, DOT, ERASE, Stroke, spray_dots, stretches

IN_PLANE = ((1, 2), (0, 2), (0, 1))
"""For a plane across x, y or z: the axes of space that point right and up in it."""


def lifted(places: Array, axis: int, height: float) -> Array:
    """Places (n, 3) in space of places (n, 2) on the plane across `axis` (0, 1, 2) at `height`."""
    x = np.full((len(places), 3), float(height))
    x[:, IN_PLANE[axis]] = places
    return x


def paint_volume(volume: Array, stroke: Stroke, axis: int, height: float, first: int = 0) -> None:
    """Draw a stroke into a volume, in place: each dab is a ball of the stroke's size about the plane.

    Args:
        volume: (layers, rows, columns) of ink on [-4, 4]^3; layer 0 at z = -4, row 0 at y = -4.
        stroke: its points lie on the plane.
        axis: 0, 1 or 2: the plane lies across x, y or z.
        height: where.
        first: index of the first point that is new; the points before it are in the volume already.
    """
    for index, flat, ink in stretches(stroke, first):
        places = lifted(flat, axis, height)
        if stroke.tool == "spray":
            for place in spray_dots(stroke, places, ink, index):
                _dab(volume, place, DOT * stroke.size, 1.0, stroke.strength, erase=False)
            continue
        each = stroke.strength * ink / len(places)
        for place in places:
            _dab(volume, place, stroke.size, stroke.softness, each, erase=stroke.tool == "eraser")


def _dab(volume: Array, place: Array, size: float, softness: float, ink: float, *, erase: bool) -> None:
    """Add (or wipe off) `ink` times a round profile of diameter `size` about `place` (3,)."""
    low, cell = CUBE[0], (CUBE[1] - CUBE[0]) / volume.shape[0]
    radius = max(size / 2, 0.75 * cell)  # thinner ones would fall between the cells
    soft = max(softness * radius, min(cell, radius))
    windows, squares = [], []
    for axis in range(3):
        start = max(0, math.floor((place[axis] - radius - low) / cell) - 1)
        end = min(volume.shape[0], math.ceil((place[axis] + radius - low) / cell) + 1)
        windows.append(slice(start, max(start, end)))
        squares.append((low + cell * (np.arange(start, max(start, end)) + 0.5) - place[axis]) ** 2)
    window = volume[windows[2], windows[1], windows[0]]
    if window.size == 0:
        return
    distance = np.sqrt(squares[2][:, None, None] + squares[1][:, None] + squares[0])
    edge = np.clip((radius + 0.5 * min(cell, soft) - distance) / soft, 0.0, 1.0)
    profile = edge * edge * (3 - 2 * edge)
    if not erase:
        window += (ink * profile).astype(window.dtype)
        return
    window *= np.exp(-ERASE * ink * profile).astype(window.dtype)
    window[(profile > 0) & (window < CLEAN)] = 0.0
