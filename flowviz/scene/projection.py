"""Three dimensions as a camera sees them: 3D marks become the 2D marks that the one painter draws. Pure numpy.

Depth is told by size, by brightness (far things are mixed with the colour of the stage, as in haze) and by what
hides what. Marks are cut into slices of equal depth, drawn from back to front; a sheet (a slice through space)
divides everything into what is behind it and what is before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from flowviz.core.camera import SLICE_AXES, Camera
from flowviz.core.spec import Array, frozen_array
from flowviz.scene._box import box_lines, furniture
from flowviz.scene._lens import Lens
from flowviz.scene.marks import Arrows, Extent, Lines, Mark, Points, Room, Sheet, Shell, Splats, Volume, Warp, Words

BANDS = 12
"""Slices of depth in which marks are drawn."""
HAZE = 0.66
"""Share of the stage's colour in the farthest marks."""
SMALL, LARGE = 0.74, 1.26
"""Sizes of the farthest and the nearest dots; fixed, so that the painter's dots can be kept."""
_THICK = 1e-4
"""Distance from a sheet, in spans, that is still in it."""
_SOLID = 0.6
"""Opacity from which a shell hides what is behind it."""
_LAMP = np.array([-0.45, 0.6, 0.66], np.float32)
"""Direction to the lamp as the eye sees it: right, up, toward the eye; of length 1."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A 2D mark and when it is drawn: behind the sheet or before it, then by depth, then in the order given."""

    key: tuple[int, int, int]
    mark: Mark


def picture_extent(width: float, height: float) -> Extent:
    """The extent of projected marks: y from -1 to 1, x by the picture's shape."""
    aspect = width / height
    return (-aspect, aspect, -1.0, 1.0)


def project(
    marks: Sequence[Mark],
    camera: Camera,
    width: int,
    height: int,
    scale: float = 1.0,
) -> tuple[Mark, ...]:
    """The picture of a scene in three dimensions, from back to front, to be painted in `picture_extent`.

    Args:
        marks: marks of three dimensions; those of two are laid over the picture as they are. A Room is drawn
            with its axes, and is the measure of depth.
        camera: where it is seen from.
        width, height: of the picture in pixels.
        scale: pixels per point.
    """
    room = next((mark for mark in marks if isinstance(mark, Room)), None)
    lens = Lens(camera, width, height, room.volume if room else None)
    behind, before = _surroundings(camera, width, height, room.volume, scale) if room else ((), ())
    sheet = next((mark for mark in marks if isinstance(mark, Sheet)), None)
    pieces: list[_Piece] = []
    flat: list[Mark] = []
    side = _sides(lens, sheet)
    is_alone = all(isinstance(mark, Room | Shell) for mark in marks)
    for order, mark in enumerate(mark for mark in marks if mark is not room):
        match mark:
            case Points() if mark.xy.shape[1] == 3:
                pieces += _points(lens, mark, order, side)
            case Lines() if mark.paths.shape[2] == 3:
                pieces += _lines(lens, mark, order, side)
            case Arrows() if mark.origins.shape[1] == 3:
                pieces += _arrows(lens, mark, order, side)
            case Sheet():
                places, _ = lens.places(sheet_corners(mark))
                outline = Lines(np.concatenate([places, places[:1]])[None], "muted", 1.0, 0.7)
                pieces += [
                    _Piece((0, 0, order), Warp(mark.values, places, mark.colours)),
                    _Piece((0, 1, order), outline),
                ]
            case Shell():
                pieces += _shell(lens, mark, order, is_alone)
            case Words() if mark.xy.shape[1] == 3:
                flat.append(replace(mark, xy=lens.places(mark.xy)[0]))
            case _:
                flat.append(mark)
    ordered = [piece.mark for piece in sorted(pieces, key=lambda piece: piece.key)]
    return (*behind, *ordered, *before, *flat)


@lru_cache(maxsize=8)
def _surroundings(
    camera: Camera, width: int, height: int, volume: Volume, scale: float
) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
    """The box behind a scene and what is written over it; the same arrays while the camera stands still, which the
    painter can tell."""
    lens = Lens(camera, width, height, volume)
    around = furniture(lens, volume, 2 * scale / height)
    behind = tuple(replace(line, paths=frozen_array(lens.places(line.paths)[0])) for line in box_lines(around))
    return behind, tuple(around.before)


def thinned(marks: Sequence[Mark], most: int) -> tuple[Mark, ...]:
    """The marks with at most so many dots of each kind, for a picture that must be quick: the first ones of each,
    which where dots are draws of a distribution are as good as any."""

    def first(points: Points) -> Points:
        values = points.values[:most] if points.values is not None else None
        return replace(points, xy=points.xy[:most], values=values)

    return tuple(first(mark) if isinstance(mark, Points) and len(mark.xy) > most else mark for mark in marks)


def sheet_corners(sheet: Sheet) -> Array:
    """(4, 3) corners of a sheet in space: low-low, high-low, high-high, low-high."""
    _, (first, second) = sheet_axes(sheet)
    corners = np.full((4, 3), sheet.place)
    corners[:, first] = [sheet.extent[0], sheet.extent[1], sheet.extent[1], sheet.extent[0]]
    corners[:, second] = [sheet.extent[2], sheet.extent[2], sheet.extent[3], sheet.extent[3]]
    return corners


def sheet_axes(sheet: Sheet) -> tuple[int, tuple[int, int]]:
    """The number of the axis that a sheet stands across, and of the two that it spans."""
    across = SLICE_AXES.index(sheet.axis)
    first, second = (axis for axis in range(3) if axis != across)
    return across, (first, second)


