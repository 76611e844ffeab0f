"""`python -m tests.bench.long.methods [method or preset ...]`: every method on every preset after equal processor time.

Prints W2 (1000 points) and NLL of the model with their floors: W2 between two samples of the target, and its entropy
where it is known. With `--pictures FOLDER` it draws one sheet of each method, the target beside the samples.

Seconds are processor time of one core in the training alone, so that other work on the machine counts little; on two
quiet cores a run has used at least as many when that wall time has passed. Unless `--seconds` says otherwise they are
those within which a preset is to be recognised: 10 for flow matching and 30 for the rest in the plane, 60 in space.

    python -m tests.bench.long.methods flow_matching rings rose --pictures sheets
    python -m tests.bench.long.methods ot_cfm --space --set width=96 --set batch_size=1024
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from flowviz.core.params import ParamValue
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.engine._building import create_flow
from flowviz.engine._measuring import Measuring
from flowviz.engine._problem import problem_of
from flowviz.flows import FLOWS, Flow
from flowviz.targets import TARGETS, build, build_source, dim_of
from tests.bench.long._sheets import Sheet

PLANE, SPACE, FLOW_MATCHING = 30.0, 60.0, 10.0
"""Seconds for a preset in the plane, for one in space, and for flow matching in the plane."""
POINTS, PICTURED = 1000, 20_000
CPU = torch.device("cpu")


class Case(NamedTuple):
    """What to train, and for how many seconds of one core."""

    method: str
    preset: str
    seconds: float
    params: Mapping[str, ParamValue]

    @property
    def spec(self) -> RunSpec:
        """Of the run."""
        flow = FlowSpec(self.method, self.params)
        target = TargetSpec(self.preset)
        return RunSpec(target, flow, device="cpu", metrics=("w2",), recording=Recording(metric_points=POINTS))


class Row(NamedTuple):
    """One line: figures that a method or preset does not have are nan."""

    case: Case
    steps: int
    w2: float
    w2_floor: float
    nll: float
    entropy: float

    def __str__(self) -> str:
        distances = f"W2 {self.w2:6.3f} (floor {self.w2_floor:5.3f})"
        nats = f"NLL {self.nll:7.3f} (entropy {self.entropy:6.3f}, gap {self.nll - self.entropy:6.3f})"
        case = self.case
        return f"{case.method:<20} {case.preset:<15} {case.seconds:4.0f} s {self.steps:>6} steps  {distances}  {nats}"


def trained(case: Case) -> tuple[Flow, int]:
    """The flow after its seconds of processor time, and the steps it took."""
    target = build(case.spec.target)
    flow = create_flow(case.spec.flow, problem_of(case.spec, target, build_source(None, target), CPU))
    flow.plan(Budget(seconds=case.seconds))
    began, steps = time.thread_time(), 0
    while flow.progress < 1:
        flow.step(time.thread_time() - began)
        steps += 1
    return flow, steps


@lru_cache
def w2_floor(preset: str) -> float:
    """Mean W2 between two samples of the target."""
    spec = Case("cnf", preset, 0.0, {}).spec  # a method whose loss has no floor to compute as well
    target = build(spec.target)
    measuring = Measuring(spec, target, build_source(None, target), CPU)
    for _ in measuring.floor_pieces():
        pass
    return measuring.floors["w2"][0]


def measured(case: Case, flow: Flow, steps: int) -> Row:
    """The figures of a trained flow."""
    target = build(case.spec.target)
    measuring = Measuring(case.spec, target, build_source(None, target), CPU)
    values = measuring.measure(flow, steps)
    entropy = math.nan if measuring.entropy is None else measuring.entropy
    return Row(case, steps, values.get("w2", math.nan), w2_floor(case.preset), values.get("nll", math.nan), entropy)


def pictured(sheet: Sheet, row: Row, flow: Flow) -> None:
    """Add the target and fresh samples of the flow to the sheet."""
    target = build(row.case.spec.target)
    rng = np.random.default_rng(1)
    noise = torch.as_tensor(build_source(None, target).sample(PICTURED, rng), dtype=torch.float32)
    made = flow.transport(noise, (0.0, 1.0)).paths[-1].numpy().astype(np.float64)
    words = f"{row.case.preset}  W2 {row.w2:.2f} ({row.w2_floor:.2f})  gap {row.nll - row.entropy:.3f}"
    sheet.add(words, target.sample(PICTURED, rng), made)


def presets(dim: int) -> list[str]:
    """Keys of all presets of a dimension."""
    return [key for key, cls in TARGETS.items() if cls.is_preset and dim in cls.dims]


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    """Those that the command line asks for."""
    named = {key for key in presets(2) + presets(3) if key in asked.words}
    space = set(presets(3))
    wanted = named or set(presets(3 if asked.space else 2))
    known = [key for key, _ in FLOWS.items()]
    for method in [key for key in known if key in asked.words] or known:
        plane = FLOW_MATCHING if method == "flow_matching" else PLANE
        params = {name: _value(method, name, text) for name, text in (pair.split("=", 1) for pair in asked.set)}
        for preset in sorted(wanted):
            yield Case(method, preset, asked.seconds or (SPACE if preset in space else plane), params)


def _value(method: str, name: str, text: str) -> ParamValue:
    """The text as the type of the method's default."""
    kind = type(getattr(FLOWS.get(method).Params(), name))
    return text == "True" if kind is bool else kind(text)  # type: ignore[no-any-return]


def main() -> None:
    """All methods on all presets in the plane, or those whose keys are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("words", nargs="*", metavar="key", help="methods and presets; all, where none is named")
    parser.add_argument("--space", action="store_true", help="all presets in space instead of those in the plane")
    parser.add_argument("--seconds", type=float, help="of one core, for every run")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw one sheet of each method there")
    parser.add_argument("--set", action="append", default=[], metavar="name=value", help="a parameter of the methods")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    np.seterr(all="raise", under="ignore")
    sheets: dict[str, Sheet] = {}
    for case in cases(asked):
        flow, steps = trained(case)
        row = measured(case, flow, steps)
        print(row, flush=True)
        if asked.pictures:
            name = f"{case.method}-{dim_of(case.spec.target)}d"
            pictured(sheets.setdefault(name, Sheet(asked.pictures / f"{name}.png")), row, flow)


if __name__ == "__main__":
    main()
