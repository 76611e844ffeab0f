"""A run as a short Python script that repeats it with flowviz's own API."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass

import numpy as np

from flowviz import __version__
from flowviz.core.params import ParamValue
from flowviz.core.spec import Array, Budget, Recording, RunSpec, TargetSpec, to_json

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


def recipe_of(spec: RunSpec, title: str, data_path: str, defaults: Mapping[str, ParamValue] | None = None) -> Recipe:
    """The script that repeats a run: same spec, same machine, same numbers.

    Args:
        spec: the run.
        title: what it is, in a few words.
        data_path: file from which large data are read.
        defaults: parameters of the method that need not be named, since they have these values anyway.
    """
    _, arrays = to_json(spec)
    packed = _packed(arrays) if arrays else ""
    is_embedded = len(packed) <= MOST_EMBEDDED
    data = "" if not arrays else _embedded(packed) if is_embedded else f"data = np.load({data_path!r})\n\n"
    imports = [*(["import base64", "import io"] if arrays and is_embedded else [])]
    script = _SCRIPT.format(
        title=f"{_plain(title)}, as flowviz {__version__} runs it.",
        imports="".join(f"{line}\n" for line in imports),
        numpy="import numpy as np\n\n" if arrays else "",
        names=", ".join(_names(spec)),
        data=data,
        spec=_run_spec(spec, defaults or {}),
    )
    return Recipe(script, {} if is_embedded else arrays)


_SCRIPT = '''"""{title}"""

{imports}{numpy}from flowviz.core.events import Failed, FrameReady, MetricsReady
from flowviz.core.spec import {names}
from flowviz.engine.run import run

{data}spec = {spec}

frames, figures = [], {{}}
for event in run(spec):
    if isinstance(event, FrameReady):
        frames.append(event.frame)  # frame.paths: (times, particles, dimensions), from noise to data
    elif isinstance(event, MetricsReady):
        figures.update(event.values)
    elif isinstance(event, Failed):
        raise SystemExit(event.message)

samples = frames[-1].paths[-1]  # (particles, dimensions) of the trained flow
print(f"{{frames[-1].step}} steps:", ", ".join(f"{{name}} {{value:.4g}}" for name, value in figures.items()))
'''


def _plain(title: str) -> str:
    """Words that can stand in a docstring, whatever a file was called."""
    return " ".join(title.replace("\\", "/").replace('"', "'").split())


def _names(spec: RunSpec) -> list[str]:
    names = {"FlowSpec", "RunSpec", "TargetSpec"}
    names |= {"Budget"} if spec.budget != Budget() else set()
    names |= {"Recording"} if spec.recording != Recording() else set()
    return sorted(names)


def _run_spec(spec: RunSpec, defaults: Mapping[str, ParamValue]) -> str:
    flow = {name: value for name, value in spec.flow.params.items() if name not in defaults or defaults[name] != value}
    lines = [f"target={_target(spec.target, 'target')}", f"flow=FlowSpec({spec.flow.key!r}, {flow!r})"]
    if spec.source is not None:
        lines.append(f"source={_target(spec.source, 'source')}")
    if spec.budget != Budget():
        lines.append(f"budget={_changed(spec.budget)}")
    lines.append(f"seed={spec.seed}")
    if spec.device != "auto":
        lines.append(f"device={spec.device!r}")
    if spec.recording != Recording():
        lines.append(f"recording={_changed(spec.recording)}")
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


def _changed(value: Budget | Recording) -> str:
    """A dataclass with the fields that are not as usual."""
    assert is_dataclass(value)
    words = [f"{f.name}={getattr(value, f.name)!r}" for f in fields(value) if getattr(value, f.name) != f.default]
    return f"{type(value).__name__}({', '.join(words)})"


def _packed(arrays: Mapping[str, Array]) -> str:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return base64.b64encode(stream.getvalue()).decode()


def _embedded(packed: str) -> str:
    lines = "\n".join(f'    "{line}"' for line in textwrap.wrap(packed, _WIDTH))
    return f"data = np.load(io.BytesIO(base64.b64decode(\n{lines}\n)))\n\n"
