"""Words and measures around a film's picture: title, clock, progress and a quiet scale. Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from flowviz.core.camera import Camera
from flowviz.scene.marks import Extent
from flowviz.scene.panels import Box, Panel, View
from flowviz.scene.ticks import number_text, round_step, round_values
from flowviz.scene.tokens import Tokens

_Tick = tuple[tuple[int, int], Image.Image]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_REGULAR = ("DejaVuSans.ttf", "Inter-Regular.ttf", "segoeui.ttf", "Helvetica.ttc", "Arial.ttf", "arial.ttf")
_BOLD = ("DejaVuSans-Bold.ttf", "Inter-SemiBold.ttf", "segoeuib.ttf", "HelveticaNeue.ttc", "Arial Bold.ttf")
_STRIP = 0.088
"""Height of the caption strip as a share of the picture's."""


@lru_cache(maxsize=32)
def font(size: int, bold: bool = False) -> Font:
    """The first known font that this machine has, else the one that Pillow brings."""
    for name in _BOLD if bold else _REGULAR:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def strip_height(width: int, height: int) -> int:
    """Pixels of the caption strip below the stage, even; narrow films get less."""
    return 2 * round(max(18.0, min(_STRIP * height, 0.075 * width)) / 2)


@dataclass(frozen=True, slots=True)
class Spot:
    """A painted panel: its rectangle of the stage in pixels, and what it shows."""

    panel: Panel
    box: Box
    view: View


class Frame:
    """The words and measures around one film's stage.

    Args:
        width, height: of the whole picture.
        tokens: colours.
        title: words at the left of the strip.
        caption: whether there is a strip at all.
    """

    def __init__(self, width: int, height: int, tokens: Tokens, title: str, caption: bool) -> None:
        self._width, self._height, self._tokens = width, height, tokens
        self._strip = strip_height(width, height) if caption else 0
        self._title = title
        self.stage = (width, height - self._strip)
        self._letter = max(7, round(min(self.stage) * 0.0185))
        self._ticks: dict[tuple[Box, Extent], list[_Tick]] = {}

    def compose(self, stage: np.ndarray, spots: Sequence[Spot], clock: str, progress: float) -> Image.Image:
        """The whole picture (RGB) around a painted stage (h, w, 4) BGRA.

        Args:
            stage: painted panels; its size is `self.stage`.
            spots: where they stand.
            clock: words at the right of the strip.
            progress: 0 to 1, how far the bar above the strip has come.
        """
        size = (stage.shape[1], stage.shape[0])
        painted = Image.frombuffer("RGB", size, stage, "raw", "BGRX", 0, 1)
        picture = Image.new("RGB", (self._width, self._height), self._tokens.panel)
        picture.paste(painted, (0, 0))
        for spot in spots:
            for place, mask in self._ticks_of(spot):
                picture.paste(self._tokens.muted, place, mask)
            self._label(picture, spot)
        if self._strip:
            self._write(picture, clock, progress)
        return picture

    def _ticks_of(self, spot: Spot) -> list[_Tick]:
        """Made once for each rectangle and view: a film's panels mostly stand still."""
        if not spot.panel.axes or isinstance(spot.view, Camera):
            return []
        key = (spot.box, spot.view)
        if key not in self._ticks:
            if len(self._ticks) > 16:
                self._ticks.clear()
            self._ticks[key] = _draw_ticks(spot.box, spot.view, self._letter)
        return self._ticks[key]

    def _label(self, picture: Image.Image, spot: Spot) -> None:
        """The panel's title, and the words in its world."""
        draw, (left, top, wide, tall) = ImageDraw.Draw(picture), spot.box
        size = round(self._letter * 1.35)
        if spot.panel.title:
            at = (left + size, top + size)
            draw.text(at, spot.panel.title, self._tokens.text, font(size, True), anchor="lt")
        if isinstance(spot.view, Camera):
            return
        x_low, x_high, y_low, y_high = spot.view
        for label in spot.panel.labels:
            x = left + (label.x - x_low) / (x_high - x_low) * wide
            y = top + (y_high - label.y) / (y_high - y_low) * tall
            if left <= x <= left + wide and top <= y <= top + tall:
                anchor = {"left": "lm", "centre": "mm", "right": "rm"}[label.align]
                draw.text((x, y), label.text, getattr(self._tokens, label.colour), font(size), anchor=anchor)

    def _write(self, picture: Image.Image, clock: str, progress: float) -> None:
        draw = ImageDraw.Draw(picture)
        top, unit = self._height - self._strip, self._strip
        bar = max(2, round(unit * 0.055))
        draw.rectangle((0, top, self._width, top + bar - 1), self._tokens.border)
        reached = round(self._width * min(max(progress, 0.0), 1.0))
        if reached > 0:
            draw.rectangle((0, top, reached - 1, top + bar - 1), self._tokens.accent)
        margin, middle = round(unit * 0.42), top + bar + (unit - bar) / 2
        size = max(8, round(unit * 0.34))
        clock_size = max(8, round(unit * 0.31))
        room = self._width - 2 * margin
        while size > 8 and font(size, True).getlength(self._title) + font(clock_size).getlength(clock) > room - unit:
            size, clock_size = size - 1, max(8, clock_size - 1)
        draw.text((margin, middle), self._title, self._tokens.text, font(size, True), anchor="lm")
        end = self._width - margin
        draw.text((end, middle), clock, self._tokens.muted, font(clock_size), anchor="rm")


def _draw_ticks(box: Box, extent: Extent, size: int) -> list[_Tick]:
    """Ticks and numbers along the lower and the left edge of a rectangle, each a mask with its place."""
    x_0, y_0, width, height = box
    long, band = max(3, round(size * 0.5)), round(size * 3.2)
    band = min(band, width, height)
    x_low, x_high, y_low, y_high = extent
    bottom = Image.new("L", (width, band), 0)
    left = Image.new("L", (band, height), 0)
    draw_x, draw_y = ImageDraw.Draw(bottom), ImageDraw.Draw(left)
    face = font(size)
    thick = max(1, round(size / 12))
    for value in round_values(x_low, x_high, round_step(x_high - x_low)):
        x = (value - x_low) / (x_high - x_low) * width
        draw_x.line((x, band - long, x, band), 130, thick)
        if size * 2 < x < width - size:
            draw_x.text((x, band - long - size * 0.35), number_text(value), 200, face, anchor="ms")
    for value in round_values(y_low, y_high, round_step(y_high - y_low)):
        y = (y_high - value) / (y_high - y_low) * height
        draw_y.line((0, y, long, y), 130, thick)
        if size < y < height - 2 * size:
            draw_y.text((long + size * 0.35, y), number_text(value), 200, face, anchor="lm")
    return [((x_0, y_0 + height - band), bottom), ((x_0, y_0), left)]
