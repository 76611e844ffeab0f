"""From the source at the left to the target at the right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flowviz.core.queries import Query
from flowviz.core.spec import Array
from flowviz.scene._base_paths import shown_paths, shown_query
from flowviz.scene._directions import flat, flat_words, middle_and_half
from flowviz.scene._layer import Moment
from flowviz.scene._mode import MODES, Mode
from flowviz.scene.marks import Extent, Lines, Mark, Points
from flowviz.scene.motion import at_time, trail
from flowviz.scene.panels import Label, Panel
from flowviz.scene.probes import carried_loop, closed, flat_marks, label_above, loop_at, mass_words, pinned_paths

_APART = 1.25
"""From the middle of the source to that of the target, in widths of the world."""
_WAYS = 120
_TALL = 0.86


@MODES.register("journey")
class JourneyMode(Mode):
    """Flow time runs from left to right: a particle at (x, y) at time t is drawn at (x + (t - 1/2) D, y).

    Of space, x and y are two orthogonal directions that one can turn.
    """

    label = "Journey"
    summary = "The source at the left, the target at the right, and the ways of the particles between them."
    order = 20
    layers = frozenset({"target", "particles", "trails"})

    def queries(self, moment: Moment) -> dict[str, Query]:
        """The transport of the shown particles, unless the frame has recorded it."""
        query = shown_query(moment)
        return {} if query is None else {"particles": query}

    def panels(self, moment: Moment, answers: Mapping[str, Mapping[str, Array]]) -> tuple[Panel, ...]:
        """One wide panel without numbers, since x is place and time together."""
        paths, times = shown_paths(moment, answers.get("particles"))
        axes = flat(moment)
        centre, half = middle_and_half(moment)
        middle, height = (float(value) for value in centre @ axes)
        apart = 2 * _APART * half
        view = _wide(middle, height, half, apart)
        low = view[2] + (0.04 if moment.dim == 2 else 0.09) * (view[3] - view[2])
        high = view[3] - 0.04 * (view[3] - view[2])
        labels = [
            Label("source, t = 0", middle - apart / 2, low),
            Label("target, t = 1", middle + apart / 2, low),
            Label(f"t = {moment.t:.2f}", middle + (moment.t - 0.5) * apart, high, colour="accent"),
        ]
        if moment.dim == 3:
            right, up = flat_words(moment)
            labels.append(Label(f"to the right {right}, up {up}", middle, low - 0.06 * (view[3] - view[2])))
        marks = _marks(moment, paths @ axes, moment.target_points[:, : moment.dim] @ axes, times, apart)
        for colour, path, at in pinned_paths(moment, answers):
            way = _shifted(path @ axes, ((at - 0.5) * apart).astype(np.float32))
            marks += tuple(flat_marks(way, at_time(way, at, moment.t), colour))
        loop_marks, loop_labels = _loop(moment, answers, apart, view[3] - view[2])
        marks, labels = marks + loop_marks, labels + loop_labels
        return (Panel("journey", marks, view, labels=tuple(labels), axes=False, link="journey"),)


def _loop(
    moment: Moment, answers: Mapping[str, Mapping[str, Array]], apart: float, tall: float
) -> tuple[tuple[Mark, ...], list[Label]]:
    """The drawn loop on its place at t with its mass, and faintly where it begins and ends."""
    carried, here = carried_loop(moment, answers), loop_at(moment, answers)
    if carried is None or here is None:
        return (), []
    here = _shifted(here, (moment.t - 0.5) * apart)
    shifts = ((carried[1] - 0.5) * apart).astype(np.float32)
    ends = _shifted(carried[0], shifts[:, None])[[0, -1]]
    marks = (Lines(closed(ends), "accent", 1.2, 0.45), Lines(closed(here)[None], "accent", 2.2, 0.95))
    mass = mass_words(moment, answers)
    return marks, [label_above(here, mass, tall)] if mass else []


def _wide(middle: float, height: float, half: float, apart: float) -> Extent:
    tall = 1.15 * half * _TALL
    return (middle - half - apart / 2, middle + half + apart / 2, height - tall, height + tall)


def _marks(moment: Moment, paths: Array, target: Array, times: Array, apart: float) -> tuple[Mark, ...]:
    options, shown = moment.options, moment.options.layers
    size = options.point_size
    marks: list[Mark] = []
    start = paths[int(np.argmin(times))]
    marks.append(Points(_shifted(start, -apart / 2), "grid", 0.8 * size, 0.45))
    if "target" in shown:
        marks.append(Points(_shifted(target, apart / 2), "target", 0.8 * size, 0.5))
    shifts = ((np.asarray(times) - 0.5) * apart).astype(np.float32)
    if "trails" in shown:
        ways = _shifted(paths[:, :_WAYS], shifts[:, None]).transpose(1, 0, 2)
        marks.append(Lines(ways, "grid", 0.8, 0.16))
        some = _shifted(paths[:, : options.trails], shifts[:, None])
        vertices, age = trail(some, times, moment.t, options.trail_length)
        marks.append(Lines(vertices, "trails", 1.1, 0.7 * (1 - age) ** 1.5))
    if "particles" in shown:
        here = _shifted(at_time(paths, times, moment.t), (moment.t - 0.5) * apart)
        marks.append(Points(here, "particles", size, 0.85))
    return tuple(marks)


def _shifted(points: Array, by: Array | float) -> Array:
    """Points (..., 2) with `by` added to their x."""
    result = np.array(points, np.float32)
    result[..., 0] += by
    return result
