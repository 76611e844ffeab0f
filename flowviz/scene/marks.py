"""The drawing primitives of a picture, in world coordinates. Layers make them, the painter draws them.

Points, lines and arrows have two or three dimensions. `scene.projection` turns those of three, and the marks
that exist in three only (Room, Sheet, Shell), into ones of two as a camera sees them.
"""

from __future__ import annotations

from dataclasses import dataclass

from flowviz.core.camera import Point, SliceAxis
from flowviz.core.spec import Array

Extent = tuple[float, float, float, float]
"""(x_low, x_high, y_low, y_high) in world coordinates."""
Volume = tuple[Point, Point]
"""The lower and the upper corner of a box in world coordinates of three dimensions."""


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """A grid of values shown through a colour map.

    Attributes:
        values: (rows, columns) float32 in [0, 1], row 0 at y_low; 0 is transparent background.
        extent: outer edges of the grid.
        colours: token of the colour map.
    """

    values: Array
    extent: Extent
    colours: str = "density"


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Dots.

    Attributes:
        xy: (n, 2) or (n, 3).
        colour: token.
        size: diameter in points (1/72 inch at scale 1; about a pixel on a plain screen).
        alpha: opacity of one dot, 0 to 1.
        values: (n,) in [0, 1] to colour each dot through the colour map named by `colour`, or None.
        fog: share of the stage's colour mixed in, 0 to 1, as far things have it.
    """

    xy: Array
    colour: str
    size: float = 2.5
    alpha: float = 0.8
    values: Array | None = None
    fog: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Polylines.

    Attributes:
        paths: (m, k, 2) or (m, k, 3): m lines of k points.
        colour: token.
        width: in points.
        alpha: (k,) opacity along each line, or one number.
        fog: share of the stage's colour mixed in.
    """

    paths: Array
    colour: str
    width: float = 1.0
    alpha: Array | float = 1.0
    fog: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Arrows:
    """Arrows.

    Attributes:
        origins: (n, 2) or (n, 3) tails.
        vectors: (n, 2) or (n, 3) from tail to head.
        colour: token.
        width: of the shaft, in points.
        alpha: opacity.
        fog: share of the stage's colour mixed in.
    """

    origins: Array
    vectors: Array
    colour: str
    width: float = 1.2
    alpha: float = 0.9
    fog: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """The box around a scene in three dimensions, with axes and numbers; it is the measure of what is near and far."""

    volume: Volume


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A heat map on a plane across one axis of space; what is behind it shines through where its values are small.

    Attributes:
        values: (rows, columns) float32 in [0, 1], row 0 at the low end.
        axis: the axis that the plane stands across.
        place: where on that axis.
        extent: outer edges along the two other axes, columns first, in the order of the alphabet.
        colours: token of the colour map.
    """

    values: Array
    axis: SliceAxis
    place: float
    extent: Extent
    colours: str = "heat"


@dataclass(frozen=True, slots=True, eq=False)
class Shell:
    """A closed surface as dots, lit by a lamp beside the eye.

    Attributes:
        points: (n, 3) on the surface.
        normals: (n, 3) unit vectors pointing out.
        size: diameter of a dot in units of length, wide enough to close the gaps.
        colour: token.
        alpha: opacity where the surface faces the eye; its rim is stronger, as with glass.
    """

    points: Array
    normals: Array
    size: float
    colour: str
    alpha: float = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """A heat map on a plane as a camera sees it.

    Attributes:
        values: as in Heatmap.
        corners: (4, 2) places of its low-low, high-low, high-high and low-high corners.
        colours: token of the colour map.
    """

    values: Array
    corners: Array
    colours: str


@dataclass(frozen=True, slots=True, eq=False)
class Splats:
    """Opaque discs, each hiding those before it, then laid over the picture together.

    Attributes:
        xy: (n, 2), from back to front.
        shades: (n,) in [0, 1]: brightness.
        alphas: (n,) opacity over what was there before.
        size: diameter in world units.
        colour: token.
    """

    xy: Array
    shades: Array
    alphas: Array
    size: float
    colour: str


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Short texts.

    Attributes:
        xy: (n, 2) or (n, 3) places.
        texts: (n,) what to write, centred at the place moved by its offset.
        colour: token.
        size: height of the letters in points.
        offsets: (n, 2) in points, x to the right and y up, or None.
        alpha: opacity.
        is_bold: whether in bold.
    """

    xy: Array
    texts: tuple[str, ...]
    colour: str
    size: float = 11.0
    offsets: Array | None = None
    alpha: float = 1.0
    is_bold: bool = False


Mark = Heatmap | Points | Lines | Arrows | Words | Room | Sheet | Shell | Warp | Splats
"""Room, Sheet and Shell belong to scenes of three dimensions; their pictures have Warp and Splats instead."""
