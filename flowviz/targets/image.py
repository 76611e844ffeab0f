"""A picture as a density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, final

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.params import from_mapping, param
from flowviz.core.spec import Array, TargetSpec
from flowviz.targets._base import TARGETS
from flowviz.targets._grid_target import GridTarget, centred_extent, grid_of

SPAN = 7.0  # the longer side of a picture, in units of the stage
AUTOMATIC, DARK, LIGHT = "automatic", "dark is dense", "light is dense"


@dataclass(frozen=True, slots=True)
class ImageParams:
    invert: str = param(
        AUTOMATIC,
        "Ink",
        choices=(AUTOMATIC, DARK, LIGHT),
        help="Which parts carry the mass; automatic takes the background's opposite.",
    )
    threshold: float = param(
        0.1, "Threshold", lo=0.0, hi=0.95, help="Pixels fainter than this share of the strongest carry no mass."
    )


@TARGETS.register("image")
@final
class Image(GridTarget):
    """A picture, aspect kept, its longer side spanning 7 units.

    data: "density" (rows, columns): darkness from 0 (white) to 1 (black), row 0 at the bottom;
    optionally "alpha", the same shape: opacity from 0 to 1 (transparent pixels carry no mass).
    """

    label = "Image"
    summary = "A picture: dense where it is dark, or where it is light."
    Params = ImageParams

    @classmethod
    def from_spec(cls, spec: TargetSpec) -> Self:
        params = from_mapping(ImageParams, spec.params)
        darkness = np.clip(grid_of(spec, "density", "image"), 0.0, 1.0)
        alpha = np.clip(grid_of(spec, "alpha", "image"), 0.0, 1.0) if "alpha" in spec.data else np.ones_like(darkness)
        if alpha.shape != darkness.shape:
            raise UserError("The image's transparency does not fit its pixels.", "Load the image again.")
        density = ink(darkness, alpha, params)
        if not np.any(density > 0):
            name = f"The image {spec.name}" if spec.name else "The image"
            if float(alpha.max()) < 1 / 255:
                raise UserError(f"{name} is wholly transparent.", "Choose another picture.")
            raise UserError(f"{name} has no {_word(params.invert)} parts.", "Choose the other kind of ink for it.")
        return cls(params, density, centred_extent(density.shape[0], density.shape[1], SPAN))


def ink(darkness: Array, alpha: Array, params: ImageParams) -> Array:
    """The density (rows, columns) of a picture; unnormalised, zero below the threshold."""
    dark = params.invert == DARK or (params.invert == AUTOMATIC and dark_is_dense(darkness, alpha))
    strength = alpha * (darkness if dark else 1.0 - darkness)
    top = float(strength.max())
    if top < 1 / 255:  # nothing but rounding noise
        return np.zeros_like(strength)
    return np.where(strength >= max(params.threshold * top, 1 / 512), strength, 0.0)


def dark_is_dense(darkness: Array, alpha: Array) -> bool:
    """Whether the picture is dark ink on a light ground.

    With transparent parts (over 2 %) the ground is the transparency, and the heavier of dark and light
    ink wins; otherwise the ground is the picture's border.
    """
    if float(np.mean(alpha < 0.5)) > 0.02:
        return float(np.sum(alpha * darkness)) >= 0.5 * float(np.sum(alpha))
    border = np.concatenate([darkness[0], darkness[-1], darkness[:, 0], darkness[:, -1]])
    return float(np.median(border)) < 0.5


def _word(choice: str) -> str:
    return {DARK: "dark", LIGHT: "light"}.get(choice, "visible")
