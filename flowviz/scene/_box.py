"""What stands around a scene in three dimensions: the box with its axes and ticks, and the axis triad."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from flowviz.core.camera import AXES, Axis
from flowviz.core.spec import Array
from flowviz.scene._lens import Lens, corners
from flowviz.scene.marks import Lines, Mark, Points, Volume, Words
from flowviz.scene.ticks import number_text, round_step, round_values

AXIS_COLOURS = ("series5", "series2", "series0")
"""Tokens of x, y and z."""
_TICK_OFFSET, _NAME_OFFSET = 13.0, 29.0
_CORNER = 0.035
"""Share of an axis at its ends where numbers would run into those of its neighbour."""
_TIGHT = 2.3
"""Least distance of numbers, in their offsets from the axis."""
_LEAST_AXIS = 0.25
"""Picture units below which an axis is seen too nearly from its end to be labelled."""
_LEAST_HEIGHT = 300.0
"""Points: height of a picture that has room for a triad."""
TRIAD_MARGIN, TRIAD_REACH, TRIAD_BALL = 46.0, 27.0, 15.0
"""Points: the triad's centre from the corner, its balls from its centre, and their diameter."""


@dataclass(frozen=True, slots=True, eq=False)
class Furniture:
    """The box as lines in space, and what is written and drawn over the picture.

    Attributes:
        walls: (m, 2, 3) lines at the ticks on the three far faces.
        outline: (k, 2, 3) edges of those faces and the labelled axes.
        before: numbers, names and triad, as marks of two dimensions.
    """

    walls: Array
    outline: Array
    before: list[Mark]


def furniture(lens: Lens, box: Volume, point: float) -> Furniture:
    """What stands around a scene.

    Args:
        lens: of the picture.
        box: the world.
        point: picture units per point.
    """
    step = round_step(min(high - low for low, high in zip(*box, strict=True)))
    ticks = [round_values(low, high, step) for low, high in zip(*box, strict=True)]
    # of each pair of faces the one that is seen from within
    back = [0 if lens.axes[2, axis] > 0 else 1 for axis in range(3)]
    axes = [found for axis in range(3) if (found := _axis(lens, box, axis, back)) is not None]
    outline = np.stack([*_edges(box, back), *(axis.ends for axis in axes)])
    before: list[Mark] = [_numbers(lens, box, axes, ticks, point)] if axes else []
    for axis in axes:
        place, offset = axis.seen.mean(axis=0)[None], axis.away[None] * _NAME_OFFSET
        before.append(Words(place, ("xyz"[axis.number],), AXIS_COLOURS[axis.number], 14.0, offset, is_bold=True))
    return Furniture(_walls(box, ticks, back), outline, before + triad_marks(lens, point))


def box_lines(around: Furniture) -> tuple[Lines, Lines]:
    """The lines of the box, as marks of three dimensions."""
    return Lines(around.walls, "muted", 0.8, 0.22), Lines(around.outline, "muted", 1.0, 0.62)


def _walls(box: Volume, ticks: list[list[float]], back: list[int]) -> Array:
    """(m, 2, 3) lines at the ticks on the three far faces."""
    lines = []
    for wall in range(3):
        for axis in (axis for axis in range(3) if axis != wall):
            other = 3 - wall - axis
            for tick in ticks[axis]:
                ends = np.empty((2, 3))
                ends[:, wall], ends[:, axis] = box[back[wall]][wall], tick
                ends[:, other] = box[0][other], box[1][other]
                lines.append(ends)
    return np.stack(lines) if lines else np.zeros((0, 2, 3))


def _edges(box: Volume, back: list[int]) -> Array:
    """(9, 2, 3) edges of the three far faces."""
    places = corners(box)
    pairs = [(i, i | 1 << axis) for axis in range(3) for i in range(8) if not i >> axis & 1]
    touching = [(i, j) for i, j in pairs if any((i >> axis & 1) == back[axis] == (j >> axis & 1) for axis in range(3))]
    return np.stack([places[[i, j]] for i, j in touching])


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    """A labelled edge: its number, its ends in space (2, 3) and in the picture (2, 2), and the way out (2,)."""

    number: int
    ends: Array
    seen: Array
    away: Array


