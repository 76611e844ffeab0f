"""What can be done to the trained blocks of a flow between two stretches of training."""

from __future__ import annotations

from dataclasses import dataclass


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


BlockEdit = Refine | Equalise
