"""Densities as pictures in the theme's density colours."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from flowviz.core.spec import Array
from flowviz.scene.colour_maps import colour_map
from flowviz.scene.tokens import Tokens

_FADE = 0.12
"""Below this value the colour fades into what lies behind."""


def density_table(tokens: Tokens, see_through: bool = True) -> Array:
    """256 pixels (256,) uint32, premultiplied ARGB; entry 0 is transparent where asked for."""
    share = np.linspace(0.0, 1.0, 256)
    alpha = np.clip(share / _FADE, 0.0, 1.0) if see_through else np.ones(256)
    colours = colour_map("density", tokens).astype(np.float64)
    parts = np.rint(np.concatenate([colours * alpha[:, None], 255 * alpha[:, None]], axis=1)).astype(np.uint32)
    red, green, blue, opacity = parts.T
    return np.asarray((opacity << 24) | (red << 16) | (green << 8) | blue, dtype=np.uint32)


def to_pixels(values: Array, table: Array) -> Array:
    """Values in [0, 1], any shape, as pixels (uint32) of a `density_table`."""
    return np.asarray(table[np.minimum(values * 255.0, 255.0).astype(np.uint8)])


def density_picture(values: Array, tokens: Tokens) -> QImage:
    """A grid (rows, columns) of values in [0, 1], row 0 at the bottom, as an opaque picture of its own."""
    pixels = np.ascontiguousarray(to_pixels(values, density_table(tokens, see_through=False))[::-1])
    rows, columns = pixels.shape
    # The copy outlives the array.
    return QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied).copy()
