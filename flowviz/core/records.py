"""All that is kept of a run once it is off the training loop: in memory, and in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from flowviz import __version__
from flowviz.core.course import Course
from flowviz.core.errors import FileError
from flowviz.core.frames import Frame
from flowviz.core.losses import Terms
from flowviz.core.spec import Array, RunSpec

Floors = Mapping[str, tuple[float, float, float]]
Ending = Literal["finished", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class RunFile:
    """All that is kept of a run.

    Attributes:
        spec: the run, its device resolved, its budget that of the last stretch.
        frames: by increasing step.
        loss_steps: training steps (k,) int64 of the loss curves.
        losses: loss terms (k,) float64 by name; nan where a step did not have that term.
        metrics: metric values by key, (k, 2): step and value, in the shared frame.
        floors: noise floors by metric key, as in FloorsReady.
        entropy: of the target in nats in the shared frame, or None.
        created: when the file was written, ISO 8601.
        version: the flowviz that wrote it.
        terms: what the losses are; () in files from before they said so.
        course: how it was trained; () where nobody has noted it.
    """

    spec: RunSpec
    frames: tuple[Frame, ...]
    loss_steps: Array = field(default_factory=lambda: np.empty(0, np.int64))
    losses: Mapping[str, Array] = field(default_factory=dict)
    metrics: Mapping[str, Array] = field(default_factory=dict)
    floors: Floors = field(default_factory=dict)
    entropy: float | None = None
    created: str = ""
    version: str = __version__
    terms: Terms = ()
    course: Course = ()

    @property
    def last(self) -> Frame:
        """The newest frame.

        Raises:
            FileError: the run has none.
        """
        if not self.frames:
            raise FileError("The run holds no frame yet.", "Train it first.")
        return self.frames[-1]


@dataclass(frozen=True, slots=True, eq=False)
class RunEntry:
    """One run of a session.

    Attributes:
        number: counted from 1 in a session, never used twice.
        name: what people call it.
        is_shown: whether its curves are drawn in grey while another run is on the stage.
        status: how its last stretch of training ended, as far as it is known.
        record: what is kept of it; None in the window's list while the run is on the stage.
    """

    number: int
    name: str
    is_shown: bool = True
    status: Ending = "stopped"
    record: RunFile | None = None


def thinned(frames: Sequence[Frame], most: int) -> tuple[Frame, ...]:
    """At most that many frames: the first, the last, and evenly many between."""
    if len(frames) <= most:
        return tuple(frames)
    return tuple(frames[i] for i in np.unique(np.linspace(0, len(frames) - 1, most).round().astype(int)))
