"""What can be done to the trained blocks of a flow between two stretches of training."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_STEP, MOST_STEP = 1e-3, 1000.0
"""JKO steps that a block may have."""


@dataclass(frozen=True, slots=True)
class Refine:
    """Split every block into two halves of half its JKO step: exactly the same flow, then trained on.

    Progressive refinement, Xu, Cheng & Xie 2023 (arXiv 2212.14424), section 4.3.
    """


@dataclass(frozen=True, slots=True)
class Equalise:
    """Re-time the JKO steps so that all blocks move the data by the same Wasserstein distance, then train on.

    Adaptive time reparametrisation, Xu, Cheng & Xie 2023 (arXiv 2212.14424), section 4.3 and Algorithm 2.

    Attributes:
        eta: share of the way to equal distances that is gone, in (0, 1]; 1 goes all of it.
    """

    eta: float = 0.5


@dataclass(frozen=True, slots=True)
class Add:
    """One more block behind the last."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Take a block out of the chain; those behind it are trained again on what reaches them now.

    Attributes:
        index: 0 for the block nearest the data.
    """

    index: int


@dataclass(frozen=True, slots=True)
class Retrain:
    """Train a block anew, from a fresh start; those behind it are then trained again from what they are.

    Attributes:
        index: 0 for the block nearest the data.
    """

    index: int


@dataclass(frozen=True, slots=True)
class Split:
    """Split a block into two halves of half its JKO step: exactly the same flow, then trained on from there.

    Attributes:
        index: 0 for the block nearest the data.
    """

    index: int


@dataclass(frozen=True, slots=True)
class Retime:
    """Give a block another JKO step, and train it and those behind it again.

    Attributes:
        index: 0 for the block nearest the data.
        step_size: its new h.
    """

    index: int
    step_size: float


OneBlockEdit = Drop | Retrain | Split | Retime
BlockEdit = Refine | Equalise | Add | OneBlockEdit


def edit_name(edit: BlockEdit) -> str:
    """What an edit is called in the Edit menu."""
    match edit:
        case Refine():
            return "Refine the blocks"
        case Equalise():
            return "Equalise the blocks"
        case Add():
            return "Add a block"
        case Retime(index, step_size):
            return f"Re-time block {index + 1} to h = {step_size:g}"
        case Drop(index) | Retrain(index) | Split(index):
            return f"{type(edit).__name__} block {index + 1}"
