"""A picture as panels: each has its marks, the view of the world that it shows, and its rectangle of the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from flowviz.core.camera import Camera
from flowviz.scene.marks import Extent, Mark, Room, Volume
from flowviz.scene.view import Gaze, fit_extent

View = Extent | Camera
"""What a panel shows of its world: a part of a plane, or what a camera sees."""

Place = tuple[float, float, float, float]
"""(left, top, width, height) as shares of the picture."""

Margins = tuple[int, int, int]
"""Room for words: left of and below each panel with axes, and above all where there are several panels."""

Box = tuple[int, int, int, int]
"""(left, top, width, height) in points or pixels."""

WHOLE: Place = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Label:
    """A few words at a place of the panel's world.

    Attributes:
        text: the words.
        x, y: the place.
        align: which part of the words stands on x; they are centred on y.
        colour: token.
        is_veiled: whether they stand on a veil, to be read over any crowd.
    """

    text: str
    x: float
    y: float
    align: Literal["left", "centre", "right"] = "centre"
    colour: str = "muted"
    is_veiled: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One part of the picture.

    Attributes:
        key: its name within the scene.
        marks: from back to front, in world coordinates.
        view: what should be in view; where a person looks from within it is kept apart, in a Gaze. Of a Camera
            only the direction counts: it stands where the whole Room is in the picture.
        place: its rectangle.
        title: a few words in its upper left corner, or "".
        labels: words at places of its world.
        axes: whether numbers stand along its left and lower edge.
        is_square: whether a unit is equally long on both axes, so that circles are round.
        is_probed: whether it shows the run that probes ask about, so that they are drawn over it.
        link: panels of one link are moved and zoomed together; "" cannot be moved.
        note: quieter words below its title, or "".
    """

    key: str
    marks: tuple[Mark, ...]
    view: View
    place: Place = WHOLE
    title: str = ""
    labels: tuple[Label, ...] = ()
    axes: bool = True
    is_square: bool = True
    link: str = "plane"
    is_probed: bool = True
    note: str = ""

    @property
    def room(self) -> Volume | None:
        """The box around a scene in three dimensions."""
        return next((mark.volume for mark in self.marks if isinstance(mark, Room)), None)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A whole picture: its panels, and the words that go with it.

    Attributes:
        panels: from left to right and from top to bottom.
        title: what is shown ("JKO flow on Pinwheel").
        clock: where the clocks stand ("t = 0.42, step 1200").
    """

    panels: tuple[Panel, ...]
    title: str
    clock: str

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks of all panels."""
        return tuple(mark for panel in self.panels for mark in panel.marks)


Gazes = Mapping[str, Gaze | Camera]
"""Where a person looks from, by the panels' link; a link that is not there shows what should be in view."""


def boxes(panels: Sequence[Panel], width: int, height: int, margins: Margins = (0, 0, 0)) -> list[Box]:
    """The rectangle of each panel's picture, in whole units, at least one unit large.

    Args:
        panels: the panels.
        width, height: of the whole picture, in points or pixels.
        margins: what is left free of them.
    """
    result = []
    above = margins[2] if len(panels) > 1 else 0
    height -= above
    for panel in panels:
        left, top, wide, tall = panel.place
        x, y = round(left * width), above + round(top * height)
        right, bottom = round((left + wide) * width), above + round((top + tall) * height)
        # a hair between neighbours
        x, y = x + (1 if left > 0 else 0), y + (1 if top > 0 or above else 0)
        if panel.axes:
            x, bottom = x + margins[0], bottom - margins[1]
        result.append((x, y, max(1, right - x), max(1, bottom - y)))
    return result


def view_of(panel: Panel, width: float, height: float, gazes: Gazes) -> View:
    """What a panel of this size shows to a person who looks like that."""
    gaze = gazes.get(panel.link)
    if isinstance(panel.view, Camera):
        return gaze if isinstance(gaze, Camera) else fit_room(panel, panel.view, width, height)
    home = fit_extent(panel.view, width, height) if panel.is_square else panel.view
    return gaze.extent(home) if isinstance(gaze, Gaze) else home


def fit_room(panel: Panel, camera: Camera, width: float, height: float) -> Camera:
    """The camera of that direction that has the panel's whole room in the picture, and keeps it there when it turns."""
    return camera if panel.room is None else camera.fit(*panel.room, width / height, turning=True, margin=0.03)


def space_panel(key: str, marks: Sequence[Mark], volume: Volume, place: Place = WHOLE, title: str = "") -> Panel:
    """A panel of three dimensions: the marks within their room, seen by a camera that all such panels share."""
    return Panel(key, (Room(volume), *marks), Camera(), place, title, axes=False, link="space")
