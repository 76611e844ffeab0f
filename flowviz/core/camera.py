"""Where a three-dimensional picture is seen from. Frozen, hashable, JSON; every movement gives a new camera."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.spec import Array

Axis = Literal["+x", "-x", "+y", "-y", "+z", "-z"]
Projection = Literal["perspective", "parallel"]
Point = tuple[float, float, float]

SliceAxis = Literal["x", "y", "z"]
"""The axis that a slice through space stands across."""
SLICE_AXES: tuple[SliceAxis, ...] = get_args(SliceAxis)
AXES: tuple[Axis, ...] = get_args(Axis)
_SEEN_FROM: dict[Axis, tuple[float, float]] = {
    "+x": (0.0, 0.0),
    "-x": (180.0, 0.0),
    "+y": (90.0, 0.0),
    "-y": (-90.0, 0.0),
    "+z": (-90.0, 90.0),
    "-z": (90.0, -90.0),
}
_STEEPEST = 90.0
_SMALLEST, _LARGEST = 1e-4, 1e6
_NARROWEST, _WIDEST = 5.0, 110.0
NEAR = 0.02
"""Nearest depth shown, as a share of the distance from eye to centre."""


@dataclass(frozen=True, slots=True)
class Camera:
    """An eye that looks at a centre; the world's z axis points up in the picture unless rolled.

    Attributes:
        centre: the point of the world in the middle of the picture, and the one that orbits turn around.
        span: height of the world that fills the picture's height, measured in the plane through `centre`
            (units of length). It means the same in both projections, so that switching keeps the size.
        azimuth: degrees around z at which the eye stands; 0 is on the +x side, 90 on +y.
        elevation: degrees above the xy plane at which the eye stands, -90 to 90.
        roll: degrees by which the picture is turned clockwise.
        field_of_view: degrees between the upper and the lower edge of a perspective picture.
        projection: "perspective", or "parallel" (orthographic).
    """

    centre: Point = (0.0, 0.0, 0.0)
    span: float = 10.0
    azimuth: float = -60.0
    elevation: float = 22.0
    roll: float = 0.0
    field_of_view: float = 35.0
    projection: Projection = "perspective"

    @property
    def distance(self) -> float:
        """From the eye to the centre, in units of length: span / (2 tan(field of view / 2))."""
        return self.span / (2 * math.tan(math.radians(self.field_of_view) / 2))

    @property
    def eye(self) -> Point:
        """Where the eye is."""
        backward = self.rotation()[2]
        x, y, z = (float(c + self.distance * b) for c, b in zip(self.centre, backward, strict=True))
        return (x, y, z)

    # -- movements ------------------------------------------------------------------------------------------

    def orbit(self, azimuth: float, elevation: float = 0.0) -> Camera:
        """The eye carried by these degrees around the centre; it stops above and below the poles."""
        turned = (self.azimuth + azimuth + 180.0) % 360.0 - 180.0
        raised = min(_STEEPEST, max(-_STEEPEST, self.elevation + elevation))
        return replace(self, azimuth=turned, elevation=raised)

    def pan(self, right: float, up: float) -> Camera:
        """The eye and the centre moved across the line of sight, in shares of the picture's height."""
        axes = self.rotation()
        moved = np.asarray(self.centre) + self.span * (right * axes[0] + up * axes[1])
        return replace(self, centre=(float(moved[0]), float(moved[1]), float(moved[2])))

    def zoom(self, factor: float) -> Camera:
        """Everything in the centre's plane appears `factor` times as large."""
        return replace(self, span=min(_LARGEST, max(_SMALLEST, self.span / factor)))

    def seen_from(self, axis: Axis) -> Camera:
        """The eye on that side of the centre, upright: from "+z" x points right and y up."""
        azimuth, elevation = _SEEN_FROM[axis]
        return replace(self, azimuth=azimuth, elevation=elevation, roll=0.0)

    def fit(self, low: Point, high: Point, aspect: float = 1.0, turning: bool = False, margin: float = 0.04) -> Camera:
        """The nearest camera of this direction that has a whole box in the picture.

        Args:
            low, high: opposite corners of the box.
            aspect: width over height of the picture.
            turning: whether the box stays in the picture on a whole turn around z, too.
            margin: left free on each side, as a share of the picture.
        """
        low_corner, high_corner = np.asarray(low, float), np.asarray(high, float)
        middle = (low_corner + high_corner) / 2
        corners = np.stack(np.meshgrid(*zip(low_corner, high_corner, strict=True)), axis=-1).reshape(-1, 3) - middle
        if turning:
            turns = np.radians(np.arange(0.0, 360.0, 10.0))[:, None]
            x = np.cos(turns) * corners[:, 0] - np.sin(turns) * corners[:, 1]
            y = np.sin(turns) * corners[:, 0] + np.cos(turns) * corners[:, 1]
            corners = np.stack([x, y, np.broadcast_to(corners[:, 2], x.shape)], axis=-1).reshape(-1, 3)
        seen = corners @ self.rotation().T
        room = 1 - 2 * margin
        half = np.maximum(np.abs(seen[:, 1]), np.abs(seen[:, 0]) / aspect) / room
        if self.projection == "perspective":
            slope = math.tan(math.radians(self.field_of_view) / 2)
            half = half + seen[:, 2] * slope
        span = min(_LARGEST, max(_SMALLEST, 2 * float(half.max())))
        return replace(self, centre=(float(middle[0]), float(middle[1]), float(middle[2])), span=span)

    def toward(self, other: Camera, share: float) -> Camera:
        """The camera `share` (0 to 1) of the way to another, angles by the shorter way; for key frames.

        The projection is this camera's until share reaches 1.
        """

        def angle(start: float, end: float) -> float:
            return start + share * ((end - start + 180.0) % 360.0 - 180.0)

        x, y, z = ((1 - share) * a + share * b for a, b in zip(self.centre, other.centre, strict=True))
        return Camera(
            centre=(x, y, z),
            span=self.span ** (1 - share) * other.span**share,
            azimuth=angle(self.azimuth, other.azimuth),
            elevation=(1 - share) * self.elevation + share * other.elevation,
            roll=angle(self.roll, other.roll),
            field_of_view=(1 - share) * self.field_of_view + share * other.field_of_view,
            projection=other.projection if share >= 1 else self.projection,
        )

    # -- matrices -------------------------------------------------------------------------------------------

    def rotation(self) -> Array:
        """(3, 3) float64: rows are the picture's right, its up, and the direction from the centre to the eye."""
        azimuth, elevation, roll = (math.radians(v) for v in (self.azimuth, self.elevation, self.roll))
        right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
        backward = np.array(
            [
                math.cos(elevation) * math.cos(azimuth),
                math.cos(elevation) * math.sin(azimuth),
                math.sin(elevation),
            ]
        )
        up = np.cross(backward, right)
        cosine, sine = math.cos(roll), math.sin(roll)
        return np.stack([cosine * right + sine * up, cosine * up - sine * right, backward])

    def view_matrix(self) -> Array:
        """(4, 4) float64: world to eye coordinates, x right, y up, and the eye looking along -z (OpenGL)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation()
        matrix[:3, 3] = -matrix[:3, :3] @ np.asarray(self.centre)
        matrix[2, 3] -= self.distance
        return matrix

    def projection_matrix(self, aspect: float, reach: float = 10.0) -> Array:
        """(4, 4) float64: eye to clip coordinates; x / w and y / w run from -1 to 1 across the picture (OpenGL).

        Args:
            aspect: width over height of the picture.
            reach: depth of what is shown behind the centre, in distances from eye to centre.
        """
        near, far = NEAR * self.distance, (1 + reach) * self.distance
        matrix = np.zeros((4, 4))
        if self.projection == "perspective":
            gain = 1 / math.tan(math.radians(self.field_of_view) / 2)
            matrix[0, 0], matrix[1, 1] = gain / aspect, gain
            matrix[2, 2], matrix[2, 3] = -(far + near) / (far - near), -2 * far * near / (far - near)
            matrix[3, 2] = -1.0
            return matrix
        near = -reach * self.distance  # a parallel eye has no place: what is behind it is seen as well
        matrix[0, 0], matrix[1, 1] = 2 / (self.span * aspect), 2 / self.span
        matrix[2, 2], matrix[2, 3] = -2 / (far - near), -(far + near) / (far - near)
        matrix[3, 3] = 1.0
        return matrix

    def matrix(self, aspect: float) -> Array:
        """(4, 4) float64: world to clip coordinates, projection_matrix @ view_matrix."""
        return np.asarray(self.projection_matrix(aspect) @ self.view_matrix())

    # -- JSON -----------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values by field name."""
        return {**asdict(self), "centre": list(self.centre)}


