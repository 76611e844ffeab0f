"""Training without a window: from what the command line says to a run file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from flowviz.core.control import Control
from flowviz.core.errors import ParameterError
from flowviz.core.events import Cancelled, Failed, Finished, RunEvent
from flowviz.core.params import fields_of, from_mapping, parse_assignments, to_mapping
from flowviz.core.records import RunFile
from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec
from flowviz.engine._problem import check_source
from flowviz.engine.collector import Collector
from flowviz.engine.run import Run
from flowviz.engine.run_file import save_run
from flowviz.flows import FLOWS
from flowviz.targets import TARGETS, build, build_source
from flowviz.targets.loading import (
    SUFFIXES,
    Loaded,
    LoadOptions,
    load_target,
    preset_target,
    target_from_text,
    text_target,
)

Ending = Finished | Cancelled | Failed


def chosen_target(text: str, assignments: list[str]) -> Loaded:
    """The target that `--target` and `--target-param` describe.

    Raises:
        UserError: no such target, or parameters that it does not have.
    """
    if not assignments:
        return target_from_text(text)
    given = parse_assignments(assignments)
    name, hash_sign, columns = text.rpartition("#")
    chosen = hash_sign and not Path(text).exists()
    path = Path(name if chosen else text)
    if path.suffix.lower() in SUFFIXES:  # not built before it has its parameters: a picture may need them
        return load_target(path, LoadOptions.of_words(columns, given) if chosen else LoadOptions(params=given))
    spec = target_from_text(text).spec
    checked = to_mapping(from_mapping(TARGETS.get(spec.key).Params, {**spec.params, **given}))
    if spec.key == "text":
        return text_target(str(checked["text"]), str(checked["font"]))
    return preset_target(spec.key, checked)


def chosen_flow(key: str, assignments: list[str]) -> FlowSpec:
    """The method with all of its parameters, those that were given checked.

    Raises:
        UserError: no such method, or parameters that it does not have.
    """
    return FlowSpec(key, to_mapping(from_mapping(FLOWS.get(key).Params, parse_assignments(assignments))))


def from_source(spec: RunSpec, source: TargetSpec | None) -> RunSpec:
    """The run from that source (None: noise), checked.

    Raises:
        UserError: it has another dimension than the target, or the method cannot begin from it.
    """
    spec = replace(spec, source=source)
    check_source(spec, build_source(source, build(spec.target)))
    return spec


def continued(run: RunFile, budget: Budget, changes: Mapping[str, str], device: str | None) -> RunSpec:
    """The spec for training a saved run on; live parameters may be changed.

    Raises:
        UserError: a parameter that cannot change any more.
    """
    method = FLOWS.get(run.spec.flow.key)
    live = [field.name for field in fields_of(method.Params) if field.live]
    for name in changes:
        if name not in live:
            raise ParameterError(f"Parameter {name} cannot change in a resumed run.", f"Can: {', '.join(live)}.", name)
    params = to_mapping(from_mapping(method.Params, {**run.spec.flow.params, **changes}))
    return replace(run.spec, flow=FlowSpec(run.spec.flow.key, params), budget=budget, device=device or "auto")


def train(
    spec: RunSpec,
    path: str | Path,
    control: Control,
    on_event: Callable[[RunEvent], None],
    earlier: RunFile | None = None,
) -> tuple[Ending, RunFile | None]:
    """Train, and write whatever was reached: also when the run fails or is stopped.

    Args:
        spec: the run.
        path: of the run file.
        control: the reins.
        on_event: told every event.
        earlier: the run so far, to go on with it.

    Returns:
        How it ended, and what was written (None when nothing was reached).

    Raises:
        FileError: the run file cannot be written.
    """
    collector = Collector(earlier)
    run = Run(spec)
    if earlier is not None:
        run = Run(spec, earlier.last.weights, earlier.last.step, earlier.last.wall_s)
    ending: Ending | None = None
    for event in run.stretch(control):
        collector.add(event)
        on_event(event)
        if isinstance(event, (Finished, Cancelled, Failed)):
            ending = event
    assert ending is not None  # a stretch always ends with one of them
    if not collector.frames or collector.spec is None:
        return ending, None
    result = collector.run_file()
    save_run(path, result)
    return ending, result
