"""Typed text as a density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, final

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.params import from_mapping, param
from flowviz.core.spec import Array, TargetSpec
from flowviz.targets._base import TARGETS
from flowviz.targets._grid_target import GridTarget, centred_extent, grid_of
from flowviz.targets.fonts import BUILT_IN, load_font

SPAN = 7.0  # the longer side of the text, in units of the stage
_CELLS = 384  # along the longer side
_LONGEST = 200  # characters


@dataclass(frozen=True, slots=True)
class TextParams:
    text: str = param("flow", "Text", help="What to write; \\n starts a new line.")
    font: str = param(BUILT_IN, "Font", help="An installed font, by its name.")


@TARGETS.register("text")
@final
class Text(GridTarget):
    """Even ink on the letters.

    data, both optional and made by `text_data`: "density" (rows, columns), row 0 at the bottom, so that a
    run can be opened where the font is missing; "written" the text and font that it shows (UTF-8 bytes).
    Where they are absent or show another text, the text is drawn anew.
    """

    label = "Text"
    summary = "A word or a few lines in any installed font."
    Params = TextParams
    is_preset = False

    @classmethod
    def from_spec(cls, spec: TargetSpec) -> Self:
        params = from_mapping(TextParams, spec.params)
        written = spec.data.get("written")
        if "density" in spec.data and (written is None or np.array_equal(written, _signature(params))):
            density = grid_of(spec, "density", "text")
        else:
            density = draw_text(params.text, params.font).astype(np.float64)
        if not np.any(density > 0):
            raise UserError("The text leaves no ink.", "Type at least one visible character.")
        return cls(params, density, centred_extent(density.shape[0], density.shape[1], SPAN))


def text_data(params: TextParams) -> dict[str, Array]:
    """What a spec keeps of the text, so that it can be rebuilt without the font.

    Raises:
        UserError: as `draw_text`.
    """
    return {"density": draw_text(params.text, params.font), "written": _signature(params)}


def _signature(params: TextParams) -> Array:
    return np.frombuffer(f"{params.font}\0{params.text}".encode(errors="replace"), dtype=np.uint8)


def draw_text(text: str, font: str) -> Array:
    """The text as ink (rows, columns) float32 from 0 to 1, cropped, row 0 at the bottom.

    Raises:
        UserError: no visible character, too long a text, or an unknown font.
    """
    from PIL import Image, ImageDraw

    lines = text.replace("\\n", "\n").strip("\n")
    if not lines.strip():
        raise UserError("The text is empty.", "Type at least one visible character.")
    if len(lines) > _LONGEST:
        raise UserError(f"The text has {len(lines)} characters.", f"Use at most {_LONGEST}.")
    longest = max(len(line) for line in lines.split("\n"))
    size = int(np.clip(3 * _CELLS / longest, 24, 400))
    face = load_font(font, size)
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox(
        (0, 0), lines, font=face, align="center"
    )
    width, height = int(right - left) + 4, int(bottom - top) + 4
    if width * height > 50_000_000:
        raise UserError("The text is too large to draw.", "Use fewer characters.")
    page = Image.new("L", (max(1, width), max(1, height)))
    ImageDraw.Draw(page).multiline_text((2 - left, 2 - top), lines, fill=255, font=face, align="center")
    box = page.getbbox()
    if box is None:
        raise UserError(f"The font {font} has no visible letters for {text!r}.", "Choose another font.")
    page = page.crop(box)
    page.thumbnail((_CELLS, _CELLS), Image.Resampling.BOX)
    return np.asarray(page, dtype=np.float32)[::-1] / np.float32(255)
