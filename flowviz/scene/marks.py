"""The drawing primitives of a picture, in world coordinates. Layers make them, the painter draws them."""

from __future__ import annotations

from dataclasses import dataclass

from flowviz.core.spec import Array

Extent = tuple[float, float, float, float]
"""(x_low, x_high, y_low, y_high) in world coordinates."""


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
        xy: (n, 2).
        colour: token.
        size: diameter in points (1/72 inch at scale 1; about a pixel on a plain screen).
        alpha: opacity of one dot, 0 to 1.
        values: (n,) in [0, 1] to colour each dot through the colour map named by `colour`, or None.
    """

    xy: Array
    colour: str
    size: float = 2.5
    alpha: float = 0.8
    values: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Polylines.

    Attributes:
        paths: (m, k, 2): m lines of k points.
        colour: token.
        width: in points.
        alpha: (k,) opacity along each line, or one number.
    """

    paths: Array
    colour: str
    width: float = 1.0
    alpha: Array | float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Arrows:
    """Arrows.

    Attributes:
        origins: (n, 2) tails.
        vectors: (n, 2) from tail to head.
        colour: token.
        width: of the shaft, in points.
        alpha: opacity.
    """

    origins: Array
    vectors: Array
    colour: str
    width: float = 1.2
    alpha: float = 0.9


Mark = Heatmap | Points | Lines | Arrows
