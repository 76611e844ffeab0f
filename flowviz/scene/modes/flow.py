"""One plane with everything in it."""

from __future__ import annotations

from collections.abc import Mapping

from flowviz.core.queries import Query
from flowviz.core.spec import Array
from flowviz.scene._layer import Moment
from flowviz.scene._mode import MODES, Mode
from flowviz.scene._stack import stack_marks, stack_queries
from flowviz.scene.panels import Panel, space_panel


@MODES.register("flow")
class FlowMode(Mode):
    """The layers that are on, over one another."""

    label = "Flow"
    summary = "Everything in one plane: particles over density, field and target."
    order = 10
    layers = None

    def queries(self, moment: Moment) -> dict[str, Query]:
        """What the layers ask."""
        return stack_queries(moment)

    def panels(self, moment: Moment, answers: Mapping[str, Mapping[str, Array]]) -> tuple[Panel, ...]:
        """One panel that fills the picture."""
        if moment.volume is not None:
            return (space_panel("main", stack_marks(moment, answers), moment.volume),)
        return (Panel("main", stack_marks(moment, answers), moment.extent),)
