"""What training shows of itself: immutable values with read-only arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, SupportsFloat

from flowviz.core.spec import Array

BlockStatus = Literal["waiting", "training", "trained"]
BlockKind = Literal["jko", "process"]
"""A JKO step, or a stretch of the Ornstein-Uhlenbeck process that a block of local flow matching learns."""


@dataclass(frozen=True, slots=True)
class BlockInfo:
    """One block, as people see it.

    Attributes:
        index: 0 for the block nearest the data.
        status: whether it waits, trains or is trained.
        step_size: its JKO step h_k; of a stretch of the process that lasts gamma, the h = e^gamma - 1 that moves the
            mean as far.
        t_start, t_end: the interval of flow time (0 noise, 1 data) that it moves; t_start < t_end.
        w2_squared: mean squared displacement E|x(1)-x(0)|^2 of the block, or None before training.
        losses: its latest loss terms by name.
        nll: mean -log-likelihood (nats) of held-out data under the chain cut after this block, i.e. blocks
            0..index and then N(0, I); None until the block is trained. KL(p_index || N(0, I)) is this less the
            entropy of the data, since the flow is invertible.
        nll_before: the same of the chain cut before this block; for index 0 the mean of -log N(x; 0, I).
        stop_ratio: E|x(1)-x(0)|^2 / E|x(1)|^2 of the block, which the stopping rule looks at.
        is_free: whether it is the last block, which goes all the way to noise without a transport cost.
        kind: what it learns.
        exact_kl, exact_w2_squared: KL(p_index || N(0, I)) behind the block and W2^2 of the block, were all blocks
            trained exactly; None where that has no closed form.
    """

    index: int
    status: BlockStatus
    step_size: float
    t_start: float
    t_end: float
    w2_squared: float | None = None
    losses: Mapping[str, float] = field(default_factory=dict)
    nll: float | None = None
    nll_before: float | None = None
    stop_ratio: float | None = None
    is_free: bool = False
    kind: BlockKind = "jko"
    exact_kl: float | None = None
    exact_w2_squared: float | None = None


ROUND_MISS = 0.05
"""Mean distance in the shared frame within which a coarse solver may miss the ends of paths."""


@dataclass(frozen=True, slots=True)
class RoundInfo:
    """One round of reflow that is trained to its end, as people see it.

    Attributes:
        index: 0 for the round that learns from independent pairs.
        step: training step at which it ended.
        straightness: E|x(1) - x(0)|^2 over the energy: 1 for straight paths at even speed.
        energy: E int |v|^2 dt of its paths.
        euler_steps: fewest Euler steps that end within ROUND_MISS of where the flow does, or None where none was found.
        miss: mean distance by which a single Euler step misses it.
        w2: Wasserstein-2 distance of its particles from as many data points, in the shared frame.
    """

    index: int
    step: int
    straightness: float
    energy: float
    euler_steps: int | None
    miss: float
    w2: float


@dataclass(frozen=True, slots=True)
class StartInfo:
    """What a flow-matching fit gave a training that started from it.

    Attributes:
        steps, seconds: of the fit.
        nll_before, nll: negative log-likelihood (nats) of data before and after it.
    """

    steps: int
    seconds: float
    nll_before: float
    nll: float


@dataclass(frozen=True, slots=True)
class StepInfo:
    """What one training step tells.

    Attributes:
        losses: "loss" and its parts by name, or what a start by another objective
            tells ("matching"). Values may be 0-d tensors; they are read (and a GPU
            waited for) only when events are sent.
        phase: where in the method one is ("block 3 of 8"), or "".
    """

    losses: Mapping[str, SupportsFloat]
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """The state of a flow after `step` training steps.

    Attributes:
        step: training steps done.
        wall_s: training seconds so far.
        phase: as in StepInfo.
        times: flow times (T,) from 0 (noise) to 1 (data), increasing.
        paths: positions (T, n, d) float32 of the same noise particles in every frame of a run.
        metrics: metric values by key, where they were computed for this frame.
        blocks: the method's blocks, or ().
        rounds: rounds of reflow that are trained to their ends, or ().
        start: the flow-matching fit that training started from, or None.
        weights: all that the flow needs to be rebuilt; opaque to everyone but the flow. An array that
            did not change since the frame before is the same object.
    """

    step: int
    wall_s: float
    phase: str
    times: Array
    paths: Array
    metrics: Mapping[str, float] = field(default_factory=dict)
    blocks: tuple[BlockInfo, ...] = ()
    weights: Mapping[str, Array] = field(default_factory=dict)
    rounds: tuple[RoundInfo, ...] = ()
    start: StartInfo | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays (weights shared with other frames are counted too)."""
        return int(self.paths.nbytes + self.times.nbytes + sum(array.nbytes for array in self.weights.values()))
