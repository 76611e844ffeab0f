"""What the rounds of reflow did, as cells of a table and as a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from flowviz.core.frames import ROUND_MISS, RoundInfo
from flowviz.scene.block_story import figure

COLUMNS = {
    "Round": "In the order of training; the first learns from independent pairs, each other one from the ends of the "
    "flow before it",
    "straight": "Straightness E|x(1) − x(0)|² / energy: 1 for straight paths at even speed",
    "energy": "Kinetic energy E∫|v|² dt of the paths: each round lowers it, as far as to W₂² at the least",
    "Euler": f"Fewest Euler steps that end within {ROUND_MISS:g} of where the flow does on average",
    "1 step": "How far a single Euler step misses the end of the flow on average",
    "W₂": "Distance of 500 particles from as many data points: what straightening costs",
}


def cells(done: RoundInfo) -> tuple[str, ...]:
    """The texts of one row, in the order of COLUMNS."""
    steps = "–" if done.euler_steps is None else str(done.euler_steps)
    straight = f"{done.straightness:.4f}" if done.straightness > 0.99 else f"{done.straightness:.3f}"
    return (str(done.index + 1), straight, figure(done.energy), steps, figure(done.miss), figure(done.w2))


def sentence(rounds: Sequence[RoundInfo], index: int) -> str:
    """What round `index` did, beside the first one; "" where there is no such round."""
    if not 0 <= index < len(rounds):
        return ""
    first, done = rounds[0], rounds[index]
    if not index:
        more = _steps(done)
        return f"Round 1 learns from independent pairs: its paths bend, and {more}."
    saved = f"energy {figure(first.energy)} → {figure(done.energy)}"
    return f"Round {index + 1} learns from the ends of round {index}: {saved} since round 1, and {_steps(done)}."


def _steps(done: RoundInfo) -> str:
    if done.euler_steps is None:
        return f"no number of Euler steps tried ends within {ROUND_MISS:g} of the flow"
    few = "a single Euler step" if done.euler_steps == 1 else f"{done.euler_steps} Euler steps"
    verb = "ends" if done.euler_steps == 1 else "end"
    return f"{few} {verb} within {ROUND_MISS:g} of the flow"
