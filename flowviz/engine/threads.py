"""How many threads training takes: one, unless a short measurement says that more pay."""

from __future__ import annotations

import time
from functools import lru_cache

import torch

from flowviz.core.params import ParamValue
from flowviz.core.spec import Budget, FlowSpec
from flowviz.engine._building import create_flow
from flowviz.flows import Flow, Problem

# A step of less than this is a small network's: more threads make it slower, 28 times on a busy machine.
LONG_STEP_S = 0.02
GAIN = 1.2
ROUNDS = 3


def set_threads(spec: FlowSpec, dim: int, device: torch.device, most: int) -> None:
    """Let torch compute with as many threads as the method's training steps gain from.

    Args:
        spec: the method; a flow of its own is trained for a few steps, so that the run's numbers do not depend on it.
        dim: dimension d.
        device: anything but a processor gets one thread.
        most: threads that the run may take.
    """
    count = 1
    if device.type == "cpu" and most > 1:
        count = _best(spec.key, tuple(sorted(spec.params.items())), dim, most)
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


@lru_cache(maxsize=64)
def _best(key: str, params: tuple[tuple[str, ParamValue], ...], dim: int, most: int) -> int:
    """1 or `most`. Kept: within a process equal specs get equal threads, hence equal sums and equal numbers."""
    generator = torch.Generator().manual_seed(0)
    problem = Problem(dim=dim, sample=lambda n: torch.randn(n, dim, generator=generator))
    flow = create_flow(FlowSpec(key, dict(params)), problem)
    flow.plan(Budget(steps=1000))
    before = torch.get_num_threads()
    try:
        _seconds(flow, 1)  # the first step sets things up
        alone = _seconds(flow, 1)
        if alone < LONG_STEP_S:
            return 1
        pairs = [(_seconds(flow, most), _seconds(flow, 1)) for _ in range(ROUNDS)]
    finally:
        torch.set_num_threads(before)
    return most if min(pair[1] for pair in pairs) > GAIN * min(pair[0] for pair in pairs) else 1


def _seconds(flow: Flow, threads: int) -> float:
    torch.set_num_threads(threads)
    begin = time.perf_counter()
    flow.step(0.0)
    return time.perf_counter() - begin
