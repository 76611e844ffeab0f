"""A moment as a scene: which questions it raises, and the marks and words that their answers make."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping

import numpy as np

from flowviz.core.queries import Query
from flowviz.core.spec import Array
from flowviz.scene._base_paths import shown_paths, shown_query
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Mark, Scene

BASE = "base"
"""Key in `answers` under which a caller may put the shown particles' transport, which particles and trails share."""

_made: dict[str, Layer] = {}


def layers() -> tuple[tuple[str, Layer], ...]:
    """All layers by key, in the order of their number keys."""
    if not _made:
        _made.update({key: cls() for key, cls in LAYERS.items()})
    return tuple(sorted(_made.items(), key=lambda item: item[1].number))


def shown_layers(moment: Moment) -> tuple[tuple[str, Layer], ...]:
    """The layers that are on, from back to front."""
    on = [(key, layer) for key, layer in layers() if key in moment.options.layers]
    return tuple(sorted(on, key=lambda item: item[1].order))


def queries(moment: Moment) -> dict[str, Query]:
    """What must be asked of the flow to draw this moment, by layer key; {} when the frame says it all.

    Layers may share a query (particles and trails do): ask once per `query_key`, and give the same answer
    to each of them.
    """
    asked = {key: layer.query(moment) for key, layer in shown_layers(moment)}
    return {key: query for key, query in asked.items() if query is not None}


def query_key(query: Query) -> Hashable:
    """A value that is equal for equal queries, arrays included; usable as a dictionary key."""
    parts: list[Hashable] = [type(query).__name__]
    for item in dataclasses.fields(query):
        value = getattr(query, item.name)
        parts.append((value.shape, value.dtype.str, value.tobytes()) if isinstance(value, np.ndarray) else value)
    return tuple(parts)


def resolve(moment: Moment, answers: Mapping[str, Mapping[str, Array]], title: str = "") -> Scene:
    """The scene of a moment.

    Args:
        moment: what the picture is a function of.
        answers: arrays by layer key, as far as they have come; a layer without its answer shows what it
            honestly can, or nothing.
        title: what is shown, in words.
    """
    marks: list[Mark] = []
    for key, layer in shown_layers(moment):
        marks.extend(layer.marks(moment, answers.get(key)))
    return Scene(tuple(marks), title, clock_words(moment, answers), moment.extent)


def clock_words(moment: Moment, answers: Mapping[str, Mapping[str, Array]] | None = None) -> str:
    """Where the clocks stand: "t = 0.42   step 1,200   NFE 40"."""
    words = [f"t = {moment.t:.2f}", f"step {moment.frame.step:,}"]
    if moment.frame.phase:
        words.append(moment.frame.phase)
    nfe = shown_nfe(answers or {})
    if nfe is not None:
        words.append(f"NFE {nfe}")
    return "   ".join(words)


def shown_nfe(answers: Mapping[str, Mapping[str, Array]]) -> int | None:
    """Velocity evaluations per shown particle, where an answer tells."""
    for key in ("particles", "trails", BASE):
        answer = answers.get(key)
        if answer and "nfe" in answer:
            return int(answer["nfe"])
    return None


def paths_of(moment: Moment, answers: Mapping[str, Mapping[str, Array]]) -> tuple[Array, Array]:
    """Positions (T, n, 2) of the shown particles and their times (T,) in the order of travel."""
    answer = answers.get("particles") or answers.get("trails") or answers.get(BASE)
    return shown_paths(moment, answer)


__all__ = [
    "BASE",
    "clock_words",
    "layers",
    "paths_of",
    "queries",
    "query_key",
    "resolve",
    "shown_layers",
    "shown_nfe",
    "shown_query",
]
