"""JKO-iFlow: blocks trained one after another, each one proximal step of a Wasserstein gradient flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from flowviz.core.errors import ParameterError, UserError
from flowviz.core.frames import BlockInfo, StepInfo
from flowviz.core.params import ParamValue, from_mapping, param
from flowviz.core.solver import METHOD_SOLVER, Solver
from flowviz.core.spec import Array, Budget
from flowviz.flows._base import FLOWS, Flow, HasBlocks, HasLogDensity, HasVelocity, Problem, Transport
from flowviz.flows._block import Block, objective, push
from flowviz.flows._chain import chain_velocity, follow
from flowviz.flows._nets import VelocityNet
from flowviz.flows._ode import in_chunks, standard_normal_log_density
from flowviz.flows._training import Export, FlatAdam, Stream, Stretch, changed, learning_rate, take_array

POOL_EPOCHS = 20
LOSS_NAMES = ("loss", "potential", "divergence", "transport")


@dataclass(frozen=True)
class JkoParams:
    """Declared parameters of the JKO flow; the step schedule is that of JKO-iFlow's released 2D runs."""

    learning_rate: float = param(
        1e-2, "Learning rate", lo=1e-6, hi=0.1, log=True, live=True, help="Peak step size of Adam in each block."
    )
    batch_size: int = param(
        1000, "Batch size", lo=16, hi=65536, log=True, live=True, unit="points", help="Data points per training step."
    )
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
    width: int = param(64, "Width", lo=4, hi=1024, log=True, unit="units", help="Units in each of two hidden layers.")
    solver: str = param(
        "rk4", "Training solver", choices=("rk4", "midpoint", "euler"), live=True, group="Advanced",
        help="Fixed-step solver that training differentiates through.",
    )  # fmt: skip
    solver_steps: int = param(
        1, "Least solver steps", lo=1, hi=50, live=True, group="Advanced", help="Solver steps through one block."
    )
    solver_error: float = param(
        0.005, "Solver error allowed", lo=0.0, hi=1.0, live=True, unit="nats", group="Advanced",
        help="A block takes more solver steps while doubling them changes log-densities by more (0: never).",
    )  # fmt: skip
    warm_start: bool = param(
        True, "Warm start", live=True, group="Advanced", help="Each block starts from the weights of the one before."
    )
    pool: int = param(
        65536, "Pool", lo=256, hi=2_000_000, log=True, live=True, unit="points", group="Advanced",
        help="Samples pushed once through the trained blocks, from which the next block draws its batches.",
    )  # fmt: skip
    clip: float = param(
        5.0, "Gradient clip", lo=1e-3, hi=1e6, log=True, live=True, group="Advanced", help="Largest gradient norm."
    )
    averaging: float = param(
        0.99, "Weight averaging", lo=0.0, hi=0.9999, live=True, group="Advanced",
        help="Memory of the weight average that pictures, figures and later blocks use (0: none).",
    )  # fmt: skip


