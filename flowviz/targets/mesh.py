"""Meshes that a person has loaded: their surface, or the space inside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.params import from_mapping, param
from flowviz.core.spec import Array, TargetSpec
from flowviz.targets._base import TARGETS, Frame, HasLogDensity, Target
from flowviz.targets._solid import Solid, Surface, areas, merged, open_edges
from flowviz.targets.points import EACH, OFF, TOGETHER, standardising_frame

SURFACE, VOLUME = "surface", "volume"
_LOOK = 50_000  # draws that the standardisation looks at


@dataclass(frozen=True, slots=True)
class MeshParams:
    fill: str = param(
        SURFACE,
        "Points lie",
        choices=(SURFACE, VOLUME),
        help="Evenly on the surface, or evenly in the space inside (a closed surface only; its density is known).",
    )
    thickness: float = param(
        0.05, "Thickness", lo=0.0, hi=0.5, help="Gaussian noise across the surface, in units of the stage."
    )
    standardise: str = param(
        TOGETHER,
        "Standardise",
        choices=(TOGETHER, EACH, OFF),
        help="Move and scale the shape into view: one scale for all axes (together), one for each, or none.",
    )


@TARGETS.register("mesh")
class Mesh(Target):
    """Triangles; data: "vertices" (n, 3) in the data's own units, "faces" (m, 3), and maybe "weights" (n,), a
    density at the vertices. `from_spec` makes a MeshSurface or a MeshVolume of it."""

    label = "Mesh"
    summary = "A shape of triangles from a file: its surface, or the space inside."
    Params = MeshParams
    is_preset = False
    dims = (3,)

    def __init__(self, params: MeshParams, corners: Array) -> None:
        self.params = params
        self._corners = corners

    @classmethod
    def from_spec(cls, spec: TargetSpec) -> Mesh:
        params = from_mapping(MeshParams, spec.params)
        vertices, faces = _checked(spec)
        if params.fill == VOLUME:
            _check_closed(spec, merged(vertices, faces))
            return MeshVolume(params, vertices[faces])
        weights = spec.data.get("weights")
        return MeshSurface(params, vertices[faces], None if weights is None else np.asarray(weights)[faces])

    @property
    def dim(self) -> int:
        return 3

    def _standardised(self, points: Array) -> Frame:
        return standardising_frame(points, self.params.standardise)

    def bounds(self) -> tuple[Array, Array]:
        flat = self.frame.to_shared(self._corners.reshape(-1, 3))
        margin = 4.5 * self.params.thickness if self.params.fill == SURFACE else 0.0
        return flat.min(axis=0) - margin, flat.max(axis=0) + margin


@final
class MeshSurface(Mesh):
    """The surface, evenly or by the vertices' weights, plus N(0, thickness^2 I).

    Args:
        params: the parameters.
        corners: (m, 3, 3): the triangles' vertices.
        weights: (m, 3) density at the vertices, or None.

    Raises:
        UserError: no triangle has an area and a weight.
    """

    def __init__(self, params: MeshParams, corners: Array, weights: Array | None) -> None:
        super().__init__(params, corners)
        total = float(np.sum(areas(corners) * (1.0 if weights is None else weights.mean(axis=1))))
        if not (math.isfinite(total) and total > 0):
            raise UserError("The mesh has no surface: its triangles have no area, or no weight.", "Load another one.")
        self._surface = Surface(corners, weights)
        self._frame = self._standardised(self._surface.sample(_LOOK, np.random.default_rng(0)))

    @property
    def frame(self) -> Frame:
        return self._frame

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        x = self._frame.to_shared(self._surface.sample(n, rng))
        return x + self.params.thickness * rng.standard_normal((n, 3)) if self.params.thickness > 0 else x


@final
class MeshVolume(Mesh, HasLogDensity):
    """The space inside a closed surface, evenly: density 1 / volume, entropy log volume."""

    def __init__(self, params: MeshParams, corners: Array) -> None:
        super().__init__(params, corners)
        self._solid = Solid(corners)
        if not self._solid.volume > 0:
            raise UserError("The mesh encloses no space.", "Choose its surface instead.")
        self._frame = self._standardised(self._solid.sample(_LOOK, np.random.default_rng(0)))

    @property
    def frame(self) -> Frame:
        return self._frame

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self._frame.to_shared(self._solid.sample(n, rng))

    def log_density(self, x: Array) -> Array:
        return np.where(self._solid.contains(self._frame.to_data(x)), -self.entropy(), -np.inf)

    def entropy(self) -> float:
        """log of the volume in the shared frame, in nats."""
        return math.log(self._solid.volume) - self._frame.log_volume


def _checked(spec: TargetSpec) -> tuple[Array, Array]:
    """Vertices (n, 3) float64 and faces (m, 3) of a spec.

    Raises:
        UserError: they are missing, or no triangles.
    """
    vertices, faces = (np.asarray(spec.data.get(name, np.zeros((0, 3)))) for name in ("vertices", "faces"))
    is_sound = vertices.ndim == faces.ndim == 2 and vertices.shape[1] == faces.shape[1] == 3
    if not is_sound or not len(faces) or faces.dtype.kind not in "iu" or vertices.dtype.kind not in "fiu":
        raise UserError("The mesh has no triangles.", "Load it again.")
    if int(faces.min()) < 0 or int(faces.max()) >= len(vertices) or not np.isfinite(vertices[faces]).all():
        raise UserError("A triangle of the mesh has a corner that is nowhere.", "Load it again.")
    return vertices.astype(np.float64), faces


def _check_closed(spec: TargetSpec, faces: Array) -> None:
    count = open_edges(faces) if len(faces) else 1
    if count:
        edges = "1 open edge" if count == 1 else f"{count:,} open edges"
        raise UserError(
            f"{spec.name or 'The mesh'} is not closed ({edges}), so that it has no inside.",
            "Let the points lie on its surface, or close it in a mesh program.",
        )
