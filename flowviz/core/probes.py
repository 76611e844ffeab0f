"""Single places that a person asks about: pinned points, and a loop to be carried by the flow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_CORNERS = 1000


@dataclass(frozen=True, slots=True)
class Pin:
    """A place (x, y) of the plane, or (x, y, z) of space, at flow time t; the path through it is what is looked at."""

    x: float
    y: float
    t: float
    z: float | None = None

    @property
    def place(self) -> tuple[float, ...]:
        """Its coordinates."""
        return (self.x, self.y) if self.z is None else (self.x, self.y, self.z)


@dataclass(frozen=True, slots=True)
class Loop:
    """A closed polygon drawn at flow time t."""

    points: tuple[tuple[float, float], ...]
    t: float


@dataclass(frozen=True, slots=True)
class Probes:
    """All places that a person asks about.

    Attributes:
        hover: under the pointer, or None.
        pins: clicked; each has its colour by its number.
        loop: drawn, or None.
    """

    hover: Pin | None = None
    pins: tuple[Pin, ...] = ()
    loop: Loop | None = None


def pin_to_json(pin: Pin) -> list[float]:
    """[x, y, t], or [x, y, t, z]."""
    return [pin.x, pin.y, pin.t, *pin.place[2:]]


def pin_from_json(values: Sequence[Any]) -> Pin:
    """The inverse of `pin_to_json`.

    Raises:
        TypeError, ValueError: it is none.
    """
    pin = Pin(*(float(value) for value in values))
    if not all(map(math.isfinite, (*pin.place, pin.t))):
        raise ValueError("a pin is nowhere")
    return pin


def loop_to_json(loop: Loop | None) -> dict[str, Any] | None:
    """{"points": [[x, y], ...], "t": t}, or None."""
    return None if loop is None else {"points": [list(corner) for corner in loop.points], "t": loop.t}


def loop_from_json(document: Mapping[str, Any] | None) -> Loop | None:
    """The inverse of `loop_to_json`.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    if document is None:
        return None
    corners = tuple((float(x), float(y)) for x, y in document["points"][:MOST_CORNERS])
    t = float(document["t"])
    if len(corners) < 3 or not all(map(math.isfinite, (t, *(value for corner in corners for value in corner)))):
        raise ValueError("a loop is nowhere")
    return Loop(corners, t)
