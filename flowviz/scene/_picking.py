"""Which place of space a person points at: a picture has two dimensions, and something has to give the third."""

from __future__ import annotations

import numpy as np

from flowviz.core.camera import SLICE_AXES, Camera
from flowviz.core.spec import Array
from flowviz.scene._lens import Lens
from flowviz.scene.marks import Points, Shell
from flowviz.scene.options import StageOptions
from flowviz.scene.panels import Panel

REACH = 0.12
"""How far from the pointer a particle may be seen to give it its depth, in halves of the picture's height."""
_SAME = 0.02
"""Particles seen so near to each other count as one behind the other: the one in front is meant."""


def pointed_at(
    panel: Panel, camera: Camera, size: tuple[int, int], place: tuple[float, float], options: StageOptions
) -> Array | None:
    """The place (3,) under the pointer: on the slice where that is shown and met, else at the depth of the particle
    that is seen nearest; None where there is neither.

    Args:
        panel: of three dimensions.
        camera: where it is seen from.
        size: width and height of the panel in pixels.
        place: the pointer from the panel's upper left corner, in pixels.
        options: whether and where a slice is shown.
    """
    if panel.room is None:
        return None
    lens = Lens(camera, *size, panel.room)
    width, height = size
    spot = np.array([(place[0] - width / 2) * 2 / height, (height / 2 - place[1]) * 2 / height])
    if "slice" in options.layers:
        axis = SLICE_AXES.index(options.slice_axis)
        low, high = (np.asarray(corner) for corner in panel.room)
        met = lens.on_plane(spot, axis, float(np.clip(options.slice_place, low[axis], high[axis])))
        if met is not None and (met >= low - 1e-6).all() and (met <= high + 1e-6).all():
            return met
    return _beside(lens, spot, _things(panel))


def _things(panel: Panel) -> Array:
    """Places (n, 3) of what one can point at: particles, or else other dots or the dots of surfaces."""
    dots = [mark for mark in panel.marks if isinstance(mark, Points) and len(mark.xy)]
    chosen = [mark.xy for mark in dots if mark.colour == "particles"] or [
        *(mark.xy for mark in dots),
        *(mark.points for mark in panel.marks if isinstance(mark, Shell)),
    ]
    return max(chosen, key=len, default=np.zeros((0, 3)))


def _beside(lens: Lens, spot: Array, points: Array) -> Array | None:
    seen, nearness = lens.places(points)
    away = np.linalg.norm(seen - spot, axis=1)
    away[np.isnan(away)] = np.inf
    if not len(away) or away.min() > REACH:
        return None
    behind = np.flatnonzero(away <= away.min() + _SAME)
    nearest = behind[np.argmax(nearness[behind])]
    return lens.at_depth_of(spot, points[nearest])
