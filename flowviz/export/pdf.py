"""PDF: a vector picture for papers."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from flowviz.core.drawing import Block, Clipped, Dots, Drawing, Item, Picture, Shapes, Strokes, Words
from flowviz.core.spec import Array
from flowviz.export._base import EXPORTERS, DrawingWriter
from flowviz.export._glyphs import font_file

POINTS = 0.75
"""Printer's points (1/72 inch) of a pixel, as in web pages: 96 pixels an inch."""
_FONTS = {False: "FlowvizRegular", True: "FlowvizBold"}


@EXPORTERS.register(".pdf")
class PdfWriter(DrawingWriter):
    """By ReportLab. Words stay text that can be searched, in embedded subsets of their fonts."""

    label = "PDF drawing"
    summary = "One vector picture ready for a paper: embedded fonts, sharp at any size."

    def encode(self, drawing: Drawing) -> bytes:
        """The whole file; the same drawing gives the same bytes."""
        from reportlab.pdfgen.canvas import Canvas

        file, size = io.BytesIO(), (POINTS * drawing.width, POINTS * drawing.height)
        _load_fonts(drawing)
        # a page begins with a font that is embedded: journals refuse files that as much as name another one
        canvas = Canvas(file, pagesize=size, invariant=1, initialFontName=_FONTS[False])
        canvas.scale(POINTS, POINTS)
        canvas.setTitle(drawing.title)
        canvas.setCreator("flowviz")
        if drawing.background:
            canvas.setFillColor(drawing.background)
            canvas.rect(0, 0, drawing.width, drawing.height, stroke=0, fill=1)
        page = _Page(canvas, drawing.height)
        for item in drawing.items:
            page.draw(item)
        canvas.showPage()
        canvas.save()
        return file.getvalue()


def _load_fonts(drawing: Drawing) -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for bold, path in ((False, drawing.faces.regular), (True, drawing.faces.bold)):
        pdfmetrics.registerFont(TTFont(_FONTS[bold], font_file(path, bold)))


class _Page:
    """A page whose y axis points up, drawn on by items whose y axis points down."""

    def __init__(self, canvas: Any, height: float) -> None:
        self._canvas, self._height = canvas, height

    def draw(self, item: Item) -> None:
        """One item."""
        match item:
            case Dots():
                self._dots(item)
            case Strokes():
                self._strokes(item)
            case Shapes():
                self._shapes(item)
            case Picture():
                self._picture(item)
            case Words():
                self._words(item)
            case Block():
                self._block(item)
            case Clipped():
                self._clipped(item)

    def _block(self, block: Block) -> None:
        x, y, width, height = block.box
        self._canvas.setFillColor(block.colour)
        self._canvas.setFillAlpha(block.alpha)
        self._canvas.rect(x, self._height - y - height, width, height, stroke=0, fill=1)
        self._canvas.setFillAlpha(1)

    def _dots(self, dots: Dots) -> None:
        canvas, one = self._canvas, isinstance(dots.colours, str)
        canvas.setFillAlpha(dots.alpha)
        canvas.setFillColor(dots.colours if one else "#000000")
        for index, (x, y) in enumerate(dots.centres.tolist()):
            if not one:
                canvas.setFillColor(dots.colours[index])
            canvas.circle(x, self._height - y, dots.diameter / 2, stroke=0, fill=1)
        canvas.setFillAlpha(1)

    def _strokes(self, strokes: Strokes) -> None:
        canvas = self._canvas
        canvas.setStrokeColor(strokes.colour)
        canvas.setLineWidth(strokes.width)
        canvas.setLineJoin(1)
        even = len(set(strokes.alpha)) == 1
        canvas.setLineCap(1 if even else 0)  # round ends of pieces would overlap
        for index, alpha in enumerate(strokes.alpha[:1] if even else strokes.alpha):
            canvas.setStrokeAlpha(alpha)
            pieces = strokes.paths if even else strokes.paths[:, index : index + 2]
            for piece in pieces if alpha > 0 else ():
                canvas.drawPath(self._path(piece), stroke=1, fill=0)
        canvas.setStrokeAlpha(1)

    def _shapes(self, shapes: Shapes) -> None:
        self._canvas.setFillColor(shapes.colour)
        self._canvas.setFillAlpha(shapes.alpha)
        for corners in shapes.corners:
            path = self._path(corners)
            path.close()
            self._canvas.drawPath(path, stroke=0, fill=1)
        self._canvas.setFillAlpha(1)

    def _path(self, vertices: Array) -> Any:
        path = self._canvas.beginPath()
        (x, y), *rest = vertices.tolist()
        path.moveTo(x, self._height - y)
        for x, y in rest:
            path.lineTo(x, self._height - y)
        return path

    def _picture(self, picture: Picture) -> None:
        from reportlab.lib.utils import ImageReader

        x, y, width, height = picture.box
        image = ImageReader(Image.fromarray(picture.pixels))
        self._canvas.drawImage(image, x, self._height - y - height, width, height, mask="auto")

    def _words(self, words: Words) -> None:
        canvas = self._canvas
        canvas.setFillColor(words.colour)
        canvas.setFillAlpha(words.alpha)
        canvas.setFont(_FONTS[words.bold], words.size)
        write = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
        write[words.anchor](words.x, self._height - words.y, words.text)
        canvas.setFillAlpha(1)

    def _clipped(self, clipped: Clipped) -> None:
        canvas = self._canvas
        x, y, width, height = clipped.box
        canvas.saveState()
        path = canvas.beginPath()
        path.rect(x, self._height - y - height, width, height)
        canvas.clipPath(path, stroke=0, fill=0)
        for item in clipped.items:
            self.draw(item)
        canvas.restoreState()
