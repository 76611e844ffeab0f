"""A vector drawing: what SVG and PDF files are made of. Lengths in pixels (1/96 inch), x to the right and y down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flowviz.core.spec import Array

Box = tuple[float, float, float, float]
"""(left, top, width, height)."""


@dataclass(frozen=True, slots=True, eq=False)
class Dots:
    """Filled circles.

    Attributes:
        centres: (n, 2).
        diameter: of each.
        colours: "#rrggbb" of all of them, or one for each.
        alpha: opacity of one dot.
    """

    centres: Array
    diameter: float
    colours: str | tuple[str, ...]
    alpha: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """Polylines of k vertices each.

    Attributes:
        paths: (m, k, 2).
        colour: "#rrggbb".
        width: of the pen.
        alpha: opacity of each of the k - 1 pieces, the same along all lines.
    """

    paths: Array
    colour: str
    width: float
    alpha: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Filled polygons of k corners each: (m, k, 2)."""

    corners: Array
    colour: str
    alpha: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture (height, width, 4) uint8 RGBA, stretched over a box."""

    pixels: Array
    box: Box


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text.

    Attributes:
        text: the words.
        x, y: where the baseline is anchored.
        size: of the font, in pixels.
        colour: "#rrggbb".
        anchor: which end stands on x.
        bold: whether in the bold face.
        alpha: opacity.
    """

    text: str
    x: float
    y: float
    size: int
    colour: str
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Block:
    """A filled rectangle."""

    box: Box
    colour: str
    alpha: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Clipped:
    """Items of which only what lies in a box is seen."""

    box: Box
    items: tuple[Item, ...]


Item = Dots | Strokes | Shapes | Picture | Words | Block | Clipped


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The font files (TrueType) that words are set in."""

    regular: str
    bold: str


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A whole drawing, items from back to front.

    Attributes:
        width, height: in pixels.
        items: from back to front.
        faces: fonts of its words.
        title: what it shows, for the file's description.
        background: "#rrggbb", or None for none.
    """

    width: float
    height: float
    items: tuple[Item, ...]
    faces: Faces
    title: str = ""
    background: str | None = None
