"""Wishes about the camera of the stage: reset, views along the axes, small turns, perspective."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from flowviz.core.camera import Axis
from flowviz.gui.views.stage import StageView

STEP = 5.0
"""Degrees of one press of a key."""


class CameraController(QObject):
    """Carries out what a person wants of the camera; on a plane there is none, and nothing happens."""

    def __init__(self, stage: StageView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stage = stage

    def reset(self) -> None:
        """Everything in view, from the first direction."""
        self._stage.reset()

    def look_from(self, axis: Axis) -> None:
        """Look along an axis, from that end of it."""
        camera = self._stage.camera()
        if camera is not None:
            self._stage.look(camera.seen_from(axis))

    def orbit(self, right: float, up: float) -> None:
        """Carry the eye around by so many degrees."""
        camera = self._stage.camera()
        if camera is not None:
            self._stage.look(camera.orbit(right, up))

    @property
    def is_parallel(self) -> bool:
        """Whether parallel lines stay parallel in the picture."""
        camera = self._stage.camera()
        return camera is not None and camera.projection == "parallel"

    @property
    def is_there(self) -> bool:
        """Whether the stage shows space."""
        return self._stage.camera() is not None

    def flip_projection(self) -> None:
        """From perspective to parallel and back."""
        camera = self._stage.camera()
        if camera is not None:
            self._stage.look(replace(camera, projection="perspective" if self.is_parallel else "parallel"))
