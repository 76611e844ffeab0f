"""What a person asks about single places: the path through a point, a loop carried by the flow, a p-value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from flowviz.core.probes import Pin
from flowviz.core.queries import LoopQuery, ProbeQuery, Query
from flowviz.core.spec import Array
from flowviz.scene.marks import Lines, Mark, Points
from flowviz.scene.motion import at_time
from flowviz.scene.panels import Label, Panel

if TYPE_CHECKING:
    from flowviz.scene._layer import Moment

Answers = Mapping[str, Mapping[str, Array]]
HOVER = "hover"
LOOP = "loop"
_PIN_EVERY, _LOOP_EVERY = 2, 4
"""Every so many of the recorded times are asked about: densities cost more than paths."""
_FAR = 1e3


def pin_name(index: int) -> str:
    """The name of a pin's question."""
    return f"pin {index}"


def pin_colour(index: int) -> str:
    """The token of a pin's colour."""
    return f"series{index % 6}"


def probe_queries(moment: Moment) -> dict[str, Query]:
    """What the probes ask, by name; a place of the other number of dimensions asks nothing."""
    probes, solver = moment.probes, moment.options.solver.ode
    times = tuple(float(t) for t in moment.frame.times)
    asked: dict[str, Query] = {}
    for index, pin in enumerate(probes.pins):
        if len(pin.place) == moment.dim:
            asked[pin_name(index)] = ProbeQuery(_point(pin), pin.t, _every(times, _PIN_EVERY), solver)
    if probes.hover is not None and len(probes.hover.place) == moment.dim:
        asked[HOVER] = ProbeQuery(_point(probes.hover), probes.hover.t, times, solver, is_detailed=False)
    if probes.loop is not None and moment.dim == 2:
        points = np.array(probes.loop.points, np.float32)
        asked[LOOP] = LoopQuery(points, probes.loop.t, _every(times, _LOOP_EVERY), solver=solver)
    return asked


def _every(times: tuple[float, ...], places: int) -> tuple[float, ...]:
    return tuple(sorted({*times[::places], times[-1]}))


def _point(pin: Pin) -> Array:
    return np.array([pin.place], np.float32)


def with_probes(panels: tuple[Panel, ...], moment: Moment, answers: Answers) -> tuple[Panel, ...]:
    """The panels with the probes drawn over every one that shows the plane, or space."""
    marks, labels = _marks(moment, answers), _labels(moment, answers)
    if not (marks or labels):
        return panels
    return tuple(
        replace(panel, marks=panel.marks + marks, labels=panel.labels + labels)
        if panel.is_probed and panel.link in ("plane", "space")
        else panel
        for panel in panels
    )


def _marks(moment: Moment, answers: Answers) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    for index, pin in enumerate(moment.probes.pins):
        if len(pin.place) == moment.dim:
            marks += _path(answers.get(pin_name(index)), moment.t, pin_colour(index), 2.0 if moment.dim == 2 else 3.0)
    if moment.probes.hover is not None and len(moment.probes.hover.place) == moment.dim:
        marks += _path(answers.get(HOVER), moment.t, "text", 1.4 if moment.dim == 2 else 2.0)
    loop = loop_at(moment, answers)
    if loop is not None:
        marks.append(Lines(closed(loop)[None], "accent", 2.2, 0.95))
    return tuple(marks)


def pinned_paths(moment: Moment, answers: Answers) -> list[tuple[str, Array, Array]]:
    """Of every pin whose answer has come its colour, its path (T, d) and the times (T,)."""
    found = []
    for index, pin in enumerate(moment.probes.pins):
        answer = answers.get(pin_name(index), {})
        if len(pin.place) == moment.dim and "paths" in answer:
            found.append((pin_colour(index), answer["paths"][:, 0], np.asarray(answer["times"], np.float64)))
    return found


def flat_marks(path: Array, here: Array, colour: str) -> list[Mark]:
    """A pinned path (T, 2) in a picture that is no plane of the flow, and the place (2,) where it is now."""
    return [
        Lines(path[None], "stage", 4.4, 0.7),
        Lines(path[None], colour, 2.0, 0.95),
        Points(here[None], "stage", 11.0, 0.8),
        Points(here[None], colour, 8.0, 0.98),
    ]