def _sides(lens: Lens, sheet: Sheet | None) -> Callable[[Array], Array]:
    """A function that tells for points (n, 3) whether they are behind the sheet (-1) or before it (1)."""
    if sheet is None:
        return lambda points: np.ones(len(points), np.int8)
    across, _ = sheet_axes(sheet)
    is_high = lens.is_above(across, sheet.place)

    # what lies in the sheet itself is seen on it
    edge = sheet.place + (-_THICK if is_high else _THICK) * lens.camera.span

    def side(points: Array) -> Array:
        return np.where((points[:, across] > edge) == is_high, 1, -1).astype(np.int8)

    return side


def _slices(side: Array, nearness: Array) -> list[tuple[int, int, Array]]:
    """Things by side and band of depth: (side, band, their indices), the farthest band first."""
    band = np.clip(np.nan_to_num(nearness) * BANDS, 0, BANDS - 1).astype(np.int16)
    group = (side + 1) * BANDS + band
    order = np.argsort(group, kind="stable")
    cuts = np.flatnonzero(np.diff(group[order])) + 1
    return [(int(side[part[0]]), int(band[part[0]]), part) for part in np.split(order, cuts) if part.size]


def _looks(band: int) -> dict[str, Any]:
    return {"fog": HAZE * (1.0 - (band + 0.5) / BANDS)}


def _growth(band: int) -> float:
    return SMALL + (LARGE - SMALL) * (band + 0.5) / BANDS


def _points(lens: Lens, points: Points, order: int, side: Callable[[Array], Array]) -> list[_Piece]:
    places, nearness = lens.places(points.xy)
    pieces = []
    for where, band, part in _slices(side(points.xy), nearness):
        values = None if points.values is None else np.asarray(points.values)[part]
        mark = replace(points, xy=places[part], values=values, size=points.size * _growth(band), **_looks(band))
        pieces.append(_Piece((where, band, order), mark))
    return pieces


def _lines(lens: Lens, lines: Lines, order: int, side: Callable[[Array], Array]) -> list[_Piece]:
    """Each line is as near as its last point, where its particle is."""
    places, nearness = lens.places(lines.paths)
    pieces = []
    for where, band, part in _slices(side(lines.paths[:, -1]), nearness[:, -1]):
        mark = replace(lines, paths=places[part], width=lines.width * _growth(band), **_looks(band))
        pieces.append(_Piece((where, band, order), mark))
    return pieces


def _arrows(lens: Lens, arrows: Arrows, order: int, side: Callable[[Array], Array]) -> list[_Piece]:
    tails, nearness = lens.places(arrows.origins)
    tips, _ = lens.places(arrows.origins + arrows.vectors)
    pieces = []
    for where, band, part in _slices(side(arrows.origins + 0.5 * arrows.vectors), nearness):
        looks = _looks(band)
        mark = replace(arrows, origins=tails[part], vectors=(tips - tails)[part], **looks)
        pieces.append(_Piece((where, band, order), mark))
    return pieces


def _shell(lens: Lens, shell: Shell, order: int, is_alone: bool) -> list[_Piece]:
    """The half that faces the eye, from back to front.

    A solid shell hides what is behind each of its parts, so it is cut by depth like everything else, unless it is
    alone; a clear one would show the seams, so it is laid over all as a whole.
    """
    seen, shades, alphas = lit(lens, shell)
    if not seen.size:
        return []
    places, nearness = lens.places(shell.points[seen])
    parts = [(1, BANDS, np.arange(len(seen)))]
    if shell.alpha > _SOLID and not is_alone:
        parts = _slices(np.ones(len(seen), np.int8), nearness)
    pieces = []
    for _, band, part in parts:
        part = part[np.argsort(nearness[part], kind="stable")]
        size = shell.size * lens.gain * lens.growth(shell.points[seen[part]])
        mark = Splats(places[part], shades[part], alphas[part], size, shell.colour)
        pieces.append(_Piece((1, band, order), mark))
    return pieces


def lit(lens: Lens, shell: Shell) -> tuple[Array, Array, Array]:
    """The points of a shell that face the eye: their indices, brightness in [0, 1], and opacity."""
    normals = np.asarray(shell.normals, np.float32) @ lens.axes.T
    facing = np.einsum("ij,ij->i", normals, lens.toward_eye(shell.points))
    seen = np.flatnonzero(facing > 0.0)
    normals, facing = normals[seen], facing[seen]
    _, nearness = lens.places(shell.points[seen])
    haze = 1.0 - 0.45 * (1.0 - np.clip(nearness, 0, 1))
    shades = (0.16 + 0.62 * np.maximum(normals @ _LAMP, 0.0) + 0.14 * facing) * haze
    shades += 0.18 * np.maximum(normals @ _half_way(), 0.0) ** 24
    if shell.alpha > _SOLID:
        return seen, shades, np.full(len(seen), shell.alpha, np.float32)
    return seen, shades, np.clip(shell.alpha + 0.5 * (1 - facing) ** 2, 0, 1).astype(np.float32)


def haze_of(nearness: Array) -> Array:
    """Share of the stage's colour that is mixed into things so near."""
    return np.asarray(HAZE * (1.0 - np.clip(np.nan_to_num(nearness), 0.0, 1.0)), dtype=np.float32)


def _half_way() -> Array:
    """Halfway between the lamp and the eye: where a surface gleams (Blinn 1977)."""
    half = _LAMP + np.array([0.0, 0.0, 1.0], np.float32)
    return np.asarray(half / np.linalg.norm(half))
