"""What a person has drawn in space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, final

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.params import from_mapping
from flowviz.core.spec import TargetSpec
from flowviz.targets._base import TARGETS
from flowviz.targets._grid import CUBE
from flowviz.targets._grid_target import GridTarget, grid_of


@dataclass(frozen=True, slots=True)
class Drawing3DParams:
    pass


@TARGETS.register("drawing_3d")
@final
class Drawing3D(GridTarget):
    """A drawn density on [-4, 4]^3; data: "density" (layers, rows, columns), layer 0 at z = -4, row 0 at y = -4."""

    label = "Drawing"
    summary = "What you draw in space, plane by plane: denser where you press longer."
    Params = Drawing3DParams
    dims = (3,)

    @classmethod
    def from_spec(cls, spec: TargetSpec) -> Self:
        density = grid_of(spec, "density", "drawing", 3)
        if not np.any(density > 0):
            raise UserError("The drawing is empty.", "Draw at least one stroke or point on the canvas.")
        return cls(from_mapping(Drawing3DParams, spec.params), density, CUBE)
