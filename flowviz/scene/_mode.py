"""A stage mode: how a moment is laid out in panels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from flowviz.core.frames import Frame
from flowviz.core.queries import Query
from flowviz.core.registry import Registry
from flowviz.core.spec import Array
from flowviz.scene._layer import Moment
from flowviz.scene.panels import Panel


class Mode(ABC):
    """One way to look at a flow. One file, one registered class.

    Class attributes:
        label: its name on the tab above the stage.
        summary: what it shows, in a sentence.
        order: of the tabs.
        layers: keys of the layers that a person can switch in it; None when it knows them all.
    """

    label: ClassVar[str]
    summary: ClassVar[str]
    order: ClassVar[int]
    layers: ClassVar[frozenset[str] | None] = frozenset()

    @abstractmethod
    def queries(self, moment: Moment) -> dict[str, Query]:
        """What must be asked of the flow to draw this moment, by a name for each question."""

    @abstractmethod
    def panels(self, moment: Moment, answers: Mapping[str, Mapping[str, Array]]) -> tuple[Panel, ...]:
        """The panels of this moment.

        Args:
            moment: what the picture is a function of.
            answers: arrays by the names of the questions, as far as they have come; a panel whose answer is
                not there yet shows what it honestly can.
        """

    def tells_steps(self, moment: Moment) -> bool:
        """Whether the panels' own words name the training step, so that the clock's need not."""
        return False


def step_words(frame: Frame) -> list[str]:
    """Where training stands: the step, and the method's own words for it."""
    return [f"step {frame.step:,}", *([frame.phase] if frame.phase else [])]


MODES: Registry[Mode] = Registry("stage mode", "flowviz.scene.modes")

_made: dict[str, Mode] = {}


def modes() -> tuple[tuple[str, Mode], ...]:
    """All modes by key, in the order of their tabs."""
    if not _made:
        _made.update({key: cls() for key, cls in MODES.items()})
    return tuple(sorted(_made.items(), key=lambda item: item[1].order))


def mode_of(moment: Moment) -> Mode:
    """The mode that the options name.

    Raises:
        UserError: there is none of that name.
    """
    MODES.get(moment.options.mode)
    return dict(modes())[moment.options.mode]
