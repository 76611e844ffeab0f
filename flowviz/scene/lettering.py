"""Words and measures around a film's picture: title, clock, progress, legend and a quiet scale.

They are laid out once as items of a drawing, for pixels (`flowviz.scene.letters`) and for vector files alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from flowviz.core.camera import Camera
from flowviz.core.drawing import Block, Words
from flowviz.core.film import Part
from flowviz.scene.colour_maps import colour_map
from flowviz.scene.letters import length
from flowviz.scene.marks import Extent
from flowviz.scene.panels import Box, Panel, View
from flowviz.scene.ticks import number_text, round_step, round_values
from flowviz.scene.tokens import Tokens

Lettering = tuple[Words | Block, ...]
_STRIP = 0.088
"""Height of the caption strip as a share of the picture's."""
_MIDDLE = 0.36
"""From the baseline up to the middle of the capitals, in font sizes."""
_RAMP = 16


def _cut(title: str, size: int, room: float) -> str:
    """A title, or as much of its beginning as there is room for, in pixels."""
    if length(title, size, True) <= room:
        return title
    while title and length(f"{title}…", size, True) > room:
        title = title[:-1]
    return f"{title.rstrip()}…"


def strip_height(width: int, height: int) -> int:
    """Pixels of the caption strip below the stage, even; narrow films get less."""
    return 2 * round(max(18.0, min(_STRIP * height, 0.075 * width)) / 2)


