"""SVG: a vector picture for the web and for drawing programs."""

from __future__ import annotations

import base64
from xml.sax.saxutils import escape, quoteattr

from flowviz.core.drawing import Block, Box, Clipped, Dots, Drawing, Item, Picture, Shapes, Strokes, Words
from flowviz.export._base import EXPORTERS, DrawingWriter
from flowviz.export._glyphs import font_file, outline
from flowviz.export._png import png_bytes


@EXPORTERS.register(".svg")
class SvgWriter(DrawingWriter):
    """Every mark is an element of its own, words are outlines; heat maps are embedded PNG pictures."""

    label = "SVG drawing"
    summary = "One vector picture for web pages and drawing programs; words are outlines, so no font is missed."

    def encode(self, drawing: Drawing) -> bytes:
        """The whole file, UTF-8."""
        return _Page(drawing).text().encode()


class _Page:
    """One SVG document in the making."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._faces = {
            bold: font_file(getattr(drawing.faces, face), bold) for bold, face in ((False, "regular"), (True, "bold"))
        }
        self._clips = 0

    def text(self) -> str:
        """The document."""
        drawing = self._drawing
        size = f'width="{_n(drawing.width)}" height="{_n(drawing.height)}"'
        view = f'viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}"'
        lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view}>', f"<title>{escape(drawing.title)}</title>"]
        if drawing.background:
            lines.append(f'<rect width="100%" height="100%" fill="{drawing.background}"/>')
        for item in drawing.items:
            lines += self._item(item)
        return "\n".join([*lines, "</svg>\n"])

    def _item(self, item: Item) -> list[str]:
        match item:
            case Dots():
                return _dots(item)
            case Strokes():
                return _strokes(item)
            case Shapes():
                return _shapes(item)
            case Picture():
                return _picture(item)
            case Words():
                return self._words(item)
            case Block():
                return [f'<rect {_box(item.box)} fill="{item.colour}" fill-opacity="{_n(item.alpha)}"/>']
            case Clipped():
                return self._clipped(item)

    def _words(self, words: Words) -> list[str]:
        path = outline(words.text, self._faces[words.bold], words.size, words.x, words.y, words.anchor)
        paint = f'fill="{words.colour}" fill-opacity="{_n(words.alpha)}"'
        return [f'<path role="img" aria-label={quoteattr(words.text)} {paint} d="{path}"/>']

    def _clipped(self, clipped: Clipped) -> list[str]:
        self._clips += 1
        name = f"clip{self._clips}"
        # within defs: programs that do not know clipping would draw the black box itself
        shape = f'<defs><clipPath id="{name}"><rect {_box(clipped.box)}/></clipPath></defs>'
        inside = (line for item in clipped.items for line in self._item(item))
        return [shape, f'<g clip-path="url(#{name})">', *inside, "</g>"]


def _dots(dots: Dots) -> list[str]:
    radius = _n(dots.diameter / 2)
    if isinstance(dots.colours, str):
        circles = [f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{radius}"/>' for x, y in dots.centres]
        return [f'<g fill="{dots.colours}" fill-opacity="{_n(dots.alpha)}">', *circles, "</g>"]
    places = zip(dots.centres, dots.colours, strict=True)
    circles = [f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{radius}" fill="{colour}"/>' for (x, y), colour in places]
    return [f'<g fill-opacity="{_n(dots.alpha)}">', *circles, "</g>"]


def _strokes(strokes: Strokes) -> list[str]:
    lines = [f'<g fill="none" stroke="{strokes.colour}" stroke-width="{_n(strokes.width)}" stroke-linejoin="round">']
    if len(set(strokes.alpha)) == 1:
        cap = f'stroke-linecap="round" stroke-opacity="{_n(strokes.alpha[0])}"'
        lines += [f'<polyline {cap} points="{_points(path)}"/>' for path in strokes.paths]
    else:
        for path in strokes.paths:
            for index, alpha in enumerate(strokes.alpha):
                if alpha > 0:
                    piece = _points(path[index : index + 2])
                    lines.append(f'<polyline stroke-opacity="{_n(alpha)}" points="{piece}"/>')
    return [*lines, "</g>"]


def _shapes(shapes: Shapes) -> list[str]:
    start = f'<g fill="{shapes.colour}" fill-opacity="{_n(shapes.alpha)}">'
    return [start, *(f'<polygon points="{_points(corners)}"/>' for corners in shapes.corners), "</g>"]


def _picture(picture: Picture) -> list[str]:
    data = base64.b64encode(png_bytes(picture.pixels)).decode()
    stretch = 'preserveAspectRatio="none"'
    return [f'<image {_box(picture.box)} {stretch} href="data:image/png;base64,{data}"/>']


def _box(box: Box) -> str:
    return 'x="{}" y="{}" width="{}" height="{}"'.format(*(_n(value) for value in box))


def _points(path: object) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in path)  # type: ignore[attr-defined]


def _n(value: float) -> str:
    """A number with as many digits as a printer can tell apart."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
