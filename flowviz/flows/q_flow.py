"""Q-flow: dynamic optimal transport between two sample sets, by classifiers at both ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from flowviz.core.frames import StepInfo
from flowviz.core.losses import MATCHING, NATS, LossTerm
from flowviz.core.method_groups import MethodGroup
from flowviz.core.params import ADVANCED, from_mapping, param, restated
from flowviz.core.spec import Array
from flowviz.flows._base import FLOWS, HasLogRatio, Problem
from flowviz.flows._coupling import BLOCK, KINSHIP, Reused, exact
from flowviz.flows._field_flow import FieldFlow
from flowviz.flows._interpolants import LATE, LINEAR, draw_times, evenness
from flowviz.flows._matching import LOOK_STEPS, MatchingParams
from flowviz.flows._nets import VelocityNet
from flowviz.flows._ode import State, integrate
from flowviz.flows._params import WidthParams, steps_of_a_run
from flowviz.flows._training import FlatAdam, Stream, take_array
from flowviz.flows._waves import Scaling, WaveNet

LOOKS = 2
"""Steps of the classifiers to one of the flow."""
ENDS = ("data_classifier", "source_classifier")


@dataclass(frozen=True)
class QFlowParams(WidthParams):
    """Declared parameters of Q-flow."""

    learning_rate: float = restated(WidthParams, "learning_rate", 2e-3)
    batch_size: int = restated(WidthParams, "batch_size", 512)
    averaging: float = restated(WidthParams, "averaging", 0.995)
    waves: int = restated(MatchingParams, "waves", 128)
    harmonics: int = restated(MatchingParams, "harmonics", 1)
    steps: int = steps_of_a_run(2000)
    transport: float = param(
        0.02, "Transport weight", lo=0.0, hi=10.0, live=True,
        help="gamma: how much the squared distance of the way counts against the fit at both ends.",
    )  # fmt: skip
    start: float = param(
        0.5, "Share of the start", lo=0.05, hi=1.0, group=ADVANCED,
        help="Of a stretch of training, spent on flow matching with cheapest pairs before the classifiers take over.",
    )  # fmt: skip
    ratio_rate: float = param(
        5e-3, "Rate of the classifiers", lo=1e-6, hi=0.1, log=True, live=True, group=ADVANCED,
        help="Step size of Adam for both classifiers.",
    )  # fmt: skip
    solver_steps: int = param(
        4, "Solver steps", lo=1, hi=100, live=True, group=ADVANCED, help="Midpoint steps that training goes through."
    )


class Classifier:
    """The log-ratio of two densities, as the logit that tells draws of one from draws of the other."""

    def __init__(self, net: VelocityNet, flat: Tensor) -> None:
        self._net = net
        self._flat = flat.requires_grad_()
        self._adam = FlatAdam(self._flat, flat.detach().clone())

    def vector(self) -> Tensor:
        """All its weights."""
        return self._flat

    @torch.no_grad()
    def take(self, vector: Tensor) -> None:
        """Go on from these weights."""
        self._flat.copy_(vector)
        self._adam.forget()

    def log_ratio(self, x: Tensor) -> Tensor:
        """log of first over second density (n,) at points (n, d); differentiable in x."""
        return self._net.at_points(self._flat.to(x.dtype), x, x[:, :1]).sum(1)

    def learn(self, first: Tensor, second: Tensor, rate: float, clip: float) -> Tensor:
        """One step on draws of both; its logistic loss."""
        softplus = torch.nn.functional.softplus
        loss = softplus(-self.log_ratio(first)).mean() + softplus(self.log_ratio(second)).mean()
        (gradient,) = torch.autograd.grad(loss, self._flat)
        self._adam.update(gradient, rate, clip, 0.0)
        return loss.detach()


@FLOWS.register("q_flow")
@final
class QFlow(FieldFlow[QFlowParams], HasLogRatio):
    """Minimises KL(T#p || q) + KL(T^-1#q || p) + gamma E int |v|^2 dt over flows T from samples of p to those of q.

    Xu, Cheng & Xie 2025 (Q-flow, arXiv 2305.11857), equations 6 to 9: each KL is the mean of a log-ratio that a
    classifier between pushed and real samples learns beside the flow; both ends count, and both ways pay. It starts
    from a flow-matching fit to pairs of a minibatch optimal transport (OT-CFM), which is short already. Where it
    settles, the path is the dynamic optimal transport of Benamou & Brenier.
    """

    label = "Q-flow"
    summary = "The shortest way between two samples: classifiers judge both ends, and every detour costs."
    Params = QFlowParams
    source_need = "samples"
    group: ClassVar[MethodGroup] = "Between two data sets"
    terms = (
        LossTerm("loss", "objective", NATS, "Both divergences, as the classifiers see them, and the price of moving"),
        LossTerm("kl", "KL, both ends", NATS, "KL(T#p ‖ q) + KL(T⁻¹#q ‖ p), as the classifiers see them"),
        LossTerm("transport", "transport", NATS, "γ E∫|v|² dt, both ways: the price of moving"),
        MATCHING,
    )
    ratio_after_flow = True

    def __init__(self, params: QFlowParams, problem: Problem, net: WaveNet) -> None:
        super().__init__(params, problem, net, LOOK_STEPS)
        self._wave_net = net
        self._noise = torch.Generator(problem.device).manual_seed(problem.seed + 1)
        self._begin = Stream(problem.source.sample)
        self._pairs = Reused(lambda n: exact(self._begin.take(n), self._stream.take(n), BLOCK))
        self._judge = VelocityNet(problem.dim, params.width, -1, 3)
        generator = torch.Generator().manual_seed(problem.seed + 2)
        fresh = [self._judge.initial(generator, problem.dtype).to(problem.device) for _ in ENDS]
        self._ends = [Classifier(self._judge, flat) for flat in fresh]

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> QFlow:
        """A fresh flow near the identity."""
        p = from_mapping(QFlowParams, params)
        scaling = Scaling(LINEAR, KINSHIP)
        return cls(p, problem, WaveNet(problem.dim, p.width, p.waves, p.harmonics, scaling))

    @torch.no_grad()
    def log_ratio(self, x: Tensor) -> Tensor:
        """See HasLogRatio: by the classifier at the data's end, so that 0 is what a perfect flow has everywhere."""
        return -self._ends[0].log_ratio(x)

    def weights(self) -> dict[str, Array]:
        """Those of the flow, and both classifiers."""
        kept = super().weights()
        for name, end in zip(ENDS, self._ends, strict=True):
            kept[name] = self._export.array(name, self._done, end.vector)
        return kept

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over weights; training goes on from them with fresh optimisers.

        Runs saved before the classifiers were kept have none: theirs begin anew.
        """
        known = [take_array(weights, name, self._judge.size) for name in ENDS] if ENDS[0] in weights else []
        super().load(weights)
        for end, array in zip(self._ends, known, strict=False):
            end.take(torch.from_numpy(np.array(array)))

    def _restarted(self) -> None:
        pass

    def step(self, seconds: float) -> StepInfo:
        """One step of the flow; its "matching" error at the start, then "loss" and its parts."""
        matching = self._stretch.progress < self._params.start
        losses, gradient = self._match() if matching else self._settle()
        self._descend(gradient, 3.0 if matching else 0.3)
        self._count(seconds)
        return StepInfo(losses, "flow matching" if matching else "classifiers")

    def _match(self) -> tuple[dict[str, Tensor], Tensor]:
        x0, x1 = self._pairs.take(self._params.batch_size)
        t = draw_times(len(x0), LATE, 1.0, 0.0, self._noise, x0).unsqueeze(1)
        loss, gradient = self._wave_net.regress(self._flat, torch.lerp(x0, x1, t), t, x1 - x0, evenness(t, LATE))
        return {"matching": loss}, gradient

    def _settle(self) -> tuple[dict[str, Tensor], Tensor]:
        p = self._params
        x0, x1 = self._begin.take(p.batch_size), self._stream.take(p.batch_size)
        (there, way), (back, way_back) = self._pushed(x0, 0.0, 1.0), self._pushed(x1, 1.0, 0.0)
        for end, moved, real in zip(self._ends, (there, back), (x1, x0), strict=True):
            for _ in range(LOOKS):
                end.learn(moved.detach(), real, p.ratio_rate, p.clip)
        kl = self._ends[0].log_ratio(there).mean() + self._ends[1].log_ratio(back).mean()
        cost = p.transport * (way.mean() - way_back.mean())
        terms = {"loss": kl + cost, "kl": kl, "transport": cost}
        (gradient,) = torch.autograd.grad(terms["loss"], self._flat)
        return {name: value.detach() for name, value in terms.items()}, gradient

    def _pushed(self, x: Tensor, begin: float, end: float) -> State:
        """Points (n, d) carried from one time to the other, and int |v|^2 dt (n,) along the way, negative backwards."""
        steps = self._params.solver_steps
        half = (end - begin) / (2 * steps)
        layers = self._wave_net.at(self._flat, [begin + i * half for i in range(2 * steps)])

        def field(y: Tensor, t: float) -> State:
            v = layers[round((t - begin) / half)].evaluate(y)[0]
            return v, v.square().sum(1)

        return integrate(field, (x, x.new_zeros(len(x))), begin, end, steps, "midpoint")
