"""What a flow is: a method that trains by steps and moves points between noise (t = 0) and data (t = 1)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from flowviz.core.block_edits import BlockEdit
from flowviz.core.errors import UserError
from flowviz.core.frames import BlockInfo, RoundInfo, StartInfo, StepInfo
from flowviz.core.losses import Terms
from flowviz.core.method_groups import MethodGroup
from flowviz.core.mixtures import GaussianMixture
from flowviz.core.params import ParamValue
from flowviz.core.registry import Registry
from flowviz.core.solver import METHOD_SOLVER, Solver
from flowviz.core.sources import SourceNeed
from flowviz.core.spec import Array, Budget
from flowviz.flows._source import Source

SOURCE_SEED = 2_000_003
"""Keeps the source's own stream apart from the other generators of a seed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a flow is given to learn from.

    Attributes:
        dim: dimension d.
        sample: n -> (n, d) float32 fresh draws of the data, on `device`.
        device: where parameters and data live.
        seed: of all that the flow draws; each flow owns its torch.Generator.
        dtype: of parameters and data; float64 in tests.
        source: where the flow begins; N(0, I) unless given, drawn from a generator of this problem's own.
    """

    dim: int
    sample: Callable[[int], Tensor]
    device: torch.device = torch.device("cpu")
    seed: int = 0
    dtype: torch.dtype = torch.float32
    source: Source = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.source is None:
            normal = Source.standard_normal(self.dim, self.seed + SOURCE_SEED, self.device, self.dtype)
            object.__setattr__(self, "source", normal)


VelocityFunction = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Transport:
    """Moved points.

    Attributes:
        paths: positions (T, n, d) at the asked times.
        nfe: velocity evaluations per particle.
        grid: flow times between which the solver took its steps, in the order of travel; () where nothing tells.
    """

    paths: Tensor
    nfe: int
    grid: tuple[float, ...] = ()


class Flow(ABC):
    """A trainable flow. Evaluation (transport and abilities) uses averaged weights and needs no gradient.

    Class attributes:
        label: its name for people.
        summary: one sentence.
        Params: frozen dataclass of declared parameters.
        source_need: what it can begin from, as in core.sources; N(0, I) only, unless it says otherwise.
        group: the family of methods under which people find it.
        terms: what its training steps tell, "loss" first; an instance may have others than its class.
    """

    label: ClassVar[str]
    summary: ClassVar[str]
    Params: ClassVar[type]
    source_need: ClassVar[SourceNeed] = "normal"
    group: ClassVar[MethodGroup] = "Likelihood"
    terms: Terms = ()

    @classmethod
    @abstractmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> Flow:
        """A fresh flow.

        Raises:
            ParameterError: a parameter is unknown or out of range.
        """

    @abstractmethod
    def plan(self, budget: Budget) -> None:
        """Begin a stretch of training of that length (the method's own default where the budget says nothing)."""

    @property
    @abstractmethod
    def progress(self) -> float:
        """Share of the stretch that is done, 0 to 1; at 1 the stretch is over."""

    @abstractmethod
    def step(self, seconds: float) -> StepInfo:
        """One training step; `seconds` is the training time so far in this stretch."""

    @abstractmethod
    def transport(self, x: Tensor, times: Sequence[float], solver: Solver = METHOD_SOLVER) -> Transport:
        """Move points (n, d), which sit at times[0], along the flow to every one of the monotone times.

        Increasing times lead from noise (0) to data (1), decreasing ones back.
        """

    @abstractmethod
    def weights(self) -> dict[str, Array]:
        """All arrays (numpy, on the CPU, read-only) that rebuild the flow for evaluation and further training.

        An array that has not changed since the last call is the same object.
        """

    @abstractmethod
    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over weights from `weights()` of a flow with the same params.

        Raises:
            UserError: names or shapes do not fit.
        """

    @abstractmethod
    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter.

        Raises:
            ParameterError: not live, unknown or out of range.
        """

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """Number of trainable parameters."""


class HasLogDensity(ABC):
    """A flow that knows the density of its push-forward, wherever that of its source is known."""

    @abstractmethod
    def log_density(self, x: Tensor, t: float = 1.0, solver: Solver = METHOD_SOLVER) -> Tensor:
        """Natural log-density (n,) at points (n, d) of the push-forward of the source at flow time t.

        Raises:
            UserError: the source's own density is not known.
        """


class HasVelocity(ABC):
    """A flow that is driven by a velocity field."""

    @abstractmethod
    def velocity(self, x: Tensor, t: float) -> Tensor:
        """Velocity dx/dt (n, d) at points (n, d) and flow time t in [0, 1], from noise to data."""

    def traceable(self) -> VelocityFunction | None:
        """The same as a function of tensors x (n, d) and t () alone, float32 on the CPU, for use outside flowviz.

        Only of operations that torch can trace, t included; None where the method has no such form.
        """
        return None


class HasLogRatio(ABC):
    """A flow that estimates how much likelier the data are than the source.

    Class attributes:
        ratio_after_flow: whether it compares them where the flow has carried the source to.
    """

    ratio_after_flow: ClassVar[bool] = False

    @abstractmethod
    def log_ratio(self, x: Tensor) -> Tensor:
        """log p_1(x) - log p_0(x) in nats (n,) at points (n, d): p_1 the data, p_0 the source or what became of it."""


class HasSde(ABC):
    """A flow whose marginals also are those of random paths, the solutions of a stochastic differential equation."""

    @abstractmethod
    def random_paths(self, x: Tensor, times: Sequence[float], steps: int, generator: torch.Generator) -> Transport:
        """Move points (n, d), which sit at times[0], at random to every one of the monotone times.

        Args:
            x: the points.
            times: flow times.
            steps: equal steps for the whole of flow time; 0 means the method's own choice.
            generator: of the random draws, on the device of x.
        """


class HasCoupling(ABC):
    """A flow that learns from pairs of a source point and a data point."""

    @abstractmethod
    def coupling(self, x0: Tensor, x1: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Pairs as training makes them of points (n, d) of source and data: both (n, d), row with row."""


class HasLossFloor(ABC):
    """A method whose least possible loss is known where source and data are sums of Gaussians.

    Class attributes:
        floor_params: live parameters that make it another loss.
    """

    floor_params: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    @abstractmethod
    def loss_floor(cls, params: Mapping[str, object], source: GaussianMixture, target: GaussianMixture) -> float | None:
        """The loss below which no training gets, or None where these parameters have no closed form."""


class HasBlocks(ABC):
    """A flow made of blocks that are trained one after another."""

    @abstractmethod
    def blocks(self) -> tuple[BlockInfo, ...]:
        """The blocks, nearest the data first."""

    def edit(self, edit: BlockEdit) -> bool:
        """Change the blocks between two stretches; those that are no longer trained are trained in the next one.

        Returns:
            Whether any is left to train.

        Raises:
            UserError: it cannot be done now.
        """
        raise UserError("The blocks of this method stay as they are.", "Train on without an edit.")


class HasProcessBlocks(HasBlocks):
    """A flow whose blocks are stretches of the Ornstein-Uhlenbeck process, with a time each, and no JKO step."""


class HasRounds(ABC):
    """A flow that is learnt anew, round after round, each kept."""

    @abstractmethod
    def rounds(self) -> tuple[RoundInfo, ...]:
        """The rounds that are trained to their ends, in order."""


class HasStart(ABC):
    """A flow whose training may start from a fit by another objective."""

    @abstractmethod
    def start_info(self) -> StartInfo | None:
        """What the fit came to; None where there was none, or it is not over."""


FLOWS: Registry[Flow] = Registry("method", "flowviz.flows")
