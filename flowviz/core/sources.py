"""What a method asks of its source, and what a source offers: words that window, command line and engine share."""

from __future__ import annotations

from typing import Literal

SourceNeed = Literal["samples", "density", "normal"]
"""What a method can begin from.

"samples": anything that can be sampled. "density": a density that is positive and smooth everywhere, since training
differentiates its logarithm. "normal": N(0, I) only.
"""

RANK: dict[str, int] = {"samples": 0, "density": 1, "normal": 2}


def why_not(method: str, need: SourceNeed, source: str, offer: SourceNeed) -> str:
    """Why a method cannot begin from a source, in a sentence; "" where it can.

    Args:
        method: its label.
        need: what it asks for.
        source: the source's name for people.
        offer: the most that the source meets.
    """
    if RANK[offer] >= RANK[need]:
        return ""
    if need == "normal":
        return f"{method} works with a Gaussian source N(0, I) only, not with {source}."
    return f"{method} needs a source whose density is known and smooth everywhere; that of {source} is not."
