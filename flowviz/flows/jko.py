"""JKO-iFlow: blocks trained one after another, each one proximal step of a Wasserstein gradient flow."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import torch
from torch import Tensor

from flowviz.core.block_edits import Add, BlockEdit, Equalise, Refine
from flowviz.core.errors import ParameterError
from flowviz.core.frames import BlockInfo, StepInfo
from flowviz.core.losses import NATS, LossTerm
from flowviz.core.params import ParamValue, from_mapping
from flowviz.core.spec import Array, Budget
from flowviz.flows._base import FLOWS, Problem
from flowviz.flows._block import Block, objective, objective_and_gradient
from flowviz.flows._capture import Replayed
from flowviz.flows._chain_flow import ChainFlow
from flowviz.flows._jko_edits import MOST_BLOCKS, Chain, edited, need_all_begun, need_room, refined, retimed
from flowviz.flows._jko_infos import LOSS_NAMES, block_info
from flowviz.flows._jko_params import ALWAYS, AUTO, DISTANCE, FLOW_MATCHING, FRESH
from flowviz.flows._jko_params import JkoParams as JkoParams
from flowviz.flows._jko_samples import HeldOut, Pool, blurred
from flowviz.flows._jko_schedule import edges_of, shares_of, step_size
from flowviz.flows._jko_start import flow_matching_start
from flowviz.flows._jko_weights import Stand, exported, loaded
from flowviz.flows._jko_work import AGAIN, FIRST, Work, rounds_ahead
from flowviz.flows._nets import VelocityNet
from flowviz.flows._training import Export, FlatAdam, Guard, Stream, changed, learning_rate
from flowviz.flows.closed_forms import Gaussian, jko_step
from flowviz.flows.gaussian_paths import GaussianPath, along, leg_back

SETTLED = 100
# Share of the allowed solver error that one midpoint step may make.
COARSE_SHARE = 0.2
AGAIN_RATE = 0.3
"""Peak learning rate of a block that begins as part of a trained flow, in those of a new one."""


@FLOWS.register("jko")
class JkoFlow(ChainFlow):
    """Block k minimises E[V(x(1)) - int_0^1 div v ds + |x(1) - x(0)|^2 / (2 h_k)], V = |x|^2 / 2, x(0) ~ p_{k-1}.

    That is one JKO step for KL(. || N(0, I)) (Xu, Cheng & Xie 2023, arXiv 2212.14424, equation 7). Blocks run from
    data to noise in their own time s and share flow time; a block that has not begun is the identity. When all blocks
    are trained, rounds of re-timing and refinement may change them and train them again (section 4.3 there): until its
    turn comes a block then keeps the field that it has, so that the chain is a whole flow at any moment.

    Flow time is shared equally until all blocks are trained, so that the clock stands still while people watch the
    training; then, if so chosen, in proportion to the distances that the blocks move the data.
    """

    label = "JKO flow"
    summary = "Blocks trained one after another, each a small proximal step of the Wasserstein gradient flow to noise."
    Params = JkoParams
    terms = (
        LossTerm("loss", "JKO objective", NATS, "Of the block in training: potential + divergence + transport"),
        LossTerm("potential", "potential", NATS, "E[V(x(1))]: how far the particles are from noise"),
        LossTerm("divergence", "divergence", NATS, "−E∫ div v: the change of entropy along the way"),
        LossTerm("transport", "transport", NATS, "E|x(1) − x(0)|² / 2h: the price of moving"),
    )

    def __init__(self, params: JkoParams, problem: Problem) -> None:
        self._params = params
        self._problem = problem
        self._net = VelocityNet(problem.dim, params.width, hidden=params.hidden_layers)
        self._generator = torch.Generator().manual_seed(problem.seed)
        self._random = torch.Generator(problem.device).manual_seed(problem.seed + 1)
        self._stand = Stand(params.blocks, [], [1.0] * params.blocks, (0, 0))
        self._forget_samples()
        self._held: HeldOut | None = None
        self._adam: FlatAdam | None = None
        self._guard: Guard | None = None
        self._replayed = Replayed(None)
        self._work = Work(Budget())
        self._export = Export()

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> JkoFlow:
        """A flow whose blocks all wait."""
        return cls(from_mapping(JkoParams, params), problem)

    # Training

    @property
    def _blocks(self) -> list[Block]:
        return self._stand.blocks

    @property
    def _trained(self) -> int:
        """Blocks trained to the end; they come first."""
        return sum(block.is_trained for block in self._blocks)

    @property
    def _waiting(self) -> int:
        """Blocks that are not trained to the end, the one in training included."""
        return self._stand.planned - self._trained

    def plan(self, budget: Budget) -> None:
        """Begin a stretch; the budget is shared among the blocks that are not trained to the end and rounds to come.

        Where nothing is left to train, blocks are added: as many as the budgeted steps make at `steps_per_block` each,
        at least one.
        """
        self._work = Work(budget)
        if self._waiting == 0 and not self._begin_round():
            self._set_planned(self._stand.planned + max(1, round((budget.steps or 0) / self._params.steps_per_block)))
        self._begin_share()

    def _set_planned(self, count: int) -> None:
        shares = self._stand.shares[:count]
        self._stand = self._stand._replace(planned=count, shares=shares + [1.0] * (count - len(shares)))

    def _rounds_to_come(self) -> tuple[int, int]:
        """Re-timings and refinements."""
        done, p = self._stand.rounds, self._params
        return max(0, p.reparametrise - done[0]), max(0, p.refine - done[1])

    def _begin_share(self) -> None:
        """Give the block now in turn its share of what is left of the budget."""
        blocks, k = self._blocks, self._trained
        left = [AGAIN if b.is_again else FIRST for b in blocks[k:]]
        left += [FIRST] * (self._stand.planned - len(blocks))
        left += rounds_ahead(self._stand.planned, *self._rounds_to_come())
        done = blocks[k].steps if k < len(blocks) else 0
        self._work.begin_block(left or [FIRST], self._params.steps_per_block, done)

    @property
    def progress(self) -> float:
        """Share of the stretch that is done: finished blocks and the part of the one in training."""
        return 1.0 if self._waiting == 0 else self._work.progress

    @property
    def parameter_count(self) -> int:
        """Trainable parameters of all planned blocks."""
        return self._net.size * self._stand.planned

    def step(self, seconds: float) -> StepInfo:
        """One Adam step of the block in training; losses "loss", "potential", "divergence", "transport"."""
        if self._waiting == 0:
            self._set_planned(self._stand.planned + 1)
        k, p = self._trained, self._params
        self._held_out().catch_up(self._blocks[:k])
        block = self._current()
        x = self._batch(p.batch_size)
        scheme = block.scheme(p.solver)
        log_terms, terms, gradient = self._replayed(
            scheme, lambda y: objective_and_gradient(self._net, block, y, *scheme), x
        )
        assert self._adam is not None and self._guard is not None
        if self._adapt_solver(block, x, log_terms):
            peak = p.learning_rate * (AGAIN_RATE if block.is_again else 1.0) * self._guard.caution
            rate = learning_rate(peak, self._work.block_progress, self._work.block_steps)
            self._adam.update(gradient, rate, p.clip, p.averaging)
        block.record(terms)
        phase = f"block {k + 1} of {self._stand.planned}" + (" again" if block.is_again else "")
        self._work.advance(seconds)
        if self._work.block_is_over:
            self._finish(block)
        return StepInfo(dict(zip(LOSS_NAMES, terms.unbind(), strict=True)), phase)

    @torch.no_grad()
    def _adapt_solver(self, block: Block, x: Tensor, log_terms: Tensor) -> bool:
        """From time to time, hold the solver's error against a finer solution; False when the step must not count."""
        p, chooser = self._params, block.chooser
        if not p.solver_error:
            chooser.steps = p.solver_steps
            return True
        if block.steps % chooser.EVERY:
            return True
        finer = objective(self._net, block, x, *block.scheme(p.solver, finer=True)).log_terms
        error = float((finer - log_terms).abs().mean())
        # One midpoint step errs to one side, which bends what is learnt: it has to be better than finer solvers are.
        is_coarse = p.solver == AUTO and not chooser.steps
        allowed = p.solver_error * (COARSE_SHARE if is_coarse else 1.0)
        block.needs_rk4 |= is_coarse and error > allowed
        # A field that still changes much outruns the cheapest solver between two checks.
        settled = block.steps >= SETTLED and p.solver == AUTO and p.solver_steps == 1
        chooser.adapt(error, allowed, 0 if settled and not block.needs_rk4 else p.solver_steps)
        assert self._guard is not None
        return self._guard.check(error, p.solver_error)

    def _current(self) -> Block:
        """The block in training; begun if none is."""
        k = self._trained
        if k == len(self._blocks):
            is_free = self._params.free_block and k == self._stand.planned - 1
            h = math.inf if is_free else self._step_size(k)
            self._blocks.append(Block.starting_from(self._start(k, h), h, self._params.solver_steps))
            self._adam = None
        block = self._blocks[k]
        if self._adam is None:
            self._adam = FlatAdam(block.flat, block.average)
            self._guard = Guard(block.flat, block.average, self._adam)
            self._replayed = Replayed.on(self._problem.device)
        return block

    def _start(self, k: int, h: float) -> Tensor:
        """The weights that block k begins with."""
        flat = self._before(k)
        if self._params.start != FLOW_MATCHING:
            return flat
        return flow_matching_start(self._net, flat, h, self._batch, self._random)

    def _before(self, k: int) -> Tensor:
        """The weights of the block before block k, or fresh ones."""
        if k and self._params.start != FRESH:
            return self._blocks[k - 1].average
        return self._net.initial(self._generator, self._problem.dtype).to(self._problem.device)

    def _step_size(self, k: int) -> float:
        p = self._params
        return step_size(k, p.h0, p.rho, p.h_max)

    def _finish(self, block: Block) -> None:
        k, is_first = self._trained, not block.is_again
        block.finish(self._held_out().figures(self._blocks[:k], block))
        self._adam = None
        self._work.block_done()
        if is_first:
            self._stop_if_still(block)
        if self._waiting == 0:
            self._set_clock()
            if not self._work.is_over:
                self._begin_round()
        if self._waiting:
            self._begin_share()

    def _stop_if_still(self, block: Block) -> None:
        """Begin no further block, but a free one, after one that hardly moved (arXiv 2212.14424, section 4.3)."""
        p = self._params
        assert block.figures is not None
        if block.figures.stop_ratio < p.stop_ratio and not block.is_free:
            self._set_planned(min(self._stand.planned, len(self._blocks) + p.free_block))

    # Samples

    def _forget_samples(self) -> None:
        self._stream = Stream(self._data)
        self._pool: Pool | None = None

    def _held_out(self) -> HeldOut:
        if self._held is None:
            self._held = HeldOut(self._net, self._problem.sample)
        return self._held

    def _data(self, n: int) -> Tensor:
        """Fresh data (n, d), blurred where they have no density."""
        p = self._params
        x = self._problem.sample(n)
        if p.noising and (p.noising_when == ALWAYS or self._held_out().has_repeats):
            return blurred(x, p.noising, self._random)
        return x

    def _batch(self, count: int) -> Tensor:
        """Samples (count, d) from behind the trained blocks."""
        before = self._blocks[: self._trained]
        if not before:
            return self._stream.take(count)
        if self._pool is None:
            self._pool = Pool(self._net, self._data, self._params.pool, self._problem.device)
        return self._pool.take(count, before, self._random)

    # Changes

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter from the next step on; a changed number of blocks from the next block on."""
        params = changed(self._params, name, value)
        if name == "blocks" and params.blocks < len(self._blocks):
            message = f"Parameter blocks (Blocks) cannot be {params.blocks}: {len(self._blocks)} have begun."
            raise ParameterError(message, "Trained blocks stay; restart for fewer.", name)
        self._params = params
        if name == "blocks":
            self._set_planned(params.blocks)
        if name in ("pool", "noising", "noising_when"):
            self._forget_samples()
        if name == "clock" and self._waiting == 0:
            self._set_clock()

    def edit(self, edit: BlockEdit) -> bool:
        """Add a block, change one, or split or re-time all; those that began as parts of the flow are trained again.

        Raises:
            UserError: blocks that would be changed were never trained to the end, or there are too many.
        """
        match edit:
            case Add():
                self._set_planned(self._stand.planned + 1)
            case Refine():
                need_all_begun(self._stand)
                self._refine()
            case Equalise(eta):
                need_all_begun(self._stand)
                self._retime(eta)
            case _:
                self._take_over(edited(self._net, self._stand, edit, self._before))
        return self._waiting > 0

    def _begin_round(self) -> bool:
        """Begin the next round of re-timing or refinement, if one is left; all blocks are trained."""
        retimings, refinements = self._rounds_to_come()
        done = self._stand.rounds
        if retimings:
            self._retime(self._params.eta)
            self._stand = self._stand._replace(rounds=(done[0] + 1, done[1]))
        elif refinements and 2 * self._stand.planned <= MOST_BLOCKS:
            self._refine()
            self._stand = self._stand._replace(rounds=(done[0], done[1] + 1))
        return self._waiting > 0

    def _refine(self) -> None:
        need_room(self._stand, self._stand.planned)
        self._take_over(refined(self._net, self._blocks, self._stand.shares))

    def _retime(self, eta: float) -> None:
        held = self._held_out()
        if not all(block.is_trained for block in self._blocks):
            held.restart()
        distances = []
        for k, block in enumerate(self._blocks):
            figures = block.figures or held.figures(self._blocks[:k], block)
            distances.append(math.sqrt(figures.w2_squared))
        self._take_over(retimed(self._net, self._blocks, self._stand.shares, distances, eta))

    def _take_over(self, chain: Chain) -> None:
        planned = len(chain.blocks) + chain.waiting
        self._stand = self._stand._replace(planned=planned, blocks=chain.blocks, shares=chain.shares)
        self._begin_anew()

    def _begin_anew(self) -> None:
        """The blocks are others now."""
        self._adam, self._export = None, Export()
        self._forget_samples()
        if self._held is not None:
            self._held.restart()

    def _set_clock(self) -> None:
        """Share flow time by the distances that the blocks, all trained, cover; or equally."""
        shares = [1.0] * self._stand.planned
        if self._params.clock == DISTANCE:
            shares = shares_of([math.sqrt(block.figures.w2_squared) for block in self._blocks if block.figures])
        self._stand = self._stand._replace(shares=shares)

    # Evaluation

    def _chain(self) -> tuple[VelocityNet, list[Block], list[float]]:
        return self._net, self._blocks, edges_of(self._stand.shares)

    def blocks(self) -> tuple[BlockInfo, ...]:
        """All planned blocks, nearest the data first."""
        blocks, planned = self._blocks, self._stand.planned
        edges, k = edges_of(self._stand.shares), self._trained
        infos = []
        for i in range(planned):
            is_last_free = self._params.free_block and i == planned - 1
            h = blocks[i].step_size if i < len(blocks) else math.inf if is_last_free else self._step_size(i)
            block = blocks[i] if i < len(blocks) and (i <= k) else None
            infos.append(block_info(i, block, h, edges[i + 1], edges[i]))
        return tuple(infos)

    def gaussian_path(self, source: Gaussian, target: Gaussian, backwards: bool = False) -> GaussianPath | None:
        """Exact JKO steps from the data, each gone straight; a free block goes all the way to N(0, I)."""
        blocks = self.blocks()
        laws = [target]
        for block in blocks:
            laws.append(source if block.is_free else jko_step(laws[-1], block.step_size))
        legs = [leg_back(before, after) for before, after in itertools.pairwise(laws)]
        edges = [block.t_start for block in reversed(blocks)]
        return along(laws[-1] if backwards else source, legs[::-1], [*edges, 1.0])

    # Weights

    def weights(self) -> dict[str, Array]:
        """Every block's averaged vector, the vector in training, and small tables; see _jko_weights.exported."""
        return exported(self._export, self._stand)

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over blocks; one that a stop had cut short goes on from where it stood."""
        self._stand = loaded(weights, self._net.size, self._problem.device, self._problem.dtype)
        self._work = Work(Budget())
        self._begin_anew()
        if self._waiting:
            self._begin_share()
