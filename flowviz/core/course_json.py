"""The course of a run as JSON. Whatever is read may be made by somebody else: nothing is believed unchecked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, get_args

from flowviz.core.block_edits import BlockEdit
from flowviz.core.course import Change, Course, Stretch
from flowviz.core.params import ParamValue
from flowviz.core.spec import Budget

_EDITS: dict[str, type] = {kind.__name__: kind for kind in get_args(BlockEdit)}
MOST_STRETCHES = 10_000


def course_to_json(course: Course) -> list[dict[str, Any]]:
    """Plain JSON values."""
    return [_stretch_document(stretch) for stretch in course]


def _stretch_document(stretch: Stretch) -> dict[str, Any]:
    edit = stretch.edit
    return {
        "begin": stretch.begin,
        "end": stretch.end,
        "budget": [stretch.budget.steps, stretch.budget.seconds],
        "edit": None if edit is None else {"kind": type(edit).__name__, **asdict(edit)},
        "early": dict(stretch.early),
        "changes": [[change.step, change.name, change.value] for change in stretch.changes],
        "is_whole": stretch.is_whole,
        "is_anew": stretch.is_anew,
        "params": None if stretch.params is None else dict(stretch.params),
        "pace": [list(point) for point in stretch.pace],
    }


def course_from_json(documents: Iterable[Mapping[str, Any]]) -> Course:
    """The inverse of `course_to_json`.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    course = tuple(_stretch(document) for document in documents)
    if len(course) > MOST_STRETCHES or any(b.begin < a.begin for a, b in itertools.pairwise(course)):
        raise ValueError("its stretches are not in order")
    return course


def _stretch(document: Mapping[str, Any]) -> Stretch:
    begin, end = _count(document["begin"]), _count(document["end"])
    steps, seconds = document["budget"]
    budget = Budget(None if steps is None else _count(steps), None if seconds is None else _number(seconds))
    params = document["params"]
    pace = tuple((_count(step), _number(at)) for step, at in document["pace"])
    if end < begin or any(b[0] <= a[0] or b[1] < a[1] for a, b in itertools.pairwise(pace)):
        raise ValueError("a stretch of its training runs backwards")
    return Stretch(
        begin,
        end,
        budget,
        None if document["edit"] is None else _edit(document["edit"]),
        _params(document["early"]),
        tuple(Change(_count(step), str(name), _plain(value)) for step, name, value in document["changes"]),
        document["is_whole"] is True,
        document["is_anew"] is True,
        None if params is None else _params(params),
        pace,
    )


def _params(values: Mapping[str, Any]) -> dict[str, ParamValue]:
    return {str(name): _plain(value) for name, value in values.items()}


def _edit(document: Mapping[str, Any]) -> BlockEdit:
    values = {name: value for name, value in document.items() if name != "kind"}
    if any(type(value) not in (int, float) for value in values.values()):
        raise TypeError("an edit of its blocks has values that are no numbers")
    edit: BlockEdit = _EDITS[str(document["kind"])](**values)
    return edit


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError(f"{value!r} is no number of steps")
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value < math.inf:  # type: ignore[operator]
        raise ValueError(f"{value!r} is no time")
    return float(value)  # type: ignore[arg-type]


def _plain(value: object) -> ParamValue:
    if not isinstance(value, bool | int | float | str) or (isinstance(value, float) and not math.isfinite(value)):
        raise TypeError(f"{value!r} is no value of a parameter")
    return value
