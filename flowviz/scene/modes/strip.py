"""One direction of space against flow time: how a marginal changes."""

from __future__ import annotations

import weakref
from collections.abc import Mapping

import numpy as np

from flowviz.core.queries import Query, TransportQuery
from flowviz.core.spec import Array
from flowviz.scene._base_paths import SHOWN_SEED, shown_paths, shown_query
from flowviz.scene._directions import direction, direction_words, middle_and_half
from flowviz.scene._layer import Moment
from flowviz.scene._mode import MODES, Mode
from flowviz.scene.layers.density import PARTICLES, many_particles
from flowviz.scene.marks import Heatmap, Lines, Mark, Points
from flowviz.scene.motion import at_time
from flowviz.scene.panels import Label, Panel
from flowviz.scene.probes import carried_loop, flat_marks, label_above, loop_at, mass_words, pinned_paths
from flowviz.scene.smoothing import smooth_columns

_ROWS, _COLUMNS = 160, 65
_WIDTH = 0.76
_CONTRAST, _GAMMA = np.float32(1.35), np.float32(0.75)
_DOTS = 400
_NUMBERED, _NAMED = 0.04, 0.2
"""Parts of flow time from which a block has its number, or its name, at the foot of the strip."""


@MODES.register("strip")
class StripMode(Mode):
    """The density of u . x over t as a heat map; at the right the marginal at t. In the plane u = (cos a, sin a).

    The density is a kernel estimate from many particles; its brightness is tanh(1.35 (density / reference)^0.75) with
    the same reference for all t, so the same colour is the same density.
    """

    label = "Strip"
    summary = "A marginal over flow time: its density, paths, and the marks of JKO blocks, along a direction to turn."
    order = 30
    layers = frozenset({"target", "particles", "trails", "density"})

    def queries(self, moment: Moment) -> dict[str, Query]:
        """The shown particles, and many more for the density; neither depends on t or on the direction."""
        asked: dict[str, Query] = {}
        query = shown_query(moment)
        if query is not None:
            asked["particles"] = query
        if "density" in moment.options.layers:
            times = tuple(float(t) for t in moment.frame.times)
            start, order = ("data", times[::-1]) if moment.options.direction == "encode" else ("noise", times)
            solver = moment.options.solver
            asked["density"] = TransportQuery(start, order, PARTICLES, SHOWN_SEED + 1, solver=solver)  # type: ignore[arg-type]
        return asked

    def panels(self, moment: Moment, answers: Mapping[str, Mapping[str, Array]]) -> tuple[Panel, ...]:
        """The strip, and the marginal at t beside it on the same axis."""
        along = direction(moment)
        low, high = _reach(moment, along)
        paths, times = shown_paths(moment, answers.get("particles"))
        crowd, many_times = many_particles(moment, answers.get("density"))
        density = _density(crowd, many_times, along, (low, high))
        marks, labels = _strip_marks(moment, paths @ along, times, density, (low, high))
        for colour, path, at in pinned_paths(moment, answers):
            way = np.stack([at, path @ along], axis=1).astype(np.float32)
            marks += tuple(flat_marks(way, at_time(way, at, moment.t), colour))
        loop_marks, loop_labels = _loop(moment, answers, along, high - low)
        marks, labels = marks + loop_marks, labels + loop_labels
        title = f"Marginal {direction_words(moment)} over t"
        strip = Panel(
            "strip", marks, (0.0, 1.0, low, high), (0.0, 0.0, _WIDTH, 1.0), title, labels,
            is_square=False, link="",
        )  # fmt: skip
        return strip, _marginal(moment, crowd, many_times, along, (low, high))


def _reach(moment: Moment, along: Array) -> tuple[float, float]:
    """The values of u . x in view: half the world to each side of its middle, whichever way u points."""
    middle, half = middle_and_half(moment)
    return float(middle @ along) - half, float(middle @ along) + half


_kept: dict[tuple[object, ...], tuple[weakref.ref[Array], Array]] = {}


def _density(paths: Array, times: Array, along: Array, reach: tuple[float, float]) -> Array:
    """(rows, columns) density of u . x at evenly spaced t, low values first; kept for the latest paths."""
    owner = paths.base if isinstance(paths.base, np.ndarray) else paths
    key = (id(owner), along.tobytes(), reach)
    kept = _kept.get(key)
    if kept is not None and kept[0]() is owner:
        return kept[1]
    columns = smooth_columns((paths @ along), reach, _ROWS)
    order = np.argsort(times)
    at = np.linspace(0.0, 1.0, _COLUMNS)
    grid = np.stack([np.interp(at, np.asarray(times)[order], row[order]) for row in columns.T]).astype(np.float32)
    while len(_kept) > 3:
        _kept.pop(next(iter(_kept)))
    _kept[key] = (weakref.ref(owner), grid)
    return grid


