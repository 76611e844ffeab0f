"""What the curves of a run say, in a sentence each."""

from __future__ import annotations

from collections.abc import Mapping

_CLOSE = 0.02
"""Nats above the entropy that one need not speak of."""
_STRAIGHT, _BENT = 0.95, 0.8
_EXACT = 1e-3


def story(
    metric: str,
    values: Mapping[str, float],
    floors: Mapping[str, tuple[float, float, float]],
    entropy: float | None = None,
    nfe: int = 0,
) -> str:
    """A sentence about one kind of curve; "" where there is nothing to say yet.

    Args:
        metric: "nll", a distance, "inversion_error", "npe" or "energy".
        values: newest value of every metric.
        floors: (mean, low, high) noise floors by metric.
        entropy: of the target in nats.
        nfe: velocity evaluations of the shown particles; 0 takes those of the method's own solver, where known.
    """
    value = values.get(metric)
    if value is None:
        return ""
    if metric == "nll":
        return _likelihood(value, entropy)
    if metric in floors:
        return _distance(value, floors[metric])
    if metric == "inversion_error":
        return _inversion(value)
    if metric == "npe":
        return _paths(value, values.get("straightness"), nfe or int(values.get("nfe", 0)))
    if metric == "energy":
        return _energy(value, values)
    return ""


def _likelihood(nll: float, entropy: float | None) -> str:
    if entropy is None:
        return "The target's entropy is not known, so only the fall of the curve counts."
    excess = nll - entropy
    if excess < -_CLOSE:
        return f"The model seems {-excess:.2f} nats better than possible: the solver is too coarse for its field."
    if excess < _CLOSE:
        return "As likely as the target itself, within what these samples can tell."
    return f"{excess:.2f} nats above the entropy, the least possible: KL(target, model) is about {excess:.2f}."


def _distance(value: float, floor: tuple[float, float, float]) -> str:
    mean, low, high = floor
    if value <= high:
        return f"{value:.3f} lies in the noise floor ({low:.3f} to {high:.3f}): samples cannot be told from the target."
    return f"{value:.3f} is {value / max(mean, 1e-12):.1f} times the distance between two samples of the target itself."


def fine_distance(value: float, floor: tuple[float, float, float], points: int) -> str:
    """A sentence about a distance on more points than the curve has: they see what fewer points hide."""
    if value <= floor[2]:
        return f"On {points} points {value:.3f}, in their noise floor too: samples cannot be told from the target."
    return f"On {points} points {value:.3f}: {value / max(floor[0], 1e-12):.1f} times their noise floor."


def _inversion(error: float) -> str:
    if error < _EXACT:
        return f"Through the flow and back, points miss their start by {error:.0e}: the solver is accurate enough."
    return f"Through the flow and back, points miss their start by {error:.2g}: more solver steps would help."


def _paths(excess: float, straightness: float | None, nfe: int) -> str:
    words = f"The particles spend {100 * excess:.0f} % more energy than an optimal transport"
    now = f" (NFE {nfe})" if nfe else ""
    if straightness is None:
        return f"{words}{now}."
    if straightness >= _STRAIGHT:
        return f"{words}; nearly straight, so few solver steps are enough{now}."
    return f"{words}; their paths bend {'a little' if straightness >= _BENT else 'a lot'}{now}."


def _energy(energy: float, values: Mapping[str, float]) -> str:
    """What the particles spend, what they must, and what the closed form says."""
    least, exact = values.get("least_energy"), values.get("exact_energy")
    words = f"The particles spend {energy:.3f}"
    if least is not None:
        words += f" where {least:.3f} would do"
    if exact is not None:
        words += f"; trained exactly, the method spends {exact:.3f}"
    return f"{words}."
