"""What the numbers are that a training step tells: their names for people, and their units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

NATS = "nats"
SQUARED_VELOCITY = "squared velocity"
SQUARED_DISTANCE = "squared distance"


@dataclass(frozen=True, slots=True)
class LossTerm:
    """One of the terms that a method's training steps tell.

    Attributes:
        name: as in StepInfo.losses; "loss" is what training makes small.
        label: a word or two for people.
        unit: of its values, or "" where they have none (or nobody knows).
        tip: what it means, in a sentence without its full stop.
    """

    name: str
    label: str
    unit: str
    tip: str = ""


Terms = tuple[LossTerm, ...]
MATCHING = LossTerm(
    "matching",
    "matching",
    SQUARED_VELOCITY,
    "E|v − dx/dt|² of the flow-matching fit that training starts from",
)
"""Of a start by flow matching: another quantity than the loss that follows it."""


def term_of(terms: Iterable[LossTerm], name: str) -> LossTerm:
    """The declared term of that name; one that nobody declared has its own name and no unit."""
    known = next((term for term in terms if term.name == name), None)
    return known or LossTerm(name, name.replace("_", " "), "")
