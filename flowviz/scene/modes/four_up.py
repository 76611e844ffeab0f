"""Target, density, samples and field side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flowviz.core.queries import Query
from flowviz.core.spec import Array
from flowviz.scene._layer import REFUSED, Moment
from flowviz.scene._mode import MODES, Mode
from flowviz.scene._stack import stack_marks, stack_queries
from flowviz.scene.panels import Label, Panel, Place, space_panel

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
        return stack_queries(_with(moment, tuple(key for _, _, keys, _ in _CORNERS for key in keys)))

    def panels(self, moment: Moment, answers: Mapping[str, Mapping[str, Array]]) -> tuple[Panel, ...]:
        """Two rows of two."""
        result = []
        for key, title, keys, place in _CORNERS:
            marks = stack_marks(_with(moment, keys), answers)
            if moment.volume is None:
                labels = () if marks else (_waiting(moment, keys, answers),)
                result.append(Panel(key, marks, moment.extent, place, title, labels))
            else:
                result.append(space_panel(key, marks, moment.volume, place, title))
        return tuple(result)


def _waiting(moment: Moment, keys: tuple[str, ...], answers: Mapping[str, Mapping[str, Array]]) -> Label:
    """Why a panel is empty: the engine has said that there is nothing, or it has not answered yet."""
    refused = [answers[key][REFUSED] for key in keys if REFUSED in answers.get(key, {})]
    words = str(refused[0]) if refused else "on its way…"
    x_low, x_high, y_low, y_high = moment.extent
    return Label(words, (x_low + x_high) / 2, (y_low + y_high) / 2)


def _with(moment: Moment, keys: tuple[str, ...]) -> Moment:
    """The moment with these layers on."""
    return replace(moment, options=replace(moment.options, layers=frozenset(keys)))