@dataclass(frozen=True, slots=True)
class Spot:
    """A painted panel: its rectangle of the stage in pixels, and what it shows."""

    panel: Panel
    box: Box
    view: View


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the legend.

    Attributes:
        label: what it is.
        kind: how it looks on the stage.
        colour: token, or the name of a colour map.
    """

    label: str
    kind: Literal["dot", "line", "ramp"]
    colour: str


class Frame:
    """The words and measures around one film's stage.

    Args:
        width, height: of the whole picture.
        tokens: colours.
        parts: which of them there are.
    """

    def __init__(self, width: int, height: int, tokens: Tokens, parts: Sequence[Part]) -> None:
        self._width, self._height, self._tokens = width, height, tokens
        self._parts = frozenset(parts)
        self._strip = strip_height(width, height) if self._parts & {"title", "clock"} else 0
        self.stage = (width, height - self._strip)
        self._letter = max(7, round(min(self.stage) * 0.0185))

    def still(self, spots: Sequence[Spot], legend: Sequence[Entry] = ()) -> Lettering:
        """What mostly stands still: scales, names of panels, labels, legend.

        Args:
            spots: where the panels stand.
            legend: its lines, from the top.
        """
        items: list[Words | Block] = []
        for spot in spots:
            if "scale" in self._parts and spot.panel.axes and not isinstance(spot.view, Camera):
                items += _ticks(spot.box, spot.view, self._letter, self._tokens.muted)
            items += self._labels(spot)
        if "legend" in self._parts and legend and spots:
            items += self._legend(spots[0].box, legend)
        return tuple(items)

    def moving(self, title: str, clock: str, progress: float) -> Lettering:
        """The strip: title and clock under a bar that shows how far the film has come (0 to 1)."""
        if not self._strip:
            return ()
        top, unit = self._height - self._strip, self._strip
        bar = max(2, round(unit * 0.055))
        items: list[Words | Block] = [Block((0, top, self._width, bar), self._tokens.border)]
        reached = round(self._width * min(max(progress, 0.0), 1.0))
        if reached > 0:
            items.append(Block((0, top, reached, bar), self._tokens.accent))
        title = title if "title" in self._parts else ""
        clock = clock if "clock" in self._parts else ""
        margin, middle = round(unit * 0.42), top + bar + (unit - bar) / 2
        size, small = max(8, round(unit * 0.34)), max(8, round(unit * 0.31))
        room = self._width - 2 * margin - (unit if clock and title else 0)
        while size > 8 and length(title, size, True) + length(clock, small) > room:
            size, small = size - 1, max(8, small - 1)
        if title:
            title = _cut(title, size, room - length(clock, small))
            items.append(Words(title, margin, middle + _MIDDLE * size, size, self._tokens.text, bold=True))
        if clock:
            end = self._width - margin
            items.append(Words(clock, end, middle + _MIDDLE * small, small, self._tokens.muted, "end"))
        return tuple(items)

    @property
    def strip(self) -> Block | None:
        """The ground of the strip."""
        box = (0, self._height - self._strip, self._width, self._strip)
        return Block(box, self._tokens.panel) if self._strip else None

    def _labels(self, spot: Spot) -> list[Words | Block]:
        """The panel's title, and the words in its world."""
        left, top, wide, tall = spot.box
        size = round(self._letter * 1.35)
        items: list[Words | Block] = []
        if spot.panel.title:
            baseline = top + 1.75 * size
            items.append(Words(spot.panel.title, left + size, baseline, size, self._tokens.text, bold=True))
            if spot.panel.note:
                small = round(0.9 * size)
                items.append(Words(spot.panel.note, left + size, baseline + 1.5 * size, small, self._tokens.muted))
        if isinstance(spot.view, Camera):
            return items
        x_low, x_high, y_low, y_high = spot.view
        anchors: dict[str, Literal["start", "middle", "end"]] = {"left": "start", "centre": "middle", "right": "end"}
        for label in spot.panel.labels:
            x = left + (label.x - x_low) / (x_high - x_low) * wide
            y = top + (y_high - label.y) / (y_high - y_low) * tall
            if left <= x <= left + wide and top <= y <= top + tall:
                colour = getattr(self._tokens, label.colour)
                if label.is_veiled:
                    long = length(label.text, size) + size
                    begin = x - long * {"left": 0.0, "centre": 0.5, "right": 1.0}[label.align]
                    items.append(Block((begin, y - 0.8 * size, long, 1.6 * size), self._tokens.stage, 0.66))
                items.append(Words(label.text, x, y + _MIDDLE * size, size, colour, anchors[label.align]))
        return items

    def _legend(self, box: Box, entries: Sequence[Entry]) -> list[Words | Block]:
        """A quiet table in the stage's upper right corner."""
        size = round(self._letter * 1.3)
        row, swatch, pad = round(size * 1.7), round(size * 1.6), round(size * 0.9)
        wide = max(length(entry.label, size) for entry in entries) + swatch + 3 * pad
        left, top = box[0] + box[2] - wide - pad, box[1] + pad
        items: list[Words | Block] = [Block((left, top, wide, row * len(entries) + pad), self._tokens.panel, 0.78)]
        for index, entry in enumerate(entries):
            middle = top + pad / 2 + row * (index + 0.5)
            items += self._swatch(entry, left + pad, middle, swatch, size)
            baseline = middle + _MIDDLE * size
            items.append(Words(entry.label, left + 2 * pad + swatch, baseline, size, self._tokens.text))
        return items

    def _swatch(self, entry: Entry, x: float, middle: float, wide: int, size: int) -> list[Block]:
        table = colour_map(entry.colour, self._tokens)
        if entry.kind == "ramp":
            step, tall = wide / _RAMP, 0.62 * size
            shades = [table[round((i + 0.5) / _RAMP * (len(table) - 1))] for i in range(_RAMP)]
            return [Block((x + i * step, middle - tall / 2, step, tall), _hex(shade)) for i, shade in enumerate(shades)]
        tall = 0.55 * size if entry.kind == "dot" else max(1.5, 0.16 * size)
        long = tall if entry.kind == "dot" else wide
        return [Block((x + (wide - long) / 2, middle - tall / 2, long, tall), _hex(table[-1]))]


def _hex(colour: np.ndarray) -> str:
    return "#" + "".join(f"{round(float(channel)):02x}" for channel in colour)


def _ticks(box: Box, extent: Extent, size: int, colour: str) -> list[Words | Block]:
    """Ticks and numbers along the lower and the left edge of a rectangle."""
    left, top, width, height = box
    long, thick = max(3, round(size * 0.5)), max(1, round(size / 12))
    x_low, x_high, y_low, y_high = extent
    items: list[Words | Block] = []
    for value in round_values(x_low, x_high, round_step(x_high - x_low)):
        x = round((value - x_low) / (x_high - x_low) * width)
        items.append(Block((left + x, top + height - long, thick, long), colour, 0.5))
        if size * 2 < x < width - size:
            baseline = top + height - long - size * 0.35
            items.append(Words(number_text(value), left + x, baseline, size, colour, "middle", alpha=0.8))
    for value in round_values(y_low, y_high, round_step(y_high - y_low)):
        y = round((y_high - value) / (y_high - y_low) * height)
        items.append(Block((left, top + y, long, thick), colour, 0.5))
        if size < y < height - 2 * size:
            words = Words(
                number_text(value), left + long + size * 0.35, top + y + _MIDDLE * size, size, colour, alpha=0.8
            )
            items.append(words)
    return items
