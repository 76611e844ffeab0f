"""A scene with all that stands around it, as pixels or as a vector drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from flowviz.core.camera import Camera
from flowviz.core.drawing import Block, Clipped, Drawing, Item
from flowviz.core.film import Part
from flowviz.core.spec import Array
from flowviz.scene._opacity import opacity_of
from flowviz.scene.colour_maps import rgb
from flowviz.scene.lettering import Entry, Frame, Spot
from flowviz.scene.letters import Letterer, faces
from flowviz.scene.painter import paint
from flowviz.scene.panels import Gazes, Scene, boxes, view_of
from flowviz.scene.tokens import Tokens
from flowviz.scene.vector import drawn

_NORMAL_HEIGHT = 720
"""The height at which a point of a mark's size is a pixel."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """What one picture shows.

    Attributes:
        scene: panels and words.
        gazes: where it is looked from.
        progress: 0 to 1, of the bar below the stage.
        turn: degrees by which the camera has gone around.
        legend: its lines.
    """

    scene: Scene
    gazes: Gazes
    progress: float
    turn: float = 0.0
    legend: tuple[Entry, ...] = ()


class Composer:
    """Makes the pictures of one film.

    Args:
        size: width and height in pixels.
        tokens: colours.
        parts: what stands around the marks.
        background: "theme", "transparent" or "#rrggbb".
    """

    def __init__(self, size: tuple[int, int], tokens: Tokens, parts: Sequence[Part], background: str = "theme") -> None:
        self._size, self._tokens = size, tokens
        self._background = background
        self._frame = Frame(*size, tokens, parts)
        self._letterer = Letterer(*size)
        self._stage = np.empty((self._frame.stage[1], self._frame.stage[0], 4), np.uint8)
        self._scale = max(0.4, min(size) / _NORMAL_HEIGHT)

    @property
    def is_transparent(self) -> bool:
        """Whether pictures are RGBA."""
        return self._background == "transparent"

    def picture(self, shot: Shot) -> Array:
        """(height, width, 3) uint8 RGB, or (height, width, 4) RGBA on a transparent background."""
        spots = self._spots(shot)
        image = self._ground(shot, spots)
        self._letterer.draw(image, self._frame.still(spots, shot.legend))
        self._letterer.draw(image, self._frame.moving(shot.scene.title, shot.scene.clock, shot.progress))
        return np.asarray(image)

    def drawing(self, shot: Shot) -> Drawing:
        """The same as a vector drawing; a pixel becomes a point."""
        spots = self._spots(shot)
        plain = self._background != "theme"
        items: list[Item] = []
        strip = self._frame.strip
        if strip is not None and not plain:
            items.append(strip)
        for spot in spots:
            if not plain:
                items.append(Block(spot.box, self._tokens.stage))
            marks = drawn(spot.panel.marks, spot.view, spot.box, self._tokens, self._scale)
            items.append(Clipped(spot.box, marks))
        items += self._frame.still(spots, shot.legend)
        items += self._frame.moving(shot.scene.title, shot.scene.clock, shot.progress)
        backgrounds = {"theme": self._tokens.border, "transparent": None}
        ground = backgrounds.get(self._background, self._background)
        return Drawing(*self._size, tuple(items), faces(), shot.scene.title, ground)

    def _spots(self, shot: Shot) -> list[Spot]:
        """Where each panel stands, and what it shows."""
        spots = []
        for panel, box in zip(shot.scene.panels, boxes(shot.scene.panels, *self._frame.stage), strict=True):
            view = view_of(panel, box[2], box[3], shot.gazes)
            if isinstance(view, Camera):
                view = view.orbit(shot.turn)
            spots.append(Spot(panel, box, view))
        return spots

    def _ground(self, shot: Shot, spots: Sequence[Spot]) -> Image.Image:
        """The painted panels, and the empty strip below them."""
        if self.is_transparent:
            dark = self._painted(spots, "#000000").copy()
            stage = Image.fromarray(opacity_of(dark, self._painted(spots, "#ffffff")))
            picture = Image.new("RGBA", self._size, (0, 0, 0, 0))
        else:
            plain = "" if self._background == "theme" else self._background
            painted = self._painted(spots, plain)
            stage = Image.frombuffer("RGB", (painted.shape[1], painted.shape[0]), painted, "raw", "BGRX", 0, 1)
            picture = Image.new("RGB", self._size, plain or self._tokens.panel)
        picture.paste(stage, (0, 0))
        return picture

    def _painted(self, spots: Sequence[Spot], ground: str) -> Array:
        """The stage (h, w, 4) BGRX on a ground, "" for the theme's own."""
        tokens, stage = replace(self._tokens, ground=ground), self._stage
        if len(spots) > 1:
            blue_green_red = rgb(ground or tokens.border)[::-1].astype(np.uint8)
            stage[..., :3] = blue_green_red
        for spot in spots:
            left, top, wide, tall = spot.box
            whole = (tall, wide) == stage.shape[:2]
            out = stage if whole else None
            painted = paint(spot.panel.marks, spot.view, wide, tall, tokens, self._scale, out=out)
            if not whole:
                stage[top : top + tall, left : left + wide] = painted
        return stage
