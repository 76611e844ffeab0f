"""The closed union of things that a run can say. Exactly one terminal event ends each stretch of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowviz.core.course import Stretch
from flowviz.core.frames import Frame
from flowviz.core.losses import Terms
from flowviz.core.params import ParamValue
from flowviz.core.spec import Array, RunSpec


@dataclass(frozen=True, slots=True)
class Started:
    """Training begins (or goes on, when `step` > 0).

    Attributes:
        spec: the run, its "auto" device resolved.
        device: the device in words ("CPU, 1 thread").
        parameters: number of trainable parameters.
        step: training steps done before this stretch.
        entropy: differential entropy of the target in nats, or None: the least possible NLL.
        floors: noise floors known already, as in FloorsReady; empty in a run's first stretch.
        terms: what the method's training steps tell.
        stretch: what begins, nothing of it done yet; None stands for the spec's own budget.
        seconds: training seconds before this stretch.
    """

    spec: RunSpec
    device: str
    parameters: int
    step: int = 0
    entropy: float | None = None
    floors: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    terms: Terms = ()
    stretch: Stretch | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Losses:
    """A batch of training steps: steps (k,), each loss term (k,), and how fast it goes.

    Attributes:
        steps: training step numbers (k,) int64.
        values: loss terms by name, each (k,) float64; nan where a step did not tell that term.
        phase: as in StepInfo.
        steps_per_second: recent training speed.
        progress: share of this stretch's budget used, 0 to 1.
        seconds_left: estimate, or None when unknown.
    """

    steps: Array
    values: Mapping[str, Array]
    phase: str
    steps_per_second: float
    progress: float
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class FrameReady:
    """A new frame."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class MetricsReady:
    """Metric values at a training step ("nll", "w2", "sliced_w2" ...)."""

    step: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FloorsReady:
    """The noise floors of the sample metrics, some moments after `Started` (they take time to compute).

    Attributes:
        floors: (mean, low, high) by metric key: what the metric says of two independent target samples
            of the size that this run measures with; low and high are the 5 % and 95 % quantiles.
    """

    floors: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Changed:
    """A live parameter has another value from here on, after `step` training steps of the run."""

    step: int
    name: str
    value: ParamValue


@dataclass(frozen=True, slots=True)
class ChangeRefused:
    """A live change that the method did not take; training goes on with the old value."""

    name: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Paused:
    """Training waits (the person asked, or a single step was done)."""

    step: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """Training goes on after a pause."""

    step: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The budget is used up. Terminal; the run can be extended."""

    step: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The person stopped the run. Terminal; the run can be extended."""

    step: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The run could not go on. Terminal; frames and the last checkpoint stay usable.

    Attributes:
        message: what happened, one sentence.
        hint: what to try, one sentence.
        details: the traceback, for the log and for "Details".
    """

    step: int
    message: str
    hint: str = ""
    details: str = ""


RunEvent = (
    Started
    | Losses
    | FrameReady
    | MetricsReady
    | FloorsReady
    | Changed
    | ChangeRefused
    | Paused
    | Resumed
    | Finished
    | Cancelled
    | Failed
)
TERMINAL = (Finished, Cancelled, Failed)