def _strip_marks(
    moment: Moment, values: Array, times: Array, density: Array, reach: tuple[float, float]
) -> tuple[tuple[Mark, ...], tuple[Label, ...]]:
    """Heat map, block marks, paths, dots and the clock; values (T, n) are the particles' u . x."""
    options, shown, (low, high) = moment.options, moment.options.layers, reach
    marks: list[Mark] = []
    if "density" in shown:
        reference = max(float(np.quantile(density.max(axis=0), 0.5)), 1e-6)
        level = np.tanh(_CONTRAST * (density / np.float32(reference)) ** _GAMMA)
        # columns are centred on their times, so the grid hangs over by half a column on both sides
        half = 0.5 / (_COLUMNS - 1)
        marks.append(Heatmap(level.astype(np.float32), (-half, 1 + half, low, high), "density"))
    blocks = moment.frame.blocks
    edges = sorted({block.t_start for block in blocks} | {block.t_end for block in blocks})
    if edges:
        marks.append(Lines(np.array([[[t, low], [t, high]] for t in edges]), "grid", 1.2, 0.8))
    if "trails" in shown:
        lines = np.stack([np.broadcast_to(times[:, None], values.shape), values], axis=-1)[:, : options.trails]
        marks.append(Lines(lines.transpose(1, 0, 2), "trails", 0.9, 0.28))
    marks.append(Lines(np.array([[[moment.t, low], [moment.t, high]]]), "accent", 1.6, 0.95))
    if "particles" in shown:
        here = at_time(values[:, :_DOTS], times, moment.t)
        dots = np.stack([np.full(len(here), moment.t), here], axis=1)
        marks.append(Points(dots, "particles", options.point_size, 0.85))
    foot = low + 0.04 * (high - low)
    labels = []
    for block in blocks:
        share, number = block.t_end - block.t_start, str(block.index + 1)
        if share > _NUMBERED:
            name = f"block {number}" if share > _NAMED else number
            labels.append(Label(name, (block.t_start + block.t_end) / 2, foot, colour="text"))
    return tuple(marks), tuple(labels)


def _loop(
    moment: Moment, answers: Mapping[str, Mapping[str, Array]], along: Array, tall: float
) -> tuple[tuple[Mark, ...], tuple[Label, ...]]:
    """Between which values of u . x the drawn loop lies: two lines over t, and the interval at t.

    The loop's mass is not that of the interval, which holds what lies above and below the loop as well.
    """
    carried, here = carried_loop(moment, answers), loop_at(moment, answers)
    if carried is None or here is None:
        return (), ()
    values, times = carried[0] @ along, carried[1]
    edges = np.stack([values.min(axis=1), values.max(axis=1)])
    lines = np.stack([np.broadcast_to(times, edges.shape), edges], axis=-1)
    now = np.array([[moment.t, (here @ along).min()], [moment.t, (here @ along).max()]])
    marks = (
        Lines(lines, "stage", 5.5, 0.85), Lines(lines, "accent", 2.6, 0.98),
        Lines(now[None], "stage", 10.0, 0.85), Lines(now[None], "accent", 6.0, 0.98),
    )  # fmt: skip
    mass = mass_words(moment, answers)
    return marks, (label_above(now, f"loop: {mass}", tall),) if mass else ()


def _marginal(moment: Moment, paths: Array, times: Array, along: Array, reach: tuple[float, float]) -> Panel:
    """The density of u . x at t, and the target's; the value axis is the strip's."""
    low, high = reach
    curves = [smooth_columns((at_time(paths, times, moment.t) @ along)[None], reach, _ROWS)[0]]
    if len(moment.target_points):
        curves.append(smooth_columns((moment.target_points[:, : moment.dim] @ along)[None], reach, _ROWS)[0])
    places = low + (np.arange(_ROWS) + 0.5) * (high - low) / _ROWS
    lines = [np.stack([curve, places], axis=1)[None] for curve in curves]
    marks: list[Mark] = []
    if len(lines) > 1 and "target" in moment.options.layers:
        marks.append(Lines(lines[1], "target", 2.4, 0.95))
    marks.append(Lines(lines[0], "particles", 2.0, 0.98))
    widest = 1.15 * max(float(curve.max()) for curve in curves)
    place = (_WIDTH, 0.0, 1 - _WIDTH, 1.0)
    return Panel("marginal", tuple(marks), (0.0, widest, low, high), place, is_square=False, link="")
