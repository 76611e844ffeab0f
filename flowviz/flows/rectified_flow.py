"""Rectified flow: flow matching, then again on the pairs that the flow itself has made, round after round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from flowviz.core.frames import RoundInfo, StepInfo
from flowviz.core.params import from_mapping, param, restated
from flowviz.core.spec import Array, Budget
from flowviz.flows._base import FLOWS, HasRounds, Problem
from flowviz.flows._coupling import Pairs
from flowviz.flows._divergence import velocity
from flowviz.flows._interpolants import LATE, LINEAR, UNIFORM
from flowviz.flows._jko_work import Work
from flowviz.flows._matching import MatchingFlow, MatchingParams, matching_net
from flowviz.flows._ode import integrate
from flowviz.flows._round_figures import POINTS, RoundFigures, round_figures
from flowviz.flows._training import FlatAdam, learning_rate, take_array
from flowviz.flows._waves import WaveNet
from flowviz.flows.closed_forms import Gaussian
from flowviz.flows.gaussian_paths import regressed

SOLVER, SOLVER_STEPS = "rk4", 10
"""With which a round's flow makes the pairs of the next."""
POOL, FIRST, EACH, EVERY = 16_384, 4096, 512, 16
"""Pairs held for a round, made before its first step, and made anew at once, after so many steps each time."""


@dataclass(frozen=True)
class RectifiedParams(MatchingParams):
    """Declared parameters of rectified flow."""

    interpolant: str = restated(
        MatchingParams, "interpolant", LINEAR, choices=(LINEAR,), help="What is straightened are straight lines."
    )
    steps: int = restated(
        MatchingParams, "steps", 2000, label="Training steps per round",
        help="Length of one round's training without a budget; a budget is shared equally.",
    )  # fmt: skip
    reflows: int = param(
        1, "Reflow rounds", lo=0, hi=10, live=True,
        help="Rounds after the first; each learns the flow before it anew, from straight lines between its ends.",
    )  # fmt: skip


class PairPool:
    """Pairs (z, flow(z)) of a fixed flow; the oldest make room for new ones, so that none is learnt by heart.

    Args:
        make: n -> that many fresh pairs.
    """

    def __init__(self, make: Callable[[int], Pairs]) -> None:
        self._make = make
        self._pairs = make(FIRST)
        self._taken = self._next = 0

    def _renew(self) -> None:
        fresh = self._make(EACH)
        if len(self._pairs.x0) < POOL:
            self._pairs = Pairs(*(torch.cat(both) for both in zip(self._pairs, fresh, strict=True)))
            return
        for held, new in zip(self._pairs, fresh, strict=True):
            held[self._next : self._next + EACH] = new
        self._next = (self._next + EACH) % POOL

    def take(self, n: int, generator: torch.Generator) -> Pairs:
        """n of the pairs, drawn with replacement."""
        self._taken += 1
        if self._taken % EVERY == 0:
            self._renew()
        x0, x1 = self._pairs
        index = torch.randint(len(x0), (n,), generator=generator).to(x0.device)
        return Pairs(x0[index], x1[index])


