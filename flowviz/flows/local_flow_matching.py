"""Local flow matching: a chain of small flow-matching problems along the Ornstein-Uhlenbeck process."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from flowviz.core.block_edits import Add, BlockEdit
from flowviz.core.errors import UserError
from flowviz.core.frames import BlockInfo, StepInfo
from flowviz.core.losses import SQUARED_VELOCITY, LossTerm
from flowviz.core.params import ADVANCED, ParamValue, from_mapping, param, restated
from flowviz.core.spec import Array, Budget
from flowviz.flows._base import FLOWS, HasProcessBlocks, Problem
from flowviz.flows._block import Block
from flowviz.flows._chain_flow import ChainFlow
from flowviz.flows._interpolants import INTERPOLANTS, LINEAR, TRIGONOMETRIC, UNIFORM, draw_times
from flowviz.flows._jko_edits import need_all_begun, need_room
from flowviz.flows._jko_infos import block_info
from flowviz.flows._jko_samples import HeldOut, Pool
from flowviz.flows._jko_schedule import edges_of
from flowviz.flows._jko_weights import Stand, exported, loaded
from flowviz.flows._jko_work import FIRST, Work
from flowviz.flows._matching import MatchingParams
from flowviz.flows._params import WidthParams
from flowviz.flows._training import Export, FlatAdam, Stream, changed, learning_rate
from flowviz.flows._waves import WaveNet
from flowviz.flows.closed_forms import Gaussian
from flowviz.flows.gaussian_paths import Coefficients, GaussianPath, joined, regressed, turned

DEPENDENT, INDEPENDENT = "dependent", "independent"
SOLVER_STEPS, FREE_SOLVER_STEPS = 2, 8
"""RK4 steps through a block, half of those that figures take; the free block's field bends more."""
MOST_GAMMA = 20.0


@dataclass(frozen=True)
class LocalParams(WidthParams):
    """Declared parameters of local flow matching; the schedule is that of the released 2D runs."""

    learning_rate: float = restated(WidthParams, "learning_rate", 5e-3)
    batch_size: int = restated(WidthParams, "batch_size", 512)
    waves: int = restated(MatchingParams, "waves", 128)
    blocks: int = param(9, "Blocks", lo=1, hi=64, help="Local problems from data to noise, the free one included.")
    steps_per_block: int = param(
        500, "Training steps per block", lo=1, hi=1_000_000, log=True, live=True,
        help="Length of one block's training without a budget; a budget is shared equally.",
    )  # fmt: skip
    gamma0: float = param(
        0.025, "First time step", lo=1e-4, hi=10.0, log=True, group="Process",
        help="Time of the Ornstein-Uhlenbeck process in the block nearest the data.",
    )  # fmt: skip
    growth: float = param(
        1.25, "Growth of the step", lo=0.5, hi=4.0, group="Process", help="gamma_k = growth^k gamma_0."
    )
    free_block: bool = param(
        True, "Free last block", group="Process", help="The last block goes all the way to noise, whatever is left."
    )
    coupling: str = param(
        DEPENDENT, "Coupling", choices=(DEPENDENT, INDEPENDENT), live=True, group="Process",
        help="A point with its own noised copy, as the process makes it; or with that of another point.",
    )  # fmt: skip
    interpolant: str = param(
        LINEAR, "Interpolant", choices=(LINEAR, TRIGONOMETRIC), help="The path between two points of a local problem."
    )
    harmonics: int = param(
        1, "Time harmonics", lo=0, hi=8, group=ADVANCED, help="Sines and cosines of time that may bend a field."
    )
    pool: int = param(
        32768, "Pool", lo=256, hi=2_000_000, log=True, group=ADVANCED, unit="points",
        help="Samples pushed once through the trained blocks, from which the next block draws its batches.",
    )  # fmt: skip


