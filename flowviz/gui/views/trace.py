"""One thing in a plot of curves: its look, its numbers, its words."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from flowviz.core.spec import Array

_POINTS = 400


@dataclass(frozen=True, slots=True)
class CurveKind:
    """One tab: its title, its metric ("" is the loss and its parts), its unit, and whether its axis is logarithmic.
    The unit of the losses is the method's own: see `unit_of`.

    `tab` is the word on the tab where the title is too long for it.
    """

    title: str
    metric: str
    unit: str
    log: bool
    tip: str
    tab: str = ""

    @property
    def in_a_row(self) -> str:
        """Its word among others in a row: small, unless it is a symbol."""
        word = self.tab or self.title
        return word.lower() if word.isalpha() or " " in word else word


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One thing in a plot and in its legend.

    Attributes:
        key: its name among the traces of a kind.
        label: its name for people, with its newest value.
        tip: what it means.
        colour: "#rrggbb".
        style: "line", "dots", "dash" (one level) or "band" (two levels).
        x, y: training steps and values (k,) of a line or of dots.
        levels: heights of a dash (1) or of the edges of a band (2).
        is_minor: so small beside the loss, or in another unit than the axis, that it is left out until it is asked for.
        name: what it is called without its value; "" takes the label without its last word.
    """

    key: str
    label: str
    tip: str
    colour: str
    style: str = "line"
    x: Array = field(default_factory=lambda: np.zeros(0))
    y: Array = field(default_factory=lambda: np.zeros(0))
    levels: tuple[float, ...] = ()
    is_minor: bool = False
    name: str = ""


def thin(x: Array, y: Array, most: int = _POINTS) -> tuple[Array, Array]:
    """At most that many points, first and last kept."""
    if len(x) <= most:
        return x, y
    index = np.linspace(0, len(x) - 1, most).round().astype(int)
    return x[index], y[index]


def number(value: float) -> str:
    """Three or four figures, as one reads them aloud."""
    if value and abs(value) < 1e-3:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.4g}"
