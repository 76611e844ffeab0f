"""What a person may choose about a JKO flow."""

from __future__ import annotations

from dataclasses import dataclass

from flowviz.core.params import ADVANCED, param, restated
from flowviz.flows._params import LikelihoodParams

WARM, FLOW_MATCHING, FRESH = "warm", "flow matching", "fresh"
DISTANCE, EQUAL = "distance", "equal"
WHERE_NEEDED, ALWAYS = "where needed", "always"
AUTO = "auto"


@dataclass(frozen=True)
class JkoParams(LikelihoodParams):
    """Declared parameters of the JKO flow; the step schedule is that of JKO-iFlow's released 2D runs."""

    learning_rate: float = restated(
        LikelihoodParams, "learning_rate", 1e-2, help="Peak step size of Adam in each block."
    )
    batch_size: int = restated(LikelihoodParams, "batch_size", 1000)
    solver: str = restated(
        LikelihoodParams, "solver", AUTO, choices=(AUTO, "rk4", "gauss", "midpoint", "euler"),
        help="Fixed-step solver that is differentiated through; auto: RK4, or one midpoint step where that will do.",
    )  # fmt: skip
    solver_steps: int = restated(LikelihoodParams, "solver_steps", 1, hi=50, help="Solver steps through one block.")
    solver_error: float = restated(LikelihoodParams, "solver_error", 0.005)
    averaging: float = restated(
        LikelihoodParams, "averaging", 0.99,
        help="Memory of the weight average that pictures, figures and later blocks use (0: none).",
    )  # fmt: skip
    blocks: int = param(8, "Blocks", lo=1, hi=64, live=True, help="JKO steps from data to noise; more may be added.")
    steps_per_block: int = param(
        600, "Training steps per block", lo=1, hi=1_000_000, log=True, live=True,
        help="Length of one block's training without a budget.",
    )  # fmt: skip
    h0: float = param(
        0.25, "First JKO step", lo=1e-3, hi=100.0, log=True, group="JKO steps", help="h of the block nearest the data."
    )
    rho: float = param(1.4, "Growth of the step", lo=0.5, hi=4.0, group="JKO steps", help="h_k = min(rho^k h0, h_max).")
    h_max: float = param(3.0, "Largest JKO step", lo=1e-3, hi=1000.0, log=True, group="JKO steps", help="Cap of h_k.")
    free_block: bool = param(
        False, "Free last block", live=True, group="JKO steps",
        help="The last block pays nothing for transport: it brings what is left all the way to noise.",
    )  # fmt: skip
    stop_ratio: float = param(
        0.0, "Stop below ratio", lo=0.0, hi=1.0, live=True, group="JKO steps",
        help="No block is begun after one with E|x - T(x)|^2 / E|T(x)|^2 below this (0: never; usual 0.01).",
    )  # fmt: skip
    reparametrise: int = param(
        0, "Re-timing rounds", lo=0, hi=10, live=True, group="JKO steps",
        help="Rounds that make all blocks move the data equally far, then train them again, within the budget.",
    )  # fmt: skip
    eta: float = param(
        0.5, "Re-timing damping", lo=0.01, hi=1.0, live=True, group="JKO steps",
        help="Share of the way to equal distances that one re-timing goes.",
    )  # fmt: skip
    refine: int = param(
        0, "Refinement rounds", lo=0, hi=3, live=True, group="JKO steps",
        help="Rounds that split every block into two of half the step, then train them again, within the budget.",
    )  # fmt: skip
    clock: str = param(
        DISTANCE, "Time of a block", choices=(DISTANCE, EQUAL), live=True,
        help="In proportion to the distance it moves the data, once all blocks are trained; or equal for all.",
    )  # fmt: skip
    start: str = param(
        WARM, "Start of a block", choices=(WARM, FLOW_MATCHING, FRESH), live=True, group=ADVANCED,
        help="From the block before; or a short fit to the Ornstein-Uhlenbeck flow of the same step; or from nothing.",
    )  # fmt: skip
    noising: float = param(
        0.001, "Early noising", lo=0.0, hi=1.0, live=True, group=ADVANCED,
        help="Time of an Ornstein-Uhlenbeck process that blurs the data first; the flow then learns the blurred data "
        "(0: never).",
    )  # fmt: skip
    noising_when: str = param(
        WHERE_NEEDED, "Noise the data", choices=(WHERE_NEEDED, ALWAYS), live=True, group=ADVANCED,
        help="Only data without a density, whose points are drawn again and again; or all data.",
    )  # fmt: skip
    pool: int = param(
        65536, "Pool", lo=256, hi=2_000_000, log=True, live=True, unit="points", group=ADVANCED,
        help="Samples pushed once through the trained blocks, from which the next block draws its batches.",
    )  # fmt: skip
