"""How particles travel, and what closed forms say of it: lines of what was measured, dashes of what is exact."""

from __future__ import annotations

from flowviz.gui.state.run import RunState
from flowviz.gui.views.trace import CurveKind, Trace, number, thin
from flowviz.scene.tokens import Tokens

_EXACT = "In closed form: what an exactly trained flow of this method has between these two Gaussians"
_LINES = {
    "energy": (("least_energy", "W₂²", "The least that any way between these ends costs (Benamou–Brenier)", 1),),
    "npe": (("straightness", "straightness", "E|x(1) − x(0)|² / energy: 1 is straight at constant speed", 1),),
    "w2": (
        (
            "moments_w2",
            "moments",
            "What remains, in closed form (Bures): the distance from a Gaussian with the samples' mean and covariance "
            "to the target. W₂ itself is never less",
            2,
        ),
    ),
}
"""By tab: metric, name, tip, and the number of its colour (0 is the accent)."""
_DASHES = {
    "energy": (("exact_energy", "exact", 0), ("exact_least_energy", "exact W₂²", 1)),
    "npe": (("exact_npe", "exact", 0), ("exact_straightness", "exact", 1)),
    "w2": (("exact_moments_w2", "exact", 2), ("exact_w2", "way to go", 3)),
}
_TIPS = {
    "exact_w2": "W₂ from the source to the target, in closed form (Bures): the way to go",
    "exact_least_energy": "W₂² between the two ends of the exact flow, in closed form (Bures)",
}
_NOTHING = 1e-4
"""A distance below this is none: it would only stretch a logarithmic axis."""


def further_traces(kind: CurveKind, run: RunState, tokens: Tokens) -> list[Trace]:
    """What stands beside the main line of a tab."""
    result = []
    for key, name, tip, place in _LINES.get(kind.metric, ()):
        history = run.metrics.get(key)
        if history is not None and history.last is not None:
            x, y = thin(*history.curve())
            floor = run.floors.get(key)
            label = f"{name} {number(history.last)}" + (f" (noise {number(floor[0])})" if floor else "")
            result.append(Trace(key, label, tip, _colour(place, tokens), x=x, y=y, name=name))
    for key, name, place in _DASHES.get(kind.metric, ()):
        history = run.metrics.get(key)
        value = None if history is None else history.last
        if value is not None and not (kind.metric == "w2" and value < _NOTHING):
            tip = _TIPS.get(key, _EXACT)
            result.append(Trace(key, f"{name} {number(value)}", tip, _colour(place, tokens), "dash", levels=(value,)))
    return result


def _colour(place: int, tokens: Tokens) -> str:
    return tokens.accent if place == 0 else tokens.series[place]
