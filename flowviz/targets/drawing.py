"""What a person has drawn on the canvas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, final

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.params import from_mapping
from flowviz.core.spec import TargetSpec
from flowviz.targets._base import TARGETS
from flowviz.targets._grid import EXTENT
from flowviz.targets._grid_target import GridTarget, grid_of


@dataclass(frozen=True, slots=True)
class DrawingParams:
    pass


@TARGETS.register("drawing")
@final
class Drawing(GridTarget):
    """A drawn density on [-4, 4]^2; data: "density" (rows, columns), row 0 at the bottom."""

    label = "Drawing"
    summary = "What you draw: denser where you press longer."
    Params = DrawingParams

    @classmethod
    def from_spec(cls, spec: TargetSpec) -> Self:
        density = grid_of(spec, "density", "drawing")
        if not np.any(density > 0):
            raise UserError("The drawing is empty.", "Draw at least one stroke or point on the canvas.")
        return cls(from_mapping(DrawingParams, spec.params), density, EXTENT)
