"""Marks as items of a vector drawing: the same marks that the painter turns into pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from flowviz.core.camera import Camera
from flowviz.core.drawing import Box, Dots, Item, Picture, Shapes, Strokes
from flowviz.core.drawing import Words as Text
from flowviz.core.spec import Array
from flowviz.scene._opacity import opacity_of
from flowviz.scene.colour_maps import colour_map, mix, token_rgb
from flowviz.scene.marks import Arrows, Extent, Heatmap, Lines, Mark, Points, Splats, Warp, Words
from flowviz.scene.painter import HEAD_LENGTH, HEAD_WIDTH, paint, to_pixels
from flowviz.scene.panels import View
from flowviz.scene.projection import picture_extent, project
from flowviz.scene.tokens import Tokens

_FINER = 2
"""Pixels of an embedded picture for each point of the drawing."""
_SHADES = 32
_MIDDLE = 0.36


def drawn(marks: Sequence[Mark], view: View, box: Box, tokens: Tokens, scale: float) -> tuple[Item, ...]:
    """The items of a panel's marks, from back to front.

    Dots, lines, arrows and words become shapes; heat maps and lit surfaces become embedded pictures.

    Args:
        marks: in world coordinates.
        view: what the panel shows.
        box: the panel's rectangle of the drawing.
        tokens: colours.
        scale: points of the drawing for each point of a mark's size.
    """
    left, top, width, height = box
    extent = view
    if isinstance(view, Camera):
        marks = project(marks, view, round(width), round(height), scale)
        extent = picture_extent(width, height)
    pencil = _Pencil((left, top, width, height), extent, tokens, scale)  # type: ignore[arg-type]
    return tuple(item for mark in marks for item in pencil.items(mark))


class _Pencil:
    """Draws the marks of one panel."""

    def __init__(self, box: Box, extent: Extent, tokens: Tokens, scale: float) -> None:
        self._box, self._extent, self._tokens, self._scale = box, extent, tokens, scale

    def items(self, mark: Mark) -> list[Item]:
        """One mark."""
        match mark:
            case Points():
                return self._points(mark)
            case Lines():
                return self._lines(mark)
            case Arrows():
                return self._arrows(mark)
            case Words():
                return self._words(mark)
            case Heatmap() | Warp() | Splats():
                return [self._picture(mark)]
        return []

    def _places(self, xy: Array) -> Array:
        places = to_pixels(xy, self._extent, round(self._box[2]), round(self._box[3]))
        return np.asarray(places + np.asarray(self._box[:2], np.float32))

    def _colour(self, name: str, fog: float) -> str:
        plain = name if name.startswith("#") else _hex(token_rgb(self._tokens, name))
        return mix(plain, self._tokens.stage, fog) if fog else plain

    def _points(self, points: Points) -> list[Item]:
        places = self._places(points.xy)
        seen = np.isfinite(places).all(axis=1)
        colours: str | tuple[str, ...] = self._colour(points.colour, points.fog) if points.values is None else ()
        if points.values is not None:
            table = colour_map(points.colour, self._tokens)
            entries = np.clip(np.asarray(points.values)[seen] * (len(table) - 1), 0, len(table) - 1).astype(int)
            colours = tuple(_hex(table[entry]) for entry in entries)
        return [Dots(places[seen], points.size * self._scale, colours, points.alpha)] if seen.any() else []

    def _lines(self, lines: Lines) -> list[Item]:
        places = self._places(lines.paths)
        places = places[np.isfinite(places).all(axis=(1, 2))]
        if not len(places) or places.shape[1] < 2:
            return []
        alpha = np.broadcast_to(np.asarray(lines.alpha, np.float64), (places.shape[1],))
        pieces = (alpha[1:] + alpha[:-1]) / 2
        shades = np.rint(np.clip(pieces, 0, 1) * _SHADES) / _SHADES if np.ptp(pieces) else np.clip(pieces, 0, 1)
        colour = self._colour(lines.colour, lines.fog)
        return [Strokes(places, colour, lines.width * self._scale, tuple(float(a) for a in shades))]

    def _arrows(self, arrows: Arrows) -> list[Item]:
        """Shafts and heads, of the painter's proportions."""
        tails = self._places(arrows.origins)
        tips = self._places(np.asarray(arrows.origins) + arrows.vectors)
        delta = tips - tails
        length = np.hypot(delta[:, 0], delta[:, 1])
        shown = np.isfinite(length) & (length > 0.4)
        if not shown.any():
            return []
        tails, tips, delta, length = tails[shown], tips[shown], delta[shown], length[shown]
        width = arrows.width * self._scale
        head = np.minimum(HEAD_LENGTH * width, 0.62 * length)[:, None]
        along = delta / length[:, None]
        neck = tips - along * head
        wing = np.stack([-along[:, 1], along[:, 0]], axis=1) * head * (HEAD_WIDTH / HEAD_LENGTH / 2)
        colour = self._colour(arrows.colour, arrows.fog)
        shafts = Strokes(np.stack([tails, neck], axis=1), colour, width, (arrows.alpha,))
        return [shafts, Shapes(np.stack([tips, neck + wing, neck - wing], axis=1), colour, arrows.alpha)]

    def _words(self, words: Words) -> list[Item]:
        places = self._places(words.xy)
        offsets = np.zeros_like(places) if words.offsets is None else np.asarray(words.offsets) * [1, -1]
        size, colour = max(6, round(words.size * self._scale)), self._colour(words.colour, 0.0)
        return [
            Text(text, float(x), float(y) + _MIDDLE * size, size, colour, "middle", words.is_bold, words.alpha)
            for text, (x, y) in zip(words.texts, places + offsets * self._scale, strict=True)
            if np.isfinite(x) and np.isfinite(y)
        ]

    def _picture(self, mark: Heatmap | Warp | Splats) -> Item:
        """The mark alone, by the painter, on nothing."""
        size = (round(self._box[2] * _FINER), round(self._box[3] * _FINER))
        dark, light = (
            paint([mark], self._extent, *size, replace(self._tokens, ground=ground), self._scale * _FINER)
            for ground in ("#000000", "#ffffff")
        )
        return Picture(opacity_of(dark, light), self._box)


def _hex(colour: Array) -> str:
    return "#" + "".join(f"{round(float(channel)):02x}" for channel in colour)
