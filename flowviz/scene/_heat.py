"""A grid of values as smooth colour."""

from __future__ import annotations

import numpy as np
from PIL import Image

from flowviz.core.spec import Array
from flowviz.scene._surface import CHUNK, Surface, packed
from flowviz.scene.colour_maps import ENTRIES, colour_map
from flowviz.scene.marks import Extent, Heatmap

_SOLID = 0.25
"""Value from which a heat map on top of other marks hides them altogether."""


def draw_heatmap(surface: Surface, heatmap: Heatmap, view: Extent) -> None:
    """Resample the grid to the picture's pixels and colour it; outside the grid nothing changes."""
    columns, box_x = _span(heatmap.extent[0:2], view[0:2], surface.width, heatmap.values.shape[1])
    rows, box_y = _span(heatmap.extent[2:4], view[2:4], surface.height, heatmap.values.shape[0])
    if columns[1] <= columns[0] or rows[1] <= rows[0]:
        return
    levels = np.rint(np.clip(np.nan_to_num(heatmap.values), 0.0, 1.0) * (ENTRIES - 1)).astype(np.uint8)
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
