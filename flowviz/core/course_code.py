"""The course of a run as Python."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import fields

from flowviz.core.course import Change, Course, Stretch
from flowviz.core.params import ParamValue
from flowviz.core.spec import Budget, Recording

_WIDTH = 100
_MOST_PACE = 64
_COMMENT = (
    "# Stretches of training: first and last step, how long it was to be, what was done before it and on the way."
)


def course_code(course: Course, given: Mapping[str, ParamValue], defaults: Mapping[str, ParamValue]) -> str:
    """`course = (...)`, a line for every stretch.

    Args:
        course: of the run.
        given: parameters that the script's spec has.
        defaults: those that need not be named.
    """
    own = [_own_params(stretch, given, defaults) for stretch in course]
    lines = "".join(f"    {_stretch(s, params)},\n" for s, params in zip(course, own, strict=True))
    return f"{_COMMENT}\ncourse = (\n{lines})"


def changed_code(value: Budget | Recording) -> str:
    """A dataclass with the fields that are not as usual."""
    words = [f"{f.name}={getattr(value, f.name)!r}" for f in fields(value) if getattr(value, f.name) != f.default]
    return f"{type(value).__name__}({', '.join(words)})"


def _own_params(
    stretch: Stretch, given: Mapping[str, ParamValue], defaults: Mapping[str, ParamValue]
) -> dict[str, ParamValue] | None:
    """Parameters of a stretch whose flow is built with others than the spec's."""
    if stretch.params is None or all({**defaults, **given}.get(k) == v for k, v in stretch.params.items()):
        return None
    return {name: value for name, value in stretch.params.items() if defaults.get(name) != value}


def _stretch(stretch: Stretch, params: Mapping[str, ParamValue] | None) -> str:
    words = [str(stretch.begin), str(stretch.end)]
    if stretch.budget != Budget():
        words.append(changed_code(stretch.budget))
    if stretch.edit is not None:
        words.append(f"edit={stretch.edit!r}")
    if stretch.early:
        words.append(f"early={dict(stretch.early)!r}")
    if stretch.changes:
        words.append(f"changes=({''.join(f'{_change(change)}, ' for change in stretch.changes).rstrip()})")
    words += [f"{name}=True" for name in ("is_whole", "is_anew") if getattr(stretch, name)]
    if params is not None:
        words.append(f"params={dict(params)!r}")
    if stretch.pace:
        words.append(f"pace=({_pace(stretch)}\n    )")
    return f"Stretch({', '.join(words)})"


def _change(change: Change) -> str:
    return f"Change({change.step}, {change.name!r}, {change.value!r})"


def _pace(stretch: Stretch) -> str:
    every = -(-len(stretch.pace) // _MOST_PACE)
    points = dict([*stretch.pace[::every], stretch.pace[-1]])
    text = ", ".join(f"({step}, {seconds:.4g})" for step, seconds in points.items())
    return "\n" + textwrap.fill(f"{text},", _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