def camera_from_json(document: Mapping[str, Any]) -> Camera:
    """The inverse of `Camera.to_json`; fields that are left out have their default.

    Raises:
        UserError: a field is unknown, not a number, not finite, or out of range.
    """
    unknown = sorted(set(document) - {field.name for field in fields(Camera)})
    if unknown:
        raise UserError(f"A camera has no field {unknown[0]!r}.", "The file may come from a newer flowviz.")
    values = {**Camera().to_json(), **document}
    try:
        x, y, z = (float(value) for value in values.pop("centre"))
        projection = values.pop("projection")
        numbers = {name: float(value) for name, value in values.items()}
    except (TypeError, ValueError) as error:
        raise UserError("The camera of this file cannot be read.", "Its fields are numbers, centre three.") from error
    is_sound = (
        all(math.isfinite(value) for value in (x, y, z, *numbers.values()))
        and projection in get_args(Projection)
        and _SMALLEST <= numbers["span"] <= _LARGEST
        and _NARROWEST <= numbers["field_of_view"] <= _WIDEST
        and abs(numbers["elevation"]) <= _STEEPEST
    )
    if not is_sound:
        hint = (
            f"span is {_SMALLEST:g} to {_LARGEST:g}, field_of_view {_NARROWEST:g} to {_WIDEST:g}, elevation -90 to 90, "
            'projection "perspective" or "parallel".'
        )
        raise UserError("The camera of this file is out of range.", hint)
    return Camera((x, y, z), projection=projection, **numbers)
