"""What the curves show of a run: lines over training, the entropy as a bound, noise floors as bands."""

from __future__ import annotations

import numpy as np

from flowviz.core.losses import LossTerm, term_of
from flowviz.core.spec import Array
from flowviz.gui.state.run import RunState
from flowviz.gui.views.exact_traces import further_traces
from flowviz.gui.views.trace import CurveKind, Trace, number, thin
from flowviz.scene.tokens import Tokens

FINE_POINTS = 2000
FINE_W2 = "w2_fine"
"""The metric that is measured on so many points while training waits."""
_TINY_SHARE = 0.02


KINDS = (
    CurveKind("Loss", "", "", False, "Training loss and its parts"),
    CurveKind(
        "NLL", "nll", "nats", False, "Negative log-likelihood of target samples: it cannot fall below the entropy"
    ),
    CurveKind(
        "W₂", "w2", "distance", True, "Wasserstein distance from generated to target samples, with its noise floor"
    ),
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
OTHER_KINDS = {
    "w2": CurveKind(
        "Sliced W₂", "sliced_w2", "distance", True, "Sliced Wasserstein distance, with its noise floor", "SW₂"
    ),
    "npe": CurveKind(
        "Kinetic energy",
        "energy",
        "distance²",
        False,
        "What the particles spend on their way, E∫|v|² dt, beside the least possible: W₂² between their ends",
    ),
}
"""What else the tab of a metric can show, at the press of a button."""
_FLOOR_TIP = (
    "The noise floor: what the distance says of two independent sets of target samples. No flow can stay below it."
)
_LEAST_TIP = "What no field can learn: different pairs pass the same place with different velocities"


def traces(kind: CurveKind, run: RunState, tokens: Tokens) -> list[Trace]:
    """What a tab shows of a run, the main line first."""
    return _metric(kind, run, tokens) if kind.metric else _losses(run, tokens)


def unit_of(kind: CurveKind, run: RunState) -> str:
    """Of the vertical axis; "" where nobody knows."""
    return kind.unit if kind.metric else main_term(run).unit


def main_term(run: RunState) -> LossTerm:
    """What the axis of the losses belongs to."""
    return term_of(run.terms, _main(run))


def _main(run: RunState) -> str:
    """The term that the axis belongs to: the loss, or what a start by another objective tells before there is one."""
    return "loss" if "loss" in run.losses else next(iter(run.losses), "loss")


def _losses(run: RunState, tokens: Tokens) -> list[Trace]:
    order = ["loss", *(term.name for term in run.terms)]  # not by which came first: a colour is for one term
    names = sorted(run.losses, key=lambda name: order.index(name) if name in order else len(order))
    curves = {name: thin(*run.losses[name].curve()) for name in names}
    whole = float(np.abs(curves["loss"][1]).max(initial=0.0)) if "loss" in curves else 0.0
    result, unit = [], main_term(run).unit
    for index, (name, (x, y)) in enumerate(curves.items()):
        if not len(y):
            continue
        colour = tokens.accent if index == 0 else tokens.series[index % len(tokens.series)]
        term = term_of(run.terms, name)
        is_minor = term.unit != unit or (name != "loss" and float(np.abs(y).max()) < _TINY_SHARE * whole)
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
    result += further_traces(kind, run, tokens)
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