@FLOWS.register("rectified_flow")
@final
class RectifiedFlow(MatchingFlow[RectifiedParams], HasRounds):
    """Round 0 is flow matching with independent pairs; round k learns from the pairs (z0, flow_(k-1)(z0)).

    Every round lowers all convex transport costs, and the straightness int E|v - (z1 - z0)|^2 dt falls like 1/k: Liu,
    Gong & Liu 2023 (arXiv 2209.03003), theorems 3.5 and 3.7. The fields of all rounds are kept in the weights.
    """

    label = "Rectified flow"
    summary = "Flow matching repeated on the pairs that the flow itself makes: paths straighten round by round."
    Params = RectifiedParams
    source_need = "samples"

    def __init__(self, params: RectifiedParams, problem: Problem, net: WaveNet) -> None:
        super().__init__(params, problem, net)
        self._kept: list[Tensor] = []
        self._is_over = False
        self._round_steps = 0
        self._ended: list[tuple[int, RoundFigures]] = []
        self._looked_at: Pairs | None = None
        self._work = Work(Budget())
        self._pool: PairPool | None = None

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> RectifiedFlow:
        """A fresh flow near the identity."""
        chosen = from_mapping(RectifiedParams, params)
        return cls(chosen, problem, matching_net(problem, chosen))

    # Rounds

    @property
    def _rounds(self) -> int:
        """Rounds to train in all, the first and those that are done included."""
        return max(self._params.reflows, len(self._kept)) + 1

    def plan(self, budget: Budget) -> None:
        """Begin a stretch, shared equally among the rounds that are left; where none is, the last is trained on."""
        self._work = Work(budget)
        if self._is_over and len(self._kept) + 1 < self._rounds:
            self._begin_round()
        self._is_over = False
        self._begin_share()

    def _begin_share(self) -> None:
        left = [1.0] * (self._rounds - len(self._kept))
        self._work.begin_block(left, self._params.steps, self._round_steps)

    def _begin_round(self) -> None:
        """Keep the field that is trained; the next round begins from it."""
        self._kept.append(self._average.clone())
        with torch.no_grad():
            self._flat.copy_(self._average)
        self._round_steps = 0
        self._restarted()

    def _restarted(self) -> None:
        self._adam = FlatAdam(self._flat, self._average)
        self._pool = None

    @property
    def progress(self) -> float:
        """Share of the stretch that is done."""
        return 1.0 if self._is_over else min(0.9999, self._work.progress)

    @property
    def parameter_count(self) -> int:
        """Trainable parameters of one round."""
        return self._net.size

    def rounds(self) -> tuple[RoundInfo, ...]:
        """Those that are trained to their ends."""
        return tuple(
            RoundInfo(k, step, f.straightness, f.energy, int(f.euler_steps) or None, f.miss, f.w2)
            for k, (step, f) in enumerate(self._ended)
        )

    def _measure_round(self) -> None:
        """The figures of the round that has ended, all on the same points."""
        if self._looked_at is None:
            self._looked_at = Pairs(self._begin.take(POINTS), self._stream.take(POINTS))
        figures = round_figures(self._wave_net, self._average, *self._looked_at)
        self._ended[len(self._kept) :] = [(self._done, figures)]

    # Training

    def _couple(self, x0: Tensor, x1: Tensor, generator: torch.Generator) -> Pairs:
        return Pairs(x0, x1) if not self._kept else self._made(x0)

    @torch.no_grad()
    def _made(self, x0: Tensor) -> Pairs:
        """The pairs (x0, flow_(k-1)(x0)) that round k learns from."""
        halves = [i / (2 * SOLVER_STEPS) for i in range(2 * SOLVER_STEPS + 1)]
        layers = self._net.at(self._kept[-1].to(x0.dtype), halves)

        def field(y: Tensor, t: float) -> tuple[Tensor]:
            return (velocity(y, layers[round(t * 2 * SOLVER_STEPS)]),)

        return Pairs(x0, integrate(field, (x0,), 0.0, 1.0, SOLVER_STEPS, SOLVER)[0])

    def _cross(self, source: Gaussian, target: Gaussian) -> Array:
        """Round k pairs the ends of the exact flow of round k - 1."""
        cross = super()._cross(source, target)
        for _ in self._kept:
            cross = source.cov @ regressed(source, target, cross, self._numbers).map().T
        return cross

    def _times(self) -> str:
        """Straight paths that do not cross are as sharp at the beginning as at the end: even times for them."""
        return UNIFORM if self._kept and self._params.times == LATE else self._params.times

    def _batch(self, n: int) -> Pairs:
        if not self._kept:
            return self._fresh(n)
        if self._pool is None:
            self._pool = PairPool(lambda count: self._made(self._begin.take(count)))
        return self._pool.take(n, self._choices)

    def step(self, seconds: float) -> StepInfo:
        """One Adam step of the round in training; losses "loss" and "cost", the pairs' mean squared distance."""
        p, k = self._params, len(self._kept)
        pairs = self._batch(p.batch_size)
        loss, gradient = self._loss_and_gradient(pairs, self._flat)
        rate = learning_rate(p.learning_rate, self._work.block_progress, self._work.block_steps)
        self._adam.update(gradient, rate, p.clip, p.averaging)
        self._done += 1
        self._round_steps += 1
        phase = f"round {k + 1} of {self._rounds}"
        self._work.advance(seconds)
        if self._work.block_is_over:
            self._end_round()
        return StepInfo({"loss": loss, "cost": pairs.cost()}, phase)

    def _end_round(self) -> None:
        self._work.block_done()
        self._measure_round()
        self._is_over = len(self._kept) + 1 >= self._rounds
        if not self._is_over:
            self._begin_round()
            self._begin_share()

    # Weights

    def weights(self) -> dict[str, Array]:
        """Those of the round in training, and the field of every round before it."""
        table = np.array([len(self._kept), self._is_over, self._round_steps])
        arrays = {"rounds": self._export.array("rounds", tuple(table.tolist()), lambda: table)}
        for k, field in enumerate(self._kept):
            arrays[f"round/{k}"] = self._export.array(f"round/{k}", 0, lambda field=field: field)  # type: ignore[misc]
        ended = tuple((step, *figures) for step, figures in self._ended)
        arrays["ended"] = self._export.array("ended", ended, lambda: np.array(ended, np.float64).reshape(-1))
        return {**super().weights(), **arrays}

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over all rounds; training goes on with the one that was in training."""
        rounds, is_over, steps = (int(value) for value in take_array(weights, "rounds", 3))
        fields = [take_array(weights, f"round/{k}", self._net.size) for k in range(rounds)]
        super().load(weights)
        self._kept = [torch.from_numpy(np.array(field)).to(self._average) for field in fields]
        self._is_over, self._round_steps = bool(is_over), steps
        ended = take_array(weights, "ended").reshape(-1, 6).tolist() if "ended" in weights else []
        self._ended = [(int(step), RoundFigures(*figures)) for step, *figures in ended]
