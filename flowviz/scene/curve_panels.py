"""The curves of a run beside the stage of a film: what was measured so far, and what is to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from flowviz.core.film import Curves
from flowviz.core.spec import Array
from flowviz.scene.marks import Extent, Lines, Mark
from flowviz.scene.panels import Label, Panel, Place, Scene
from flowviz.scene.ticks import log_ticks, number_text, round_step, round_values

_MOST = 3
_STAGE_SHARE = 0.7
_LEFT, _RIGHT, _BELOW, _ABOVE = 0.19, 0.07, 0.17, 0.27
_PADDING = 0.06
"""Room around a curve within its panel, as shares of the curve's own width and height."""
_LOW = 0.16
"""Room that the name of a noise floor needs below its line; a curve comes down to it from above."""
_SPREAD = 30.0
"""Largest over smallest value from which a curve has a logarithmic axis."""


def beside(scene: Scene, curves: Curves, step: float, is_tall: bool = False) -> Scene:
    """The scene with the run's curves in a column at its right or a row below; unchanged where nothing was measured.

    Args:
        scene: panels of the stage, which make room.
        curves: what was measured during the whole run.
        step: training step that the scene shows; what comes later is faint.
        is_tall: whether the picture is higher than wide, so that there is room below.
    """
    known = {name: _finite(values) for name, values in curves.values.items()}
    shown = [name for name, values in known.items() if len(values) > 1][:_MOST]
    if not shown:
        return scene
    panels = []
    for panel in scene.panels:
        panels.append(replace(panel, place=_within(panel.place, (0.0, 0.0), is_tall, _STAGE_SHARE)))
    last = max(float(known[name][-1, 0]) for name in shown)
    for index, name in enumerate(shown):
        start, part = index / len(shown), 1 / len(shown)
        line: Place = (start, 0.0, part, 1.0) if is_tall else (0.0, start, 1.0, part)
        corner = (0.0, _STAGE_SHARE) if is_tall else (_STAGE_SHARE, 0.0)
        place = _within(line, corner, is_tall, 1 - _STAGE_SHARE)
        chart = _Chart(name, known[name], curves.floors, last)
        panels.append(replace(chart.panel(step, f"series{index}"), place=place))
    return replace(scene, panels=tuple(panels))


def _within(place: Place, corner: tuple[float, float], is_tall: bool, share: float) -> Place:
    """A place in a part of the picture: from a corner, with all of its shorter side and a share of its longer one."""
    left, top, wide, tall = place
    x, y = (1.0, share) if is_tall else (share, 1.0)
    return (corner[0] + x * left, corner[1] + y * top, x * wide, y * tall)


def _finite(values: Array) -> Array:
    values = np.asarray(values, np.float64).reshape(-1, 2)
    return values[np.isfinite(values).all(axis=1)]


class _Chart:
    """One curve in a panel whose world is the unit square and the room around it."""

    def __init__(self, name: str, values: Array, floors: Mapping[str, tuple[float, float, float]], last: float) -> None:
        self._name, self._values, self._last = name, values, max(last, 1.0)
        self._floor = floors.get(name)
        heights = values[:, 1]
        self._is_log = bool(heights.min() > 0 and heights.max() > _SPREAD * heights.min())
        scaled = self._scale(heights)
        extra = [] if self._floor is None else [float(self._scale(np.array([self._floor[0]]))[0])]
        self._low, self._high = min(scaled.min(), *extra, scaled.max()), max(scaled.max(), *extra, scaled.min())
        if self._high - self._low < 1e-12:
            self._low, self._high = self._low - 0.5, self._high + 0.5
        room = _PADDING * (self._high - self._low)
        self._low, self._high = self._low - room, self._high + room

    def panel(self, step: float, colour: str) -> Panel:
        """The curve up to `step` strongly, the rest faintly, a line where the clock stands, and the noise floor."""
        x = self._values[:, 0] / self._last
        line = np.stack([x, self._height(self._scale(self._values[:, 1]))], axis=1).astype(np.float32)
        done = self._values[:, 0] <= step
        here = min(max(step / self._last, 0.0), 1.0)
        marks: list[Mark] = [_line(((0, 0), (1, 0)), "border", 1.2), _line(((0, 0), (0, 1)), "border", 1.2)]
        labels = [*self._numbers(), Label(f"{round(self._last):,} steps", 1.0, -0.085, "right")]
        if self._floor is not None:
            height = float(self._height(self._scale(np.array([self._floor[0]])))[0])
            marks.append(_line(((0, height), (1, height)), "muted", 1.1))
            is_below = height > _LOW and line[-1, 1] > height - _LOW  # where the curve does not end
            labels.append(Label("noise floor", 0.98, height + (-0.07 if is_below else 0.07), "right"))
        marks.append(Lines(line[None], colour, 1.2, 0.3))
        if done.sum() > 1:
            marks.append(Lines(line[done][None], colour, 2.4, 0.95))
        marks.append(_line(((here, 0), (here, 1)), "accent", 1.4))
        view: Extent = (-_LEFT, 1 + _RIGHT, -_BELOW, 1 + _ABOVE)
        return Panel(
            self._name, tuple(marks), view, title=self._name, labels=tuple(labels), axes=False, is_square=False,
            link="curves",
        )  # fmt: skip

    def _numbers(self) -> list[Label]:
        if self._is_log:
            ticks = log_ticks(self._low, self._high, 5)
            return [Label(number_text(10**tick), -0.02, self._place(tick), "right") for tick in ticks]
        step = 2 * round_step(self._high - self._low)
        ticks = [round(value, 9) for value in round_values(self._low, self._high, step)]
        return [Label(number_text(value), -0.02, self._place(value), "right") for value in ticks]

    def _scale(self, values: Array) -> Array:
        return np.log10(np.maximum(values, 1e-12)) if self._is_log else values

    def _height(self, scaled: Array) -> Array:
        return (scaled - self._low) / (self._high - self._low)

    def _place(self, value: float) -> float:
        return (value - self._low) / (self._high - self._low)


def _line(ends: tuple[tuple[float, float], tuple[float, float]], colour: str, width: float) -> Lines:
    return Lines(np.asarray(ends, np.float32)[None], colour, width, 0.9)
