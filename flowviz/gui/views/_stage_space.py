"""A hand on a panel of three dimensions: what its movements do to the camera."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt

from flowviz.core.camera import Axis, Camera
from flowviz.gui.views._stage_axes import Spot
from flowviz.scene._box import TRIAD_BALL, triad_balls
from flowviz.scene._lens import Lens

HALF_TURN = 180.0
"""Degrees that a drag across the height of the panel turns."""
STEADY = 4.0
"""Points that a hand may move between press and release of a click."""


def dragged(
    spot: Spot, camera: Camera, step: QPointF, buttons: Qt.MouseButton, modifiers: Qt.KeyboardModifier
) -> Camera:
    """The camera after a drag by `step`: left turns, middle or Ctrl+left moves what is seen with the hand."""
    height = max(1, spot.plot.height())
    is_pan = bool(buttons & Qt.MouseButton.MiddleButton) or bool(modifiers & Qt.KeyboardModifier.ControlModifier)
    if is_pan:
        return camera.pan(-step.x() / height, step.y() / height)
    return camera.orbit(-step.x() * HALF_TURN / height, step.y() * HALF_TURN / height)


def ball_at(spot: Spot, place: QPointF, emphasis: float) -> Axis | None:
    """The ball of the axis triad under a point of the widget, the nearest to the eye first."""
    if not isinstance(spot.view, Camera) or spot.panel.room is None:
        return None
    width, height = spot.plot.width(), spot.plot.height()
    x = (place.x() - spot.plot.x() - width / 2) * 2 / height
    y = (spot.plot.y() + height / 2 - place.y()) * 2 / height
    point = 2 * emphasis / height
    _, balls = triad_balls(Lens(spot.view, width, height, spot.panel.room), point)
    for ball in reversed(balls):
        if math.hypot(ball.place[0] - x, ball.place[1] - y) <= 0.6 * TRIAD_BALL * point:
            return ball.axis
    return None
