"""Directions through the plane and through space that a person turns: of a marginal, and of a flat picture of space."""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene._layer import Moment

_AXES = {(0.0, 0.0): "x", (90.0, 0.0): "y", (180.0, 0.0): "\N{MINUS SIGN}x"}


def direction(moment: Moment) -> Array:
    """The unit vector (d,) of a marginal: `angle` degrees from x towards y, in space `rise` degrees up towards z."""
    angle, rise = np.deg2rad(moment.options.angle), np.deg2rad(moment.options.rise)
    if moment.dim == 2:
        return np.array([np.cos(angle), np.sin(angle)], np.float32)
    return np.array([np.cos(angle) * np.cos(rise), np.sin(angle) * np.cos(rise), np.sin(rise)], np.float32)


def direction_words(moment: Moment) -> str:
    """What the direction of a marginal is called: "of y", "along 30°", "along 30°, 20° up"."""
    angle, rise = moment.options.angle, moment.options.rise if moment.dim == 3 else 0.0
    if rise == 90:
        return "of z"
    if (angle, rise) in _AXES:
        return f"of {_AXES[angle, rise]}"
    return f"along {angle:g}°" + (f", {rise:g}° up" if rise else "")


def flat(moment: Moment) -> Array:
    """(d, 2): the two orthogonal directions of a flat picture, to the right and up; the axes x and y of a plane.

    In space, right is `angle` degrees from x towards y, and up leans `rise` degrees from there towards z: 0° and 0°
    show x and y, 0° and 90° x and z, 90° and 90° y and z.
    """
    if moment.dim == 2:
        return np.eye(2, dtype=np.float32)
    angle, rise = np.deg2rad(moment.options.angle), np.deg2rad(moment.options.rise)
    right = [np.cos(angle), np.sin(angle), 0.0]
    up = [-np.sin(angle) * np.cos(rise), np.cos(angle) * np.cos(rise), np.sin(rise)]
    return np.array([right, up], np.float32).T


def flat_words(moment: Moment) -> tuple[str, str]:
    """What the two directions of a flat picture of space are called."""
    return _axis_words(flat(moment)[:, 0]), _axis_words(flat(moment)[:, 1])


def _axis_words(vector: Array) -> str:
    """The axis that a unit vector (3,) is, or its parts: "z", "0.87 x + 0.50 y"."""
    parts = [(float(value), name) for value, name in zip(vector, "xyz", strict=True) if abs(value) > 5e-3]
    if len(parts) == 1:
        return ("\N{MINUS SIGN}" if parts[0][0] < 0 else "") + parts[0][1]
    words = f"{parts[0][0]:.2f} {parts[0][1]}"
    for value, name in parts[1:]:
        words += f" {'+' if value > 0 else chr(0x2212)} {abs(value):.2f} {name}"
    return words.replace("-", "\N{MINUS SIGN}")


def middle_and_half(moment: Moment) -> tuple[Array, float]:
    """The middle (d,) of the world, and half its side."""
    if moment.volume is not None:
        low, high = (np.asarray(corner, np.float64) for corner in moment.volume)
        return (low + high) / 2, float((high - low).max()) / 2
    x_low, x_high, y_low, y_high = moment.extent
    return np.array([x_low + x_high, y_low + y_high]) / 2, (x_high - x_low) / 2
