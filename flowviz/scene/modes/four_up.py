"""Target, density, samples and field side by side."""

from __future__ import annotations

from collections.abc import Mapping

from flowviz.core.queries import Query
from flowviz.core.spec import Array
from flowviz.scene._layer import Moment
from flowviz.scene._mode import MODES, Mode
from flowviz.scene._stack import layers
from flowviz.scene.marks import Mark
from flowviz.scene.panels import Panel, Place

_CORNERS: tuple[tuple[str, str, tuple[str, ...], Place], ...] = (
    ("target", "Target", ("target",), (0.0, 0.0, 0.5, 0.5)),
    ("density", "Density", ("density",), (0.5, 0.0, 0.5, 0.5)),
    ("samples", "Samples", ("trails", "particles"), (0.0, 0.5, 0.5, 0.5)),
    ("field", "Velocity field", ("field",), (0.5, 0.5, 0.5, 0.5)),
)


@MODES.register("four_up")
class FourUpMode(Mode):
    """Four panels of the same plane, moved and zoomed together."""

    label = "Four-up"
    summary = "Target, density, samples and velocity field side by side, in the same plane."
    order = 40

    def queries(self, moment: Moment) -> dict[str, Query]:
        """What the four panels' layers ask."""
        made = dict(layers())
        asked = {key: made[key].query(moment) for _, _, keys, _ in _CORNERS for key in keys}
        return {key: query for key, query in asked.items() if query is not None}

    def panels(self, moment: Moment, answers: Mapping[str, Mapping[str, Array]]) -> tuple[Panel, ...]:
        """Two rows of two."""
        made = dict(layers())

        def marks(keys: tuple[str, ...]) -> tuple[Mark, ...]:
            return tuple(mark for key in keys for mark in made[key].marks(moment, answers.get(key)))

        return tuple(Panel(key, marks(keys), moment.extent, place, title) for key, title, keys, place in _CORNERS)
