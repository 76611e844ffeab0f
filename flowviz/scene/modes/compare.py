"""Two to four runs side by side, at the same flow time and training step, seen from the same place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flowviz.core.queries import Query
from flowviz.core.spec import Array
from flowviz.scene._layer import Companion, Moment
from flowviz.scene._mode import MODES, Mode, step_words
from flowviz.scene._stack import stack_marks, stack_queries
from flowviz.scene.panels import WHOLE, Label, Panel, Place, space_panel

MOST = 4
_HALVES: tuple[Place, ...] = ((0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 0.5, 1.0))
_TWO_AND_ONE: tuple[Place, ...] = ((0.0, 0.0, 0.5, 0.5), (0.5, 0.0, 0.5, 0.5), (0.0, 0.5, 1.0, 0.5))
"""All three at the same scale, on stages of usual shapes a larger one than three columns have."""
_QUARTERS: tuple[Place, ...] = ((0, 0, 0.5, 0.5), (0.5, 0, 0.5, 0.5), (0, 0.5, 0.5, 0.5), (0.5, 0.5, 0.5, 0.5))
_PLACES = {1: (WHOLE,), 2: _HALVES, 3: _TWO_AND_ONE, 4: _QUARTERS}
_ALONE = "Press “Compare with…” in the list of runs,\nor tick an earlier run on this target there"


@MODES.register("compare")
class CompareMode(Mode):
    """The run on the stage first, then earlier ones; the layers that are on are shown of each."""

    label = "Compare"
    summary = "Two to four runs side by side: linked clocks and views, the same target and the same noise."
    order = 50
    layers = None

    def queries(self, moment: Moment) -> dict[str, Query]:
        """What the layers ask of each run; the questions of another run than the stage's begin with its number."""
        asked = stack_queries(moment)
        for companion in moment.companions[: MOST - 1]:
            theirs = stack_queries(_moment_of(moment, companion))
            asked |= {companion.lane(name): query for name, query in theirs.items()}
        return asked

    def panels(self, moment: Moment, answers: Mapping[str, Mapping[str, Array]]) -> tuple[Panel, ...]:
        """One panel a run."""
        companions = moment.companions[: MOST - 1]
        places = _PLACES[1 + len(companions)]
        first = moment if companions else replace(moment, name="")  # alone, the stage's own title says it
        result = [_panel("main", first, answers, places[0])]
        for companion, place in zip(companions, places[1:], strict=True):
            theirs = {
                name.removeprefix(companion.lane("")): arrays
                for name, arrays in answers.items()
                if name.startswith(companion.lane(""))
            }
            panel = _panel(companion.lane("panel"), _moment_of(moment, companion), theirs, place)
            result.append(replace(panel, is_probed=False))
        if not companions and moment.name and moment.volume is None:  # films know no other runs: nothing to press there
            x_low, x_high, y_low, y_high = moment.extent
            words = Label(_ALONE, (x_low + x_high) / 2, y_low + 0.05 * (y_high - y_low))
            result[0] = replace(result[0], labels=(words,))
        return tuple(result)

    def tells_steps(self, moment: Moment) -> bool:
        """Each run has its own, once there are several."""
        return bool(moment.companions)


def _moment_of(moment: Moment, companion: Companion) -> Moment:
    return replace(moment, frame=companion.frame, seed=companion.spec.seed, companions=(), name=companion.label)


def _panel(key: str, moment: Moment, answers: Mapping[str, Mapping[str, Array]], place: Place) -> Panel:
    marks = stack_marks(moment, answers)
    note = "   ".join(step_words(moment.frame)) if moment.name else ""
    if moment.volume is not None:
        return replace(space_panel(key, marks, moment.volume, place, moment.name), note=note)
    return Panel(key, marks, moment.extent, place, moment.name, note=note)
