"""What the curves show of a run: lines over training, the entropy as a bound, noise floors as bands."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from flowviz.core.losses import term_of
from flowviz.core.spec import Array
from flowviz.gui.state.run import RunState
from flowviz.scene.tokens import Tokens

FINE_POINTS = 2000
FINE_W2 = "w2_fine"
"""The metric that is measured on so many points while training waits."""
_POINTS = 400
_TINY_SHARE = 0.02


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


KINDS = (
    CurveKind("Loss", "", "", False, "Training loss and its parts"),
    CurveKind(
        "NLL", "nll", "nats", False, "Negative log-likelihood of target samples: it cannot fall below the entropy"
    ),
    CurveKind(
        "W₂", "w2", "distance", True, "Wasserstein distance from generated to target samples, with its noise floor"
    ),
    CurveKind("Sliced W₂", "sliced_w2", "distance", True, "Sliced Wasserstein distance, with its noise floor", "SW₂"),
    CurveKind(
        "Inversion error",
        "inversion_error",
        "distance",
        True,
        "Inversion error: how far target samples come back from where they started, through the flow to noise and back",
        "Inv.",
    ),
    CurveKind(
        "Excess energy",
        "npe",
        "ratio",
        False,
        "How the particles travel: their kinetic energy beyond the least possible, (energy − W₂²) / W₂², and how "
        "straight they go",
        "Paths",
    ),
)
_FLOOR_TIP = (
    "The noise floor: what the distance says of two independent sets of target samples. No flow can stay below it."
)
_LEAST_TIP = "What no field can learn: different pairs pass the same place with different velocities"


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
        is_minor: so small beside the loss that it is left out until it is asked for.
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


def traces(kind: CurveKind, run: RunState, tokens: Tokens) -> list[Trace]:
    """What a tab shows of a run, the main line first."""
    return _metric(kind, run, tokens) if kind.metric else _losses(run, tokens)


def unit_of(kind: CurveKind, run: RunState) -> str:
    """Of the vertical axis; "" where nobody knows."""
    return kind.unit if kind.metric else term_of(run.terms, _main(run)).unit


def _main(run: RunState) -> str:
    """The term that the axis belongs to: the loss, or what a start by another objective tells before there is one."""
    return "loss" if "loss" in run.losses else next(iter(run.losses), "loss")


def _losses(run: RunState, tokens: Tokens) -> list[Trace]:
    names = sorted(run.losses, key=lambda name: name != "loss")
    curves = {name: thin(*run.losses[name].curve()) for name in names}
    whole = float(np.abs(curves["loss"][1]).max(initial=0.0)) if "loss" in curves else 0.0
    result = []
    for index, (name, (x, y)) in enumerate(curves.items()):
        if not len(y):
            continue
        colour = tokens.accent if index == 0 else tokens.series[index % len(tokens.series)]
        is_minor = name != "loss" and float(np.abs(y).max()) < _TINY_SHARE * whole
        term = term_of(run.terms, name)
        tip = f"{term.tip or term.label}{f', in {term.unit}' if term.unit else ''}"
        result.append(Trace(name, f"{term.label} {number(y[-1])}", tip, colour, x=x, y=y, is_minor=is_minor))
    least = run.floors.get("loss")
    if least is not None and result:
        label = f"least possible {number(least[0])}"
        result.append(Trace("least", label, _LEAST_TIP, tokens.good, "dash", levels=(least[0],)))
    return result


def _metric(kind: CurveKind, run: RunState, tokens: Tokens) -> list[Trace]:
    result = []
    history, floor = run.metrics.get(kind.metric), run.floors.get(kind.metric)
    if history is not None and history.last is not None:
        x, y = thin(*history.curve())
        label = f"{kind.title} {number(history.last)}"
        result.append(Trace(kind.metric, label, kind.tip, tokens.accent, x=x, y=y))
    straight = run.metrics.get("straightness")
    if kind.metric == "npe" and straight is not None and straight.last is not None:
        x, y = thin(*straight.curve())
        label = f"straightness {number(straight.last)}"
        tip = "E|x(1) − x(0)|² / energy: 1 is straight at constant speed"
        result.append(Trace("straightness", label, tip, tokens.series[1], x=x, y=y))
    if kind.metric == "nll" and run.entropy is not None:
        tip = "The target's own entropy: the least possible NLL"
        label = f"entropy {number(run.entropy)}"
        result.append(Trace("entropy", label, tip, tokens.good, "dash", levels=(run.entropy,)))
    if floor is not None:
        mean, low, high = floor
        label = f"noise floor {number(mean)}"
        result.append(Trace("floor", label, _FLOOR_TIP, tokens.good, "band", levels=(low, high)))
    fine = run.metrics.get(FINE_W2)
    if kind.metric == "w2" and fine is not None and fine.last is not None:
        result.append(_fine(*fine.curve(), run.floors.get(FINE_W2), tokens))
    return result


def has_finest(run: RunState) -> bool:
    """Whether the newest W2 is there on more points as well."""
    live, fine = run.metrics.get("w2"), run.metrics.get(FINE_W2)
    if live is None or fine is None or not len(fine.curve()[0]) or FINE_W2 not in run.floors:
        return False
    return bool(fine.curve()[0][-1] >= live.curve()[0][-1])


def _fine(x: Array, y: Array, floor: tuple[float, float, float] | None, tokens: Tokens) -> Trace:
    """More points have a lower noise floor: what the live curve hides in its own."""
    label = f"on {FINE_POINTS} points {number(y[-1])}"
    tip = f"Exact distance between {FINE_POINTS} points, measured while training waits"
    if floor is not None:
        label += f", floor {number(floor[0])}"
        tip += ", with the noise floor of so many points"
    return Trace(FINE_W2, label, tip, tokens.series[1], "dots", x=x, y=y)
