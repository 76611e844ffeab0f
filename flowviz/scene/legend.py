"""What the colours of a picture mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from flowviz.core.spec import Array
from flowviz.scene._layer import Moment
from flowviz.scene._mode import mode_of
from flowviz.scene._stack import shown_layers
from flowviz.scene.lettering import Entry
from flowviz.scene.marks import Mark, Points, Shell, Splats, Words


def legend_of(moment: Moment, answers: Mapping[str, Mapping[str, Array]]) -> tuple[Entry, ...]:
    """One entry for each layer that is on, and that the mode shows, from front to back."""
    found, known = [], mode_of(moment).layers
    for key, layer in reversed(shown_layers(moment)):
        if known is not None and key not in known:
            continue
        marks = [mark for mark in layer.marks(moment, answers.get(key)) if not isinstance(mark, Words)]
        if marks:
            found.append(Entry(layer.label, *_look(marks[-1])))
    return tuple(found)


def _look(mark: Mark) -> tuple[Literal["dot", "line", "ramp"], str]:
    if isinstance(mark, Points):
        return ("ramp" if mark.values is not None else "dot"), mark.colour
    if isinstance(mark, (Shell, Splats)):
        return "dot", mark.colour
    colours = getattr(mark, "colours", None)
    return ("ramp", colours) if colours is not None else ("line", getattr(mark, "colour", "muted"))