def _axis(lens: Lens, box: Volume, axis: int, back: list[int]) -> _Axis | None:
    """The lowest (z: the leftmost) edge on the outline of the box; None where it is seen from its end."""
    first, second = (other for other in range(3) if other != axis)
    found: list[tuple[float, Array, Array]] = []
    for far_first in (True, False):
        ends = np.empty((2, 3))
        ends[:, axis] = box[0][axis], box[1][axis]
        ends[:, first] = box[back[first] if far_first else 1 - back[first]][first]
        ends[:, second] = box[1 - back[second] if far_first else back[second]][second]
        seen, _ = lens.places(ends)
        if np.isfinite(seen).all():
            middle = seen.mean(axis=0)
            found.append((float(middle[0] if axis == 2 else middle[1] + 0.3 * middle[0]), ends, seen))
    if not found:
        return None
    _, ends, seen = min(found, key=lambda item: item[0])
    along = seen[1] - seen[0]
    length = float(np.hypot(*along))
    if length < _LEAST_AXIS:
        return None
    centre, _ = lens.places(corners(box).mean(axis=0)[None])
    away = np.array([-along[1], along[0]]) / length
    return _Axis(axis, ends, seen, -away if away @ (seen.mean(axis=0) - centre[0]) < 0 else away)


def _numbers(lens: Lens, box: Volume, axes: list[_Axis], ticks: list[list[float]], point: float) -> Words:
    """The numbers at the ticks of all labelled edges; fewer on an edge that is seen nearly from its end."""
    spots, texts, offsets = [], [], []
    for axis in axes:
        length = float(np.hypot(*(axis.seen[1] - axis.seen[0])))
        apart = length / max(1, len(ticks[axis.number])) / (_TICK_OFFSET * point)
        for tick in ticks[axis.number][:: max(1, math.ceil(_TIGHT / apart))]:
            room = _CORNER * (box[1][axis.number] - box[0][axis.number])
            if box[0][axis.number] + room < tick < box[1][axis.number] - room:
                spot = axis.ends[0].copy()
                spot[axis.number] = tick
                spots.append(spot)
                texts.append(number_text(tick))
                offsets.append(axis.away * _TICK_OFFSET)
    places, _ = lens.places(np.stack(spots)) if spots else (np.zeros((0, 2)), None)
    return Words(places, tuple(texts), "muted", 11.0, np.reshape(offsets, (-1, 2)))


@dataclass(frozen=True, slots=True)
class Ball:
    """One end of an axis in the triad: place in picture units, nearness from -1 to 1."""

    axis: Axis
    place: tuple[float, float]
    nearness: float


def triad_balls(lens: Lens, point: float) -> tuple[tuple[float, float], list[Ball]]:
    """The centre of the triad in the lower left corner, and its six balls from back to front; none in a small picture,
    where they would stand on the box."""
    if 2.0 / point < _LEAST_HEIGHT:
        return (0.0, 0.0), []
    centre = np.array([-lens.aspect + TRIAD_MARGIN * point, -1.0 + TRIAD_MARGIN * point])
    balls = []
    for axis in AXES:
        way = lens.axes[:, "xyz".index(axis[1])] * (1.0 if axis[0] == "+" else -1.0)
        x, y = centre + TRIAD_REACH * point * way[:2]
        balls.append(Ball(axis, (float(x), float(y)), float(way[2])))
    return (float(centre[0]), float(centre[1])), sorted(balls, key=lambda ball: ball.nearness)


def triad_marks(lens: Lens, point: float) -> list[Mark]:
    """The triad: a lettered ball at the end of each positive axis, a small one at each negative end."""
    centre, balls = triad_balls(lens, point)
    if not balls:
        return []
    ends = [ball.place for ball in balls if ball.axis[0] == "+"]
    marks: list[Mark] = [Lines(np.array([[centre, end] for end in ends], np.float32), "muted", 2.0, 0.9)]
    for ball in balls:
        colour = AXIS_COLOURS["xyz".index(ball.axis[1])]
        fog = 0.22 * (1 - ball.nearness)
        place = np.array([ball.place], np.float32)
        if ball.axis[0] == "+":
            marks.append(Points(place, colour, TRIAD_BALL, 0.99, fog=fog))
            marks.append(Words(place, (ball.axis[1],), "stage", 11.0, is_bold=True))
        else:
            marks.append(Points(place, colour, 0.62 * TRIAD_BALL, 0.85, fog=0.35 + fog))
    return marks
