"""Words as outlines, so that they look the same in every program, whether it has the font or not."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import reportlab


def font_file(path: str, bold: bool = False) -> str:
    """A TrueType file: the asked one where it is one, else the free face that ReportLab brings (Bitstream Vera)."""
    if path.lower().endswith(".ttf") and Path(path).is_file():
        return path
    return str(Path(reportlab.__file__).parent / "fonts" / ("VeraBd.ttf" if bold else "Vera.ttf"))


@lru_cache(maxsize=4)
def _face(path: str) -> tuple[Any, Any, dict[int, str], float]:
    from fontTools.ttLib import TTFont

    font = TTFont(path, lazy=True)
    return font, font.getGlyphSet(), font.getBestCmap(), float(font["head"].unitsPerEm)


def outline(text: str, path: str, size: float, x: float, y: float, anchor: str) -> str:
    """The `d` of an SVG path that shows a line of text.

    Args:
        text: the words; a character that the font lacks becomes its empty box.
        path: TrueType file.
        size: of the font, in points.
        x, y: where the baseline is anchored.
        anchor: "start", "middle" or "end".
    """
    from fontTools.pens.svgPathPen import SVGPathPen
    from fontTools.pens.transformPen import TransformPen

    _, glyphs, names, units = _face(path)
    scale = size / units
    shown = [glyphs[names.get(ord(character), ".notdef")] for character in text]
    x -= {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * sum(glyph.width for glyph in shown) * scale
    pen = SVGPathPen(glyphs, ntos=lambda value: f"{value:.2f}".rstrip("0").rstrip("."))
    for glyph in shown:
        glyph.draw(TransformPen(pen, (scale, 0, 0, -scale, x, y)))
        x += glyph.width * scale
    return str(pen.getCommands())
