"""A camera at work on one picture: where points are seen, and how near they are."""

from __future__ import annotations

import numpy as np

from flowviz.core.camera import NEAR, Camera
from flowviz.core.spec import Array
from flowviz.scene.marks import Volume


class Lens:
    """The projection of one picture.

    Args:
        camera: where it is seen from.
        width, height: pixels.
        box: the world around the scene; the ball that just touches its faces is what nearness measures, since
            hardly anything is in the corners. Without a box, it is half a span before and behind the centre.
        ratio: device pixels for each of those pixels.

    Attributes:
        axes: (3, 3) float32, rows are right, up and toward the eye.
        gain: picture units (half its height) per unit of length in the plane of the camera's centre.
        aspect: width over height.
        pixels_per_unit: device pixels per unit of length in that plane.
    """

    def __init__(self, camera: Camera, width: int, height: int, box: Volume | None = None, ratio: float = 1.0) -> None:
        self.camera = camera
        self.aspect, self.ratio = width / height, ratio
        self.pixels_per_unit = height * ratio / camera.span
        self.axes = camera.rotation().astype(np.float32)
        self.gain = 2.0 / camera.span
        self._shift = self.axes @ np.asarray(camera.centre, np.float32)
        self._distance = np.float32(camera.distance)
        self._eye = np.asarray(camera.eye, np.float32)
        middle, radius = 0.0, camera.span / 2
        if box is not None:
            middle = float(self._seen(np.mean(box, axis=0))[2])
            radius = max(high - low for low, high in zip(*box, strict=True)) / 2
        self._far, self._deep = middle - radius, 2 * radius

    def _seen(self, points: Array) -> Array:
        return np.asarray(np.asarray(points, np.float32) @ self.axes.T - self._shift)

    def places(self, points: Array) -> tuple[Array, Array]:
        """Where points (..., 3) are seen: (..., 2) float32 in picture units, NaN where they are behind the eye;
        and their nearness (...,): 0 at the far end of the ball within the box, 1 at its near end."""
        seen = self._seen(points)
        nearness = (seen[..., 2] - np.float32(self._far)) * np.float32(1 / self._deep)
        if self.camera.projection == "parallel":
            return seen[..., :2] * np.float32(self.gain), nearness
        depth = self._distance - seen[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            shrink = np.where(depth > NEAR * self._distance, self.gain * self._distance / depth, np.nan)
        return seen[..., :2] * shrink[..., None].astype(np.float32), nearness

    def at_depth_of(self, place: Array, point: Array) -> Array:
        """The place (3,) of space seen at `place` (2,), in picture units, as far from the eye as a point (3,)."""
        return self._behind(place, float(self._seen(point)[2]))

    def on_plane(self, place: Array, axis: int, where: float) -> Array | None:
        """The place (3,) seen at `place` (2,) where coordinate `axis` has that value; None before or beside the eye."""
        # along a ray the place is linear in its depth
        far, near = self._behind(place, self._far), self._behind(place, self._far + self._deep)
        step = near[axis] - far[axis]
        if abs(step) < 1e-9 * self._deep:
            return None
        share = (where - far[axis]) / step
        depth = self._far + share * self._deep
        if self.camera.projection == "perspective" and depth > (1 - NEAR) * self._distance:
            return None
        return np.asarray(far + share * (near - far))

    def _behind(self, place: Array, depth: float) -> Array:
        """The place (3,) seen at `place` (2,) that is so far toward the eye from the camera's centre."""
        shrink = 1 / self.gain
        if self.camera.projection == "perspective":
            shrink *= (float(self._distance) - depth) / float(self._distance)
        seen = np.array([place[0] * shrink, place[1] * shrink, depth])
        return np.asarray((seen + self._shift) @ self.axes, np.float64)

    def growth(self, points: Array) -> float:
        """How many times larger the nearest of points (n, 3) is seen than one at the centre."""
        if self.camera.projection == "parallel" or not len(points):
            return 1.0
        distance = self.camera.distance
        depth = distance - float(self._seen(points)[:, 2].max())
        return distance / max(depth, NEAR * distance)

    def eye_depth(self) -> tuple[float, float]:
        """The z of the far end of nearness in the eye's coordinates (OpenGL: the eye at 0, looking along -z), and the
        depth from there to its near end."""
        return self._far - float(self._distance), self._deep

    def toward_eye(self, points: Array) -> Array:
        """(n, 3) float32 unit vectors from points (n, 3) to the eye, as the eye sees them (right, up, toward it)."""
        if self.camera.projection == "parallel":
            return np.broadcast_to(np.array([0.0, 0.0, 1.0], np.float32), (len(points), 3))
        way = (self._eye - np.asarray(points, np.float32)) @ self.axes.T
        return np.asarray(way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9))

    def is_above(self, axis: int, place: float) -> bool:
        """Whether the eye is on the high side of the plane across an axis."""
        if self.camera.projection == "parallel":
            return bool(self.axes[2, axis] > 0)
        return bool(self._eye[axis] > place)


def corners(box: Volume) -> Array:
    """(8, 3) corners of a box; number i has the high end of x where i & 1, of y where i & 2, of z where i & 4."""
    ends = np.asarray(box, np.float64)
    return np.array([[ends[i & 1, 0], ends[i >> 1 & 1, 1], ends[i >> 2 & 1, 2]] for i in range(8)])
