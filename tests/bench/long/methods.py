"""`python -m tests.bench.long.methods [method or preset ...]`: every method on every preset after equal processor time.

Prints W2 and NLL of the model with their floors: W2 between two samples of the target, and its entropy. Seconds of
training are processor time (30 unless FLOWVIZ_SECONDS says otherwise), so that other work on the machine counts little.
"""

from __future__ import annotations

import math
import os
import sys
import time
from typing import NamedTuple

import numpy as np
import torch

from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec
from flowviz.engine._building import create_flow
from flowviz.engine._measuring import Measuring
from flowviz.engine._problem import problem_of
from flowviz.flows import FLOWS
from flowviz.targets import TARGETS, build, build_source

SECONDS = float(os.environ.get("FLOWVIZ_SECONDS", "30"))
CPU = torch.device("cpu")


class Row(NamedTuple):
    """One line: figures that a method or preset does not have are nan."""

    method: str
    preset: str
    steps: int
    w2: float
    w2_floor: float
    nll: float
    entropy: float

    def __str__(self) -> str:
        distances = f"W2 {self.w2:6.3f} (floor {self.w2_floor:5.3f})"
        nats = f"NLL {self.nll:7.3f} (entropy {self.entropy:6.3f}, gap {self.nll - self.entropy:6.3f})"
        return f"{self.method:<22} {self.preset:<18} {self.steps:>7} steps  {distances}  {nats}"


def row(method: str, preset: str) -> Row:
    """Train that method on that preset for SECONDS of processor time."""
    spec = RunSpec(TargetSpec(preset), FlowSpec(method), device="cpu", metrics=("w2",))
    target = build(spec.target)
    source = build_source(None, target)
    flow = create_flow(spec.flow, problem_of(spec, target, source, CPU))
    flow.plan(Budget(seconds=SECONDS))
    began, steps = time.thread_time(), 0
    while flow.progress < 1:
        flow.step(time.thread_time() - began)
        steps += 1
    measuring = Measuring(spec, target, source, CPU)
    values = measuring.measure(flow, steps)
    for _ in measuring.floor_pieces():
        pass
    entropy = math.nan if measuring.entropy is None else measuring.entropy
    nan = math.nan
    return Row(method, preset, steps, values.get("w2", nan), measuring.floors["w2"][0], values.get("nll", nan), entropy)


def main(words: list[str]) -> None:
    """All methods on all presets in the plane, or those whose keys are named."""
    torch.set_num_threads(1)
    np.seterr(all="raise", under="ignore")
    methods = [key for key, _ in FLOWS.items()]
    presets = [key for key, cls in TARGETS.items() if cls.is_preset and 2 in cls.dims]
    for method in [key for key in methods if key in words] or methods:
        for preset in [key for key in presets if key in words] or presets:
            print(row(method, preset), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