def _path(answer: Mapping[str, Array] | None, t: float, colour: str, width: float) -> list[Mark]:
    """The way up to t strong, the rest faint, with a rim against the crowd; dots where it starts, is and ends."""
    if answer is None or "paths" not in answer:
        return []
    path, times = answer["paths"][:, 0], np.asarray(answer["times"], np.float64)
    here = at_time(path, times, t)
    past = np.concatenate([path[times < t], here[None]])
    future = np.concatenate([here[None], path[times > t]])
    marks: list[Mark] = []
    for part, alpha in ((future, 0.4), (past, 0.95)):
        if len(part) > 1:
            marks.append(Lines(part[None], "stage", width + 2.4, 0.7 * alpha))
            marks.append(Lines(part[None], colour, width, alpha))
    marks.append(Points(here[None], "stage", 8.0 * width / 2 + 3.0, 0.8))
    marks.append(Points(np.stack([path[0], path[-1]]), colour, 4.0 * width / 2, 0.9))
    marks.append(Points(here[None], colour, 8.0 * width / 2, 0.98))
    return marks


def carried_loop(moment: Moment, answers: Answers) -> tuple[Array, Array] | None:
    """The corners (T, m, 2) of the loop at the times (T,) that are known; as drawn until the answer is there."""
    loop, answer = moment.probes.loop, answers.get(LOOP, {})
    if loop is None or moment.dim != 2:
        return None
    if "paths" in answer:
        return answer["paths"], np.asarray(answer["times"], np.float64)
    return np.array(loop.points, np.float32)[None], np.array([loop.t])


def loop_at(moment: Moment, answers: Answers) -> Array | None:
    """The corners (m, 2) of the loop where the flow has carried it at t; None where that is not known."""
    carried = carried_loop(moment, answers)
    if carried is None or (len(carried[1]) == 1 and abs(moment.t - carried[1][0]) > 1e-9):
        return None
    return at_time(*carried, moment.t)


def closed(corners: Array) -> Array:
    """Corners (..., m, 2) as a line that comes back to its beginning, (..., m + 1, 2)."""
    return np.concatenate([corners, corners[..., :1, :]], axis=-2)


def mass_words(moment: Moment, answers: Answers) -> str:
    """What probability the loop encloses at t, in words; "" until it is known, and for methods without a density."""
    answer = answers.get(LOOP, {})
    if "mass" not in answer:
        return ""
    return f"mass {float(at_time(answer['mass'], np.asarray(answer['times'], np.float64), moment.t)):.3f}"


def _labels(moment: Moment, answers: Answers) -> tuple[Label, ...]:
    labels: list[Label] = []
    loop, mass = loop_at(moment, answers), mass_words(moment, answers)
    if loop is not None and mass:
        labels.append(label_above(loop, mass, moment.extent[3] - moment.extent[2]))
    p = p_value(moment, answers)
    hover = moment.probes.hover
    if p is not None and hover is not None:
        words = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
        lift = 0.03 * (moment.extent[3] - moment.extent[2])
        labels.append(Label(f"   {words}", hover.x, hover.y + lift, "left", "text", True))
    return tuple(labels)


def label_above(loop: Array, words: str, tall: float) -> Label:
    """Words over the highest corner of a loop (m, 2), in a picture so tall."""
    top = loop[int(loop[:, 1].argmax())]
    return Label(words, float(top[0]), float(top[1]) + 0.03 * tall, "centre", "text", True)


def p_value(moment: Moment, answers: Answers) -> float | None:
    """The share of the model's samples that lie where it is no denser than under the pointer; None where not asked."""
    answer, hover = answers.get("anomaly"), moment.probes.hover
    if answer is None or hover is None or "levels" not in answer or "anomaly" not in moment.options.layers:
        return None
    grid, (x_low, x_high, y_low, y_high) = answer["log_density"], moment.extent
    rows, columns = grid.shape
    u = (hover.x - x_low) / (x_high - x_low) * columns - 0.5
    v = (hover.y - y_low) / (y_high - y_low) * rows - 0.5
    if not (-0.5 <= u <= columns - 0.5 and -0.5 <= v <= rows - 0.5):
        return 0.0
    i, j = int(np.clip(v, 0, rows - 2)), int(np.clip(u, 0, columns - 2))
    a, b = np.clip(v - i, 0, 1), np.clip(u - j, 0, 1)
    part = np.maximum(grid[i : i + 2, j : j + 2], -_FAR)
    value = (1 - a) * ((1 - b) * part[0, 0] + b * part[0, 1]) + a * ((1 - b) * part[1, 0] + b * part[1, 1])
    levels = answer["levels"]
    return float(np.searchsorted(levels, value, side="right") / len(levels))
