"""A run as a short Python script that repeats it with flowviz's own API."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from flowviz import __version__
from flowviz.core.course import Course, Stretch, until
from flowviz.core.course_code import changed_code, course_code
from flowviz.core.params import ParamValue
from flowviz.core.spec import Array, Budget, FlowSpec, Recording, RunSpec, TargetSpec, to_json

MOST_EMBEDDED = 40_000
"""Letters of data that a script still carries in itself; beyond, it reads them from a file."""
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Recipe:
    """A script.

    Attributes:
        script: its text.
        arrays: what has to lie in `data_path` as a npz file before it runs; {} when it needs no file.
    """

    script: str
    arrays: Mapping[str, Array]


def repeatable(course: Course, step: int) -> tuple[Course, tuple[str, ...]]:
    """A course that begins at step 0 and leads to a step, and in sentences what of the run it does not repeat.

    Args:
        course: what is known of how the run was trained.
        step: training step of the newest frame.
    """
    course, notes = until(course, step), []
    begin = course[0].begin if course else step
    if begin:
        notes.append(f"How its first {begin:,} steps were trained is not known: here they are trained in one go.")
        course = (Stretch(0, begin, Budget(steps=begin), is_whole=True), *course)
    if any(stretch.budget.seconds is not None for stretch in course):
        notes.append(
            "The clock limited its training: here it is trained at the same pace, so that steps and figures come out "
            "close, but not equal."
        )
    return course, tuple(notes)


def recipe_of(
    spec: RunSpec,
    title: str,
    data_path: str,
    defaults: Mapping[str, ParamValue] | None = None,
    course: Course = (),
    notes: Sequence[str] = (),
) -> Recipe:
    """The script that repeats a run: same spec, same course, same machine, same numbers.

    Args:
        spec: the run.
        title: what it is, in a few words.
        data_path: file from which large data are read.
        defaults: parameters of the method that need not be named, since they have these values anyway.
        course: how it was trained, from step 0; () trains the spec as it is.
        notes: sentences on what is not repeated, for the top of the script.
    """
    defaults = defaults or {}
    if course and course[0].params is not None:
        spec = replace(spec, flow=FlowSpec(spec.flow.key, course[0].params))
    is_plain = not course or _is_plain(course)
    spec = replace(spec, budget=(course[0].budget if is_plain else Budget()) if course else spec.budget)
    _, arrays = to_json(spec)
    packed = _packed(arrays) if arrays else ""
    is_embedded = len(packed) <= MOST_EMBEDDED
    data = "" if not arrays else _embedded(packed) if is_embedded else f"data = np.load({data_path!r})\n\n"
    given = _without(spec.flow.params, defaults)
    made = "" if is_plain else course_code(course, given, defaults)
    script = _SCRIPT.format(
        title=f"{_plain(title)}, as flowviz {__version__} runs it.",
        notes="".join(f"\n\n{textwrap.fill(note, _WIDTH)}" for note in notes) + ("\n" if notes else ""),
        imports="import base64\nimport io\n\n" if arrays and is_embedded else "",
        numpy="import numpy as np\n\n" if arrays else "",
        modules=_modules(spec, course if made else ()),
        data=data,
        spec=_run_spec(spec, given),
        course=f"{made}\n" if made else "",
        call="replay(spec, course)" if made else "run(spec)",
    )
    return Recipe(script, {} if is_embedded else arrays)


_SCRIPT = '''"""{title}{notes}"""

{imports}{numpy}{modules}
{data}spec = {spec}
{course}
frames, figures = [], {{}}
for event in {call}:
    if isinstance(event, FrameReady):
        frames.append(event.frame)  # frame.paths: (times, particles, dimensions), from noise to data
    elif isinstance(event, MetricsReady):
        figures.update(event.values)
    elif isinstance(event, Failed):
        raise SystemExit(event.message)

samples = frames[-1].paths[-1]  # (particles, dimensions) of the trained flow
print(f"{{frames[-1].step}} steps:", ", ".join(f"{{name}} {{value:.4g}}" for name, value in figures.items()))
'''


def _is_plain(course: Course) -> bool:
    """Whether it is what training the spec makes, without a person's hand."""
    first = course[0]
    return len(course) == 1 and first.is_whole and not (first.begin or first.edit or first.changes or first.pace)


def _plain(title: str) -> str:
    """Words that can stand in a docstring, whatever a file was called."""
    return " ".join(title.replace("\\", "/").replace('"', "'").split())


def _modules(spec: RunSpec, course: Course) -> str:
    """The lines that import what the script names."""
    names = {"FlowSpec", "RunSpec", "TargetSpec"}
    names |= {"Budget"} if spec.budget != Budget() or any(s.budget != Budget() for s in course) else set()
    names |= {"Recording"} if spec.recording != Recording() else set()
    runner = "replay" if course else "run"
    modules = [("core.events", {"Failed", "FrameReady", "MetricsReady"}), ("core.spec", names)]
    if course:
        modules.append(("core.course", {"Stretch"} | ({"Change"} if any(s.changes for s in course) else set())))
        modules.append(("core.block_edits", {type(s.edit).__name__ for s in course if s.edit is not None}))
    modules.append((f"engine.{runner}", {runner}))
    return "".join(f"from flowviz.{name} import {', '.join(sorted(its))}\n" for name, its in sorted(modules) if its)


def _without(params: Mapping[str, ParamValue], defaults: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
    """The parameters that do not have their default."""
    return {name: value for name, value in params.items() if name not in defaults or defaults[name] != value}


def _run_spec(spec: RunSpec, flow: Mapping[str, ParamValue]) -> str:
    lines = [f"target={_target(spec.target, 'target')}", f"flow=FlowSpec({spec.flow.key!r}, {dict(flow)!r})"]
    if spec.source is not None:
        lines.append(f"source={_target(spec.source, 'source')}")
    if spec.budget != Budget():
        lines.append(f"budget={changed_code(spec.budget)}")
    lines.append(f"seed={spec.seed}")
    if spec.device != "auto":
        lines.append(f"device={spec.device!r}")
    if spec.recording != Recording():
        lines.append(f"recording={changed_code(spec.recording)}")
    if spec.metrics != RunSpec.__dataclass_fields__["metrics"].default:
        lines.append(f"metrics={spec.metrics!r}")
    return "RunSpec(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def _target(target: TargetSpec, end: str) -> str:
    words = [repr(target.key)]
    if target.params:
        words.append(f"params={dict(target.params)!r}")
    if target.data:
        words.append("data={" + ", ".join(f"{name!r}: data[{f'{end}/{name}'!r}]" for name in sorted(target.data)) + "}")
    if target.name:
        words.append(f"name={target.name!r}")
    return f"TargetSpec({', '.join(words)})"


def _packed(arrays: Mapping[str, Array]) -> str:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return base64.b64encode(stream.getvalue()).decode()


def _embedded(packed: str) -> str:
    lines = "\n".join(f'    "{line}"' for line in textwrap.wrap(packed, _WIDTH))
    return f"data = np.load(io.BytesIO(base64.b64decode(\n{lines}\n)))\n\n"