@FLOWS.register("local_flow_matching")
@final
class LocalFlowMatching(ChainFlow, HasProcessBlocks):
    """Block k learns the flow p_(k-1) -> OU(p_(k-1), gamma_k) and carries p_(k-1) to p_k, from data to noise.

    x0 ~ p_(k-1), x1 = e^-gamma x0 + sqrt(1 - e^-2 gamma) z, and the field is regressed on d/ds I_s(x0, x1): Xu, Cheng &
    Xie 2024 (arXiv 2410.02548), section 4.1. A free block has x1 = z. KL(p_k || N(0, I)) falls at least by
    e^(-2 gamma_k) in a block that learns its problem exactly, as along the process itself.
    """

    label = "Local flow matching"
    summary = "Small flow-matching problems one after another, each a short stretch of a diffusion towards noise."
    Params = LocalParams
    group = "Simulation-free"
    terms = (LossTerm("loss", "matching error", SQUARED_VELOCITY, "E|v − dx/ds|² of the block in training"),)

    def __init__(self, params: LocalParams, problem: Problem) -> None:
        self._params = params
        self._problem = problem
        self._net = WaveNet(problem.dim, params.width, params.waves, params.harmonics, None)
        self._generator = torch.Generator().manual_seed(problem.seed)
        self._random = torch.Generator(problem.device).manual_seed(problem.seed + 1)
        self._stand = Stand(params.blocks, [], [1.0] * params.blocks, (0, 0))
        self._work = Work(Budget())
        self._forget()

    def _forget(self) -> None:
        """The blocks are others now."""
        self._stream = Stream(self._problem.sample)
        self._pool: Pool | None = None
        self._held: HeldOut | None = None
        self._adam: FlatAdam | None = None
        self._export = Export()

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> LocalFlowMatching:
        """A flow whose blocks all wait."""
        return cls(from_mapping(LocalParams, params), problem)

    @property
    def _trained(self) -> int:
        """Blocks trained to the end; they come first."""
        return sum(block.is_trained for block in self._stand.blocks)

    def _gamma(self, k: int) -> float:
        """Time of the process in block k; infinite in a free one."""
        p = self._params
        if p.free_block and k == self._stand.planned - 1:
            return math.inf
        return min(MOST_GAMMA, p.gamma0 * p.growth**k)

    def plan(self, budget: Budget) -> None:
        """Begin a stretch, shared equally among the blocks that are left; where none is, the last is trained on."""
        self._work = Work(budget)
        if self._trained == self._stand.planned:
            last = self._stand.blocks[-1]
            last.is_trained, last.is_again = False, True
            last.flat = last.average.clone().requires_grad_()
            self._adam, self._held = None, None
        self._begin_share()

    def _begin_share(self) -> None:
        k, blocks = self._trained, self._stand.blocks
        done = blocks[k].steps if k < len(blocks) and not blocks[k].is_again else 0
        self._work.begin_block([FIRST] * (self._stand.planned - k), self._params.steps_per_block, done)

    @property
    def progress(self) -> float:
        """Share of the stretch that is done."""
        return 1.0 if self._trained == self._stand.planned else self._work.progress

    @property
    def parameter_count(self) -> int:
        """Trainable parameters of all blocks."""
        return self._net.size * self._stand.planned

    def step(self, seconds: float) -> StepInfo:
        """One Adam step of the block in training."""
        p, k = self._params, self._trained
        self._held_out().catch_up(self._stand.blocks[:k])
        block = self._current(k)
        loss, gradient = self._loss_and_gradient(block, self._gamma(k))
        assert self._adam is not None
        rate = learning_rate(p.learning_rate, self._work.block_progress, self._work.block_steps)
        self._adam.update(gradient, rate, p.clip, p.averaging)
        block.record(torch.stack([loss, *[torch.zeros_like(loss)] * 3]))
        phase = f"block {k + 1} of {self._stand.planned}"
        self._work.advance(seconds)
        if self._work.block_is_over:
            block.finish(self._held_out().figures(self._stand.blocks[:k], block))
            self._adam = None
            self._work.block_done()
            if self._trained < self._stand.planned:
                self._begin_share()
        return StepInfo({"loss": loss}, phase)

    def _loss_and_gradient(self, block: Block, gamma: float) -> tuple[Tensor, Tensor]:
        x0 = self._batch(self._params.batch_size)
        x1 = self._noised(x0, gamma)
        path = INTERPOLANTS[self._params.interpolant]
        s = draw_times(len(x0), UNIFORM, 1.0, 0.0, self._random, x0).unsqueeze(1)
        (a, b), (da, db) = path.coefficients(s), path.slopes(s)
        return self._net.regress(block.flat, a * x0 + b * x1, s, da * x0 + db * x1)

    def _noised(self, x0: Tensor, gamma: float) -> Tensor:
        """The process at time gamma from x0 (n, d), or from another point of the batch."""
        z = torch.randn(x0.shape, generator=self._random, dtype=x0.dtype, device=x0.device)
        start = x0.roll(1, 0) if self._params.coupling == INDEPENDENT else x0
        return math.exp(-gamma) * start + math.sqrt(-math.expm1(-2 * gamma)) * z

    def _batch(self, n: int) -> Tensor:
        """Samples (n, d) from behind the trained blocks."""
        before = self._stand.blocks[: self._trained]
        if not before:
            return self._stream.take(n)
        if self._pool is None:
            self._pool = Pool(self._net, self._problem.sample, self._params.pool, self._problem.device)
        return self._pool.take(n, before, self._random)

    def _held_out(self) -> HeldOut:
        if self._held is None:
            self._held = HeldOut(self._net, self._problem.sample)
        return self._held

    def _current(self, k: int) -> Block:
        """Block k, begun if it is not: from the block before, whose problem is much the same."""
        blocks, gamma = self._stand.blocks, self._gamma(k)
        if k == len(blocks):
            if k and not math.isinf(gamma):
                flat = blocks[k - 1].average
            else:
                flat = self._net.initial(self._generator, self._problem.dtype).to(self._problem.device)
            steps = FREE_SOLVER_STEPS if math.isinf(gamma) else SOLVER_STEPS
            # 1 + h = e^gamma: the JKO step that moves the mean as far, by which block strips tell them apart.
            blocks.append(Block.starting_from(flat, math.expm1(gamma), steps))
            self._adam = None
        if self._adam is None:
            self._adam = FlatAdam(blocks[k].flat, blocks[k].average)
        return blocks[k]

    def _chain(self) -> tuple[WaveNet, list[Block], list[float]]:
        return self._net, self._stand.blocks, edges_of(self._stand.shares)

    def blocks(self) -> tuple[BlockInfo, ...]:
        """All planned blocks, nearest the data first."""
        edges, blocks, k = edges_of(self._stand.shares), self._stand.blocks, self._trained
        infos = []
        for i in range(self._stand.planned):
            block = blocks[i] if i < len(blocks) and i <= k else None
            infos.append(block_info(i, block, math.expm1(self._gamma(i)), edges[i + 1], edges[i], ("loss",)))
        return tuple(infos)

    def gaussian_path(self, source: Gaussian, target: Gaussian, backwards: bool = False) -> GaussianPath | None:
        """The exact fields of all local problems, along the process that starts at the data."""
        law, pieces, edges = target, [], edges_of(self._stand.shares)
        for k in range(self._stand.planned):
            kept = math.exp(-self._gamma(k))
            after = Gaussian(kept * law.mean, kept**2 * law.cov + (1 - kept**2) * np.eye(len(law.mean)))
            cross = kept * law.cov if self._params.coupling == DEPENDENT else np.zeros_like(law.cov)
            pieces.append(turned(regressed(law, after, cross, self._numbers)))
            law = after
        return joined(pieces[::-1], edges[::-1])

    def _numbers(self, s: float) -> Coefficients:
        path, time = INTERPOLANTS[self._params.interpolant], torch.tensor(s, dtype=torch.float64)
        (a, b), (da, db) = path.coefficients(time), path.slopes(time)
        return Coefficients(float(a), float(b), float(da), float(db))

    def edit(self, edit: BlockEdit) -> bool:
        """One more stretch of the process behind the last; a free block comes after it, and is trained again.

        Raises:
            UserError: another edit, blocks that were never trained, or too many of them.
        """
        if not isinstance(edit, Add):
            raise UserError("A stretch of the process has no JKO step to change.", "Add a block, or train on.")
        need_all_begun(self._stand)
        need_room(self._stand, 1)
        free = self._stand.blocks.pop() if self._params.free_block else None
        n = self._stand.planned
        self._stand = self._stand._replace(planned=n + 1, shares=[*self._stand.shares, 1.0])
        self._forget()
        if free is not None:
            self._current(n - 1)
            again = Block.starting_from(free.average, free.step_size, free.chooser.steps)
            again.is_again = True
            self._stand.blocks.append(again)
        return True

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter from the next step on."""
        self._params = changed(self._params, name, value)

    def weights(self) -> dict[str, Array]:
        """Every block's averaged vector, the vector in training, and small tables; see _jko_weights.exported."""
        return exported(self._export, self._stand)

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over blocks; one that a stop had cut short goes on from where it stood."""
        self._stand = loaded(weights, self._net.size, self._problem.device, self._problem.dtype)
        self._work = Work(Budget())
        self._forget()
        if self._trained < self._stand.planned:
            self._begin_share()