@FLOWS.register("jko")
class JkoFlow(Flow, HasLogDensity, HasVelocity, HasBlocks):
    """Block k minimises E[V(x(1)) - int_0^1 div v ds + |x(1) - x(0)|^2 / (2 h_k)], V = |x|^2 / 2, x(0) ~ p_{k-1}.

    That is one JKO step for KL(. || N(0, I)) (Xu, Cheng & Xie 2023, arXiv 2212.14424, equation 7). Blocks run from
    data to noise in their own time s; block k of n fills the flow times [1 - (k+1)/n, 1 - k/n], and a block
    that is not trained yet is the identity.
    """

    label = "JKO flow"
    summary = "Blocks trained one after another, each a small proximal step of the Wasserstein gradient flow to noise."
    Params = JkoParams

    def __init__(self, params: JkoParams, problem: Problem) -> None:
        self._params = params
        self._problem = problem
        self._net = VelocityNet(problem.dim, params.width)
        self._generator = torch.Generator().manual_seed(problem.seed)
        self._draw = torch.Generator(problem.device).manual_seed(problem.seed + 1)
        self._stream = Stream(problem.sample)
        self._blocks: list[Block] = []
        self._adam: FlatAdam | None = None
        self._pool: Tensor | None = None
        self._planned = params.blocks
        self._stretch = Stretch(Budget(), 1)
        self._finished_here = 0
        self._started_at = 0.0
        self._budget = Budget()
        self._export = Export()
        self._drawn = 0
        self._begin_share(0.0)

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> JkoFlow:
        """A flow whose blocks all wait."""
        return cls(from_mapping(JkoParams, params), problem)

    # Training

    @property
    def _trained(self) -> int:
        return sum(block.is_trained for block in self._blocks)

    @property
    def _waiting(self) -> int:
        """Blocks that are not trained to the end, the one in training included."""
        return self._planned - self._trained

    def plan(self, budget: Budget) -> None:
        """Begin a stretch; the budget is shared equally among the blocks that are not trained to the end.

        Where all planned blocks are trained, blocks are added: as many as the budgeted steps make at
        `steps_per_block` each, at least one.
        """
        if self._waiting == 0:
            self._planned += max(1, round((budget.steps or 0) / self._params.steps_per_block))
        self._budget = budget
        self._stretch = Stretch(budget, 1)
        self._finished_here = 0
        self._begin_share(0.0)

    @property
    def _is_limited(self) -> bool:
        return self._budget.steps is not None or self._budget.seconds is not None

    def _begin_share(self, seconds: float) -> None:
        """Give the block now in turn its equal share of what is left of the budget."""
        steps, limit = self._budget.steps, self._budget.seconds
        left = max(1, self._waiting)
        # A block that a stop had cut short only makes up its missing steps where nothing else is said.
        done = self._blocks[-1].steps if self._blocks and not self._blocks[-1].is_trained else 0
        share = Budget(
            steps=None if steps is None else max(1, round((steps - self._stretch.done) / left)),
            seconds=None if limit is None else max(1e-3, (limit - seconds) / left),
        )
        self._share = Stretch(share, max(self._params.steps_per_block - done, self._params.steps_per_block // 10, 1))
        self._started_at = seconds

    @property
    def progress(self) -> float:
        """Share of the stretch that is done: finished blocks and the part of the one in training."""
        if self._waiting == 0:
            return 1.0
        if self._is_limited:
            return self._stretch.progress
        return min(0.9999, (self._finished_here + self._share.progress) / (self._finished_here + self._waiting))

    @property
    def parameter_count(self) -> int:
        """Trainable parameters of all planned blocks."""
        return self._net.size * self._planned

    def step(self, seconds: float) -> StepInfo:
        """One Adam step of the block in training; losses "loss", "potential", "divergence", "transport"."""
        if self._waiting == 0:
            self._planned += 1
        block = self._current()
        p = self._params
        x = self._batch()
        result = objective(self._net, block, x, p.solver, block.chooser.steps)
        (gradient,) = torch.autograd.grad(result.loss, block.flat)
        self._adapt_solver(block, x, result.log_terms)
        rate = learning_rate(p.learning_rate, self._share.progress, self._share.done)
        assert self._adam is not None
        self._adam.update(gradient, rate, p.clip, p.averaging)
        terms = torch.cat([result.loss.detach().reshape(1), result.parts])
        block.record(terms)
        phase = f"block {len(self._blocks)} of {self._planned}"
        self._stretch.advance(seconds)
        self._share.advance(seconds - self._started_at)
        if self._share.progress >= 1 or (self._is_limited and self._waiting == 1 and self._stretch.progress >= 1):
            self._finish(block, seconds)
        return StepInfo(dict(zip(LOSS_NAMES, terms.unbind(), strict=True)), phase)

    @torch.no_grad()
    def _adapt_solver(self, block: Block, x: Tensor, log_terms: Tensor) -> None:
        p, chooser = self._params, block.chooser
        if not p.solver_error:
            chooser.steps = p.solver_steps
        elif block.steps % chooser.EVERY == 0:
            finer = objective(self._net, block, x, p.solver, 2 * chooser.steps).log_terms
            chooser.adapt(float((finer - log_terms).abs().mean()), p.solver_error, p.solver_steps)

    def _current(self) -> Block:
        if not self._blocks or self._blocks[-1].is_trained:
            self._blocks.append(self._fresh_block())
            self._adam = None
        block = self._blocks[-1]
        if self._adam is None:
            self._adam = FlatAdam(block.flat, block.average)
        return block

    def _fresh_block(self) -> Block:
        p, k = self._params, len(self._blocks)
        if k and p.warm_start:
            flat = self._blocks[-1].average.clone()
        else:
            flat = self._net.initial(self._generator, self._problem.dtype).to(self._problem.device)
        return Block(flat.requires_grad_(), flat.detach().clone(), self._step_size(k), p.solver_steps)

    def _step_size(self, k: int) -> float:
        return min(self._params.rho**k * self._params.h0, self._params.h_max)

    def _finish(self, block: Block, seconds: float) -> None:
        pool = self._pool_before(len(self._blocks) - 1)
        after = push(self._net, block, pool)
        block.finish(float((after - pool).square().sum(1).mean()))
        self._pool = after
        self._finished_here += 1
        if self._waiting:
            self._begin_share(seconds)

    def _batch(self) -> Tensor:
        count = self._params.batch_size
        if len(self._blocks) == 1:
            return self._stream.take(count)
        # A pool seen too often would be learnt by heart.
        self._drawn += count
        if self._drawn > POOL_EPOCHS * self._params.pool:
            self._pool, self._drawn = None, 0
        pool = self._pool_before(len(self._blocks) - 1)
        index = torch.randint(len(pool), (count,), generator=self._draw, device=pool.device)
        return pool[index]

    def _pool_before(self, count: int) -> Tensor:
        """The pool of samples behind the first `count` blocks; drawn and pushed anew only when it is missing."""
        if self._pool is None:
            self._pool = self._problem.sample(self._params.pool)
            for block in self._blocks[:count]:
                self._pool = push(self._net, block, self._pool)
        return self._pool

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter from the next step on; a changed number of blocks from the next block on."""
        params = changed(self._params, name, value)
        if name == "blocks":
            if params.blocks < len(self._blocks):
                message = f"Parameter blocks (Blocks) cannot be {params.blocks}: {len(self._blocks)} have begun."
                raise ParameterError(message, "Trained blocks stay; restart for fewer.", name)
            self._planned = params.blocks
        if name == "pool":
            self._pool = None
        self._params = params

    # Evaluation

    def _chain_arguments(self) -> tuple[VelocityNet, list[Block], int]:
        return self._net, self._blocks, self._planned

    @torch.no_grad()
    def transport(self, x: Tensor, times: Sequence[float], solver: Solver = METHOD_SOLVER) -> Transport:
        """Move points (n, d) from times[0] along the flow to every one of the monotone times."""
        solution = in_chunks(lambda state: follow(*self._chain_arguments(), state, times, solver), (x,), solver)
        return Transport(solution.paths(), solution.nfe)

    @torch.no_grad()
    def log_density(self, x: Tensor, t: float = 1.0, solver: Solver = METHOD_SOLVER) -> Tensor:
        """Natural log-density (n,) of the push-forward of N(0, I) at flow time t, by solving back to t = 0."""
        start = (x, x.new_zeros(len(x)))
        solution = in_chunks(lambda state: follow(*self._chain_arguments(), state, [t, 0.0], solver), start, solver)
        z, gained = solution.states[-1]
        return standard_normal_log_density(z) + gained

    @torch.no_grad()
    def velocity(self, x: Tensor, t: float) -> Tensor:
        """dx/dt (n, d) at points (n, d) and flow time t, per unit of flow time from noise to data."""
        return chain_velocity(*self._chain_arguments(), x, t)

    def blocks(self) -> tuple[BlockInfo, ...]:
        """All planned blocks, nearest the data first."""
        n = self._planned
        infos = []
        for k in range(n):
            begin, end = 1 - (k + 1) / n, 1 - k / n
            if k >= len(self._blocks):
                infos.append(BlockInfo(k, "waiting", self._step_size(k), begin, end))
                continue
            block = self._blocks[k]
            terms = block.terms.tolist()
            w2 = block.w2_squared if block.is_trained else 2 * block.step_size * terms[3] if block.steps else None
            status = "trained" if block.is_trained else "training"
            losses = dict(zip(LOSS_NAMES, terms, strict=True)) if block.steps else {}
            infos.append(BlockInfo(k, status, block.step_size, begin, end, w2, losses))  # type: ignore[arg-type]
        return tuple(infos)

    # Weights

    def weights(self) -> dict[str, Array]:
        """One averaged vector per block, the vector in training, and a small table of every block's figures.

        "planned": count; "status" (m, 3), flattened: (trained to the end, steps, solver steps); "figures" (m, 6),
        flattened: (h, W2^2, loss, potential, divergence, transport).
        """
        export, marks = self._export, [(b.is_trained, b.steps, b.chooser.steps) for b in self._blocks]
        arrays = {
            "planned": export.array("planned", self._planned, lambda: np.array([self._planned])),
            "status": export.array("status", marks, lambda: np.array(marks, dtype=np.int64).reshape(-1)),
            "figures": export.array("figures", marks, self._figures),
        }
        for k, block in enumerate(self._blocks):
            version = (block.is_trained, block.steps)
            arrays[f"block/{k}"] = export.array(f"block/{k}", version, lambda b=block: b.average)  # type: ignore[misc]
            if not block.is_trained:
                arrays["training"] = export.array("training", (k, *version), lambda b=block: b.flat)  # type: ignore[misc]
        return arrays

    def _figures(self) -> Array:
        rows = [[b.step_size, b.w2_squared, *b.terms.tolist()] for b in self._blocks]
        return np.array(rows, dtype=np.float64).reshape(-1)

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over blocks; a block that a stop had cut short goes on from where it stood."""
        planned = int(take_array(weights, "planned", 1)[0])
        status = take_array(weights, "status")
        if len(status) % 3:
            raise UserError("The table of blocks in the weights is damaged.", "Load weights of a JKO flow.")
        status = status.reshape(-1, 3)
        figures = take_array(weights, "figures", 6 * len(status)).reshape(-1, 6)
        blocks = []
        for k, ((is_trained, steps, solver_steps), row) in enumerate(zip(status, figures, strict=True)):
            arrays = [take_array(weights, f"block/{k}", self._net.size)]
            arrays += [] if is_trained else [take_array(weights, "training", self._net.size)]
            average, flat = (
                torch.from_numpy(np.array(a)).to(self._problem.device, self._problem.dtype)
                for a in (arrays[0], arrays[-1])
            )
            terms = torch.from_numpy(row[2:].copy()).to(average.dtype).to(average.device)
            block = Block(
                flat.requires_grad_(), average, float(row[0]), int(solver_steps), int(steps), terms, float(row[1])
            )
            block.is_trained = bool(is_trained)
            blocks.append(block)
        self._planned, self._blocks = planned, blocks
        self._adam, self._pool, self._export = None, None, Export()
        self._begin_share(0.0)
