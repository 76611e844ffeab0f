"""A stage layer: what it needs to know, and the marks it makes of that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from flowviz.core.frames import Frame
from flowviz.core.probes import Probes
from flowviz.core.queries import Query
from flowviz.core.registry import Registry
from flowviz.core.spec import Array, RunSpec
from flowviz.scene.marks import Extent, Mark, Volume
from flowviz.scene.options import StageOptions

REFUSED = "refused"
"""Under which an answer holds the engine's sentence, a text array (), where it cannot answer at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Companion:
    """Another run beside the one on the stage.

    Attributes:
        number: its own among the runs.
        label: what it is called.
        frame: its state at the training cursor.
        spec: what it is.
    """

    number: int
    label: str
    frame: Frame
    spec: RunSpec

    def lane(self, name: str) -> str:
        """The name of a question that is put to this run."""
        return f"run {self.number}/{name}"


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What a picture is a function of.

    Attributes:
        frame: the state of the flow at the training cursor.
        t: flow time.
        options: what the person chose to see.
        target_points: (n, d) draws of the target.
        extent: the world around target and noise, in the plane of the first two axes.
        volume: the same of a flow in three dimensions, or None.
        probes: single places that a person asks about.
        name: of the run among its companions, or "".
        companions: other runs that may be shown beside it.
        seed: of the run; its recorded particles are the first draws of the source with it.
    """

    frame: Frame
    t: float
    options: StageOptions
    target_points: Array
    extent: Extent
    volume: Volume | None = None
    seed: int = 0
    probes: Probes = Probes()
    name: str = ""
    companions: tuple[Companion, ...] = ()

    @property
    def dim(self) -> int:
        """How many dimensions the picture has."""
        return 2 if self.volume is None else 3


class Layer(ABC):
    """One thing that can be shown on the stage. One file, one registered class.

    Class attributes:
        label: its name for people.
        order: back (small) to front (large).
        number: its place among the chips, and the number key that switches it.
        shortcut: the key that switches it instead, where the numbers are all taken.
        dims: numbers of dimensions in which it has something to show.
        ability: what a method must be able to do for it (see core.backend.Choice), or "" for all methods.
    """

    label: ClassVar[str]
    summary: ClassVar[str]
    order: ClassVar[int]
    number: ClassVar[int]
    shortcut: ClassVar[str] = ""
    dims: ClassVar[frozenset[int]] = frozenset({2, 3})
    ability: ClassVar[str] = ""

    @classmethod
    def fits(cls, dim: int, abilities: Collection[str]) -> bool:
        """Whether it can show something of a run of that dimension, by a method with these abilities."""
        return dim in cls.dims and (not cls.ability or cls.ability in abilities)

    @property
    def key(self) -> str:
        """The key that switches it."""
        return self.shortcut or str(self.number % 10)

    @abstractmethod
    def query(self, moment: Moment) -> Query | None:
        """What must be asked of the flow to draw this moment, or None when the frame says it all.

        Two moments whose queries are equal share one answer, so a query should not depend on t where
        one answer can serve all times.
        """

    @abstractmethod
    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """The marks of this moment; () while the answer is not there yet."""


def foot_of(moment: Moment) -> Array:
    """Where words about the whole picture stand, (1, d): the middle of the lower edge, of space somewhat below it."""
    if moment.volume is not None:
        low, high = moment.volume
        return np.array([[(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2] - 0.3 * (high[2] - low[2])]])
    return np.array([[(moment.extent[0] + moment.extent[1]) / 2, moment.extent[2]]])


LAYERS: Registry[Layer] = Registry("layer", "flowviz.scene.layers")
