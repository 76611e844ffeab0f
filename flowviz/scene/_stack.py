"""The stage layers that are on, as one stack: what they ask, and the marks that they make together."""

from __future__ import annotations

from collections.abc import Mapping

from flowviz.core.queries import Query
from flowviz.core.spec import Array
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Mark

_made: dict[str, Layer] = {}


def layers() -> tuple[tuple[str, Layer], ...]:
    """All layers by key, in the order of their number keys."""
    if not _made:
        _made.update({key: cls() for key, cls in LAYERS.items()})
    return tuple(sorted(_made.items(), key=lambda item: item[1].number))


def shown_layers(moment: Moment) -> tuple[tuple[str, Layer], ...]:
    """The layers that are on, from back to front."""
    on = [(key, layer) for key, layer in layers() if key in moment.options.layers and moment.dim in layer.dims]
    return tuple(sorted(on, key=lambda item: item[1].order))


def stack_queries(moment: Moment) -> dict[str, Query]:
    """What the shown layers ask of the flow, by layer key."""
    asked = {key: layer.query(moment) for key, layer in shown_layers(moment)}
    return {key: query for key, query in asked.items() if query is not None}


def stack_marks(moment: Moment, answers: Mapping[str, Mapping[str, Array]]) -> tuple[Mark, ...]:
    """The marks of the shown layers, from back to front."""
    marks: list[Mark] = []
    for key, layer in shown_layers(moment):
        marks.extend(layer.marks(moment, answers.get(key)))
    return tuple(marks)
