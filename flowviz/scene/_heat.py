"""A grid of values as smooth colour."""

from __future__ import annotations

import numpy as np
from PIL import Image

from flowviz.core.spec import Array
from flowviz.scene._surface import CHUNK, Surface, packed
from flowviz.scene.colour_maps import ENTRIES, colour_map
from flowviz.scene.marks import Extent, Heatmap, Warp

_SOLID = 0.25
"""Value from which a heat map on top of other marks hides them altogether."""


def draw_heatmap(surface: Surface, heatmap: Heatmap, view: Extent) -> None:
    """Resample the grid to the picture's pixels and colour it; outside the grid nothing changes."""
    columns, box_x = _span(heatmap.extent[0:2], view[0:2], surface.width, heatmap.values.shape[1])
    rows, box_y = _span(heatmap.extent[2:4], view[2:4], surface.height, heatmap.values.shape[0])
    if columns[1] <= columns[0] or rows[1] <= rows[0]:
        return
    levels = _levels(heatmap.values)
    # Pillow works without the interpreter lock; rows are flipped because the world's y axis points up
    top, bottom = surface.height - rows[1], surface.height - rows[0]
    flipped = Image.fromarray(np.ascontiguousarray(levels[::-1]))
    box = (box_x[0], levels.shape[0] - box_y[1], box_x[1], levels.shape[0] - box_y[0])
    size = (columns[1] - columns[0], bottom - top)
    fine = np.asarray(flipped.resize(size, Image.Resampling.BICUBIC, box=box))
    table = colour_map(heatmap.colours, surface.tokens)
    band = max(1, 2 * CHUNK // size[0])
    for start in range(0, size[1], band):
        stop = min(start + band, size[1])
        target = surface.rows[top + start : top + stop, columns[0] : columns[1]]
        if surface.pristine:
            target[...] = packed(table)[fine[start:stop]]
        else:
            _blend(target, fine[start:stop], table)
    surface.pristine = False


def draw_warp(surface: Surface, warp: Warp, corners: Array) -> None:
    """Draw the grid into the four-sided shape with these corners (4, 2) in the picture; see Warp for their order."""
    if not np.isfinite(corners).all():
        return  # a corner is behind the eye
    left, top = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int)
    right, bottom = min(right, surface.width), min(bottom, surface.height)
    if right <= left or bottom <= top:
        return
    # one cell of background around the grid, so that what lies outside is transparent
    levels = np.pad(_levels(warp.values), 1)
    rows, columns = warp.values.shape
    cells = np.array([[1, 1], [columns + 1, 1], [columns + 1, rows + 1], [1, rows + 1]], np.float64)
    matrix = _homography(corners - [left, top], cells)
    if matrix is None:
        return
    size, coefficients = (right - left, bottom - top), (matrix / matrix[2, 2]).ravel()[:8]
    # Pillow works without the interpreter lock
    image = Image.fromarray(levels)
    fine = np.asarray(
        image.transform(size, Image.Transform.PERSPECTIVE, tuple(coefficients), Image.Resampling.BILINEAR)
    )
    table = colour_map(warp.colours, surface.tokens)
    band = max(1, 2 * CHUNK // size[0])
    for start in range(0, size[1], band):
        surface.breathe()
        stop = min(start + band, size[1])
        _blend(surface.rows[top + start : top + stop, left:right], fine[start:stop], table)
    surface.pristine = False


def _homography(source: Array, target: Array) -> Array | None:
    """The (3, 3) matrix that takes four places (4, 2) to four others; None where three of them are in a line."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    system = np.asarray(rows, np.float64)
    if np.linalg.cond(system) > 1e12:
        return None
    return np.append(np.linalg.solve(system, np.asarray(target, np.float64).ravel()), 1.0).reshape(3, 3)


def _levels(values: Array) -> Array:
    """Values in [0, 1] as entries of a colour map, uint8."""
    return np.asarray(np.rint(np.clip(np.nan_to_num(values), 0.0, 1.0) * (ENTRIES - 1)), dtype=np.uint8)


def _blend(target: Array, fine: Array, table: Array) -> None:
    """Blend onto what is there: value 0 lets it through."""
    alpha = np.clip(np.arange(ENTRIES) / (ENTRIES * _SOLID), 0.0, 1.0).astype(np.float32)
    give = np.full((ENTRIES, 4), 255.0, np.float32)
    give[:, :3] = table[:, ::-1]
    give = give * alpha[:, None] + 0.5
    under = np.ascontiguousarray(target).view(np.uint8).reshape(*target.shape, 4)
    target[...] = (under * (1 - alpha)[fine][..., None] + give[fine]).astype(np.uint8).view(np.uint32)[..., 0]


def _span(
    grid: tuple[float, float], view: tuple[float, float], pixels: int, cells: int
) -> tuple[tuple[int, int], tuple[float, float]]:
    """Along one axis: the pixels whose centres the grid covers, and the stretch of cells under exactly those pixels."""
    per_pixel = (view[1] - view[0]) / pixels
    first = max(0, int(np.ceil((grid[0] - view[0]) / per_pixel - 0.5)))
    last = min(pixels, int(np.floor((grid[1] - view[0]) / per_pixel - 0.5)) + 1)
    per_cell = (grid[1] - grid[0]) / cells
    low = (view[0] + first * per_pixel - grid[0]) / per_cell
    high = (view[0] + last * per_pixel - grid[0]) / per_cell
    return (first, last), (max(0.0, low), min(float(cells), high))
