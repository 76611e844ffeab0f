"""A moment as a scene: which questions it raises, and the marks and words that their answers make."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping

import numpy as np

from flowviz.core.queries import Query
from flowviz.core.solver import METHOD_SOLVER
from flowviz.core.spec import Array
from flowviz.scene._base_paths import shown_paths, shown_query
from flowviz.scene._layer import Moment
from flowviz.scene._mode import mode_of, modes, step_words
from flowviz.scene._stack import layers, shown_layers
from flowviz.scene.panels import Scene
from flowviz.scene.probes import probe_queries, with_probes

BASE = "base"
"""Key in `answers` under which a caller may put the shown particles' transport, which particles and trails share."""


def queries(moment: Moment) -> dict[str, Query]:
    """What must be asked of the flow to draw this moment, by the mode's name for it; {} when the frame says it all.

    Layers may share a query (particles and trails do): ask once per `query_key`, and give the same answer
    to each of them.
    """
    return {**mode_of(moment).queries(moment), **probe_queries(moment)}


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
        answers: arrays by the name of the question, as far as they have come; what lacks its answer shows what it
            honestly can, or nothing.
        title: what is shown, in words.
    """
    panels = with_probes(mode_of(moment).panels(moment, answers), moment, answers)
    return Scene(panels, title, clock_words(moment, answers))


def clock_words(moment: Moment, answers: Mapping[str, Mapping[str, Array]] | None = None) -> str:
    """Where the clocks stand, and what a chosen solver costs: "t = 0.42   step 1,200   NFE 40".

    The method's own solver is asked for some frames only, those with too few particles; its cost would come and go.
    """
    words = [f"t = {moment.t:.2f}"]
    if mode_of(moment).tells_steps(moment):
        return words[0]
    words += step_words(moment.frame)
    nfe = shown_nfe(answers or {})
    if nfe is not None and moment.options.solver != METHOD_SOLVER:
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
    "modes",
    "paths_of",
    "queries",
    "query_key",
    "resolve",
    "shown_layers",
    "shown_nfe",
    "shown_query",
]
