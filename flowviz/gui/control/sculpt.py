"""What a person draws in space, on a plane that moves through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from flowviz.core.spec import Array, TargetSpec
from flowviz.gui.control.painting import Painting
from flowviz.targets._grid import CUBE
from flowviz.targets._strokes import Stroke
from flowviz.targets._strokes_3d import IN_PLANE, paint_volume

CELLS = 96
_FADE = 0.9
"""Ink of other layers fades over this distance from the plane."""
_SLAB = 0.35
"""Guide points as close as this to the plane are seen on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A solid that a person wants to be made of something flat.

    Attributes:
        way: drawn out along the axis, or turned about it.
        axis: 0, 1 or 2.
        depth: of an extrusion, in world units.
        text: what is written; "" takes the drawing in the plane.
    """

    way: Literal["extrude", "revolve"]
    axis: int
    depth: float = 1.0
    text: str = ""


class SculptController(Painting):
    """Owns the ink (96, 96, 96) in the cube [-4, 4]^3 (layer 0 at z = -4) and the plane that one draws on.

    Args:
        undo_stack: the one history.
        chosen: which target is chosen at this end of the flow.
        announce: makes another one the chosen target.
        parent: Qt's owner.
    """

    plane_changed = Signal()
    form_requested = Signal(object)
    """Form: the person wants it made; the target panel makes it."""

    def __init__(
        self,
        undo_stack: QUndoStack,
        chosen: Callable[[], TargetSpec | None],
        announce: Callable[[TargetSpec | None], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(np.zeros((CELLS, CELLS, CELLS), dtype=np.float32), "drawing_3d", undo_stack, parent)
        self.axis, self.layer = 2, CELLS // 2
        self._chosen, self._announce = chosen, announce
        self._guide: Array | None = None

    def chosen(self) -> TargetSpec | None:
        return self._chosen()

    def announce(self, spec: TargetSpec | None) -> None:
        self._announce(spec)

    # ---- the plane -------------------------------------------------------------------------------

    @property
    def height(self) -> float:
        """Where the plane cuts its axis, in world units: the middle of a layer of cells."""
        return CUBE[0] + (CUBE[1] - CUBE[0]) * (self.layer + 0.5) / CELLS

    def set_plane(self, axis: int | None = None, layer: int | None = None) -> None:
        """Turn the plane across another axis (0, 1, 2), or move it to another layer of cells."""
        new = (
            self.axis if axis is None else axis,
            min(max(self.layer if layer is None else layer, 0), CELLS - 1),
        )
        if new == (self.axis, self.layer):
            return
        self.cancel()
        self.axis, self.layer = new
        self._last_end = None
        self.plane_changed.emit()
        self._tell_all()
        self.guide_changed.emit()

    @property
    def grid(self) -> Array:
        index: list[slice | int] = [slice(None)] * 3
        index[2 - self.axis] = self.layer
        return np.asarray(self.ink[tuple(index)])

    def ghosts(self) -> tuple[Array, Array]:
        """Ink (n, n) of the layers below and above the plane, fading with their distance."""
        layers = np.moveaxis(self.ink, 2 - self.axis, 0)
        away = (CUBE[1] - CUBE[0]) / CELLS * (np.arange(CELLS) - self.layer)
        weights = np.exp(-np.abs(away) / _FADE).astype(np.float32)
        sides = (slice(0, self.layer), slice(self.layer + 1, CELLS))
        below, above = (np.tensordot(weights[side], layers[side], axes=1) for side in sides)
        return below, above

    def rasterise(self, stroke: Stroke, first: int) -> None:
        paint_volume(self.ink, stroke, self.axis, self.height, first)

    # ---- the guide -------------------------------------------------------------------------------

    def set_guide(self, points: Array | None) -> None:
        """Points (n, 3) of which those near the plane are shown; others than three coordinates: none."""
        self._guide = points if points is not None and points.shape[1] == 3 else None
        self.guide_changed.emit()

    @property
    def guide(self) -> Array | None:
        if self._guide is None:
            return None
        near = np.abs(self._guide[:, self.axis] - self.height) < _SLAB
        return np.asarray(self._guide[near][:, IN_PLANE[self.axis]])
