"""What looking costs: paths, densities, fields and metrics, as the window asks for them while training goes on.

Budgets are CPU time of one thread, roomy for a slow machine; where there is another way to the same picture, the
ratio to it in the same run has to hold as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from flowviz.core.queries import DensityQuery, FieldQuery, TransportQuery
from flowviz.core.spec import Array, Budget, FlowSpec, RunSpec, TargetSpec
from flowviz.engine.derive import Deriver
from flowviz.flows import FLOWS, Problem
from flowviz.flows._nets import VelocityNet
from flowviz.metrics import METRICS
from tests.bench._measure import Measurement
from tests.bench._objectives import sampler
from tests.bench._timing import by_turns, ratio
from tests.bench.reference.looking import log_density, trajectories
from tests.bench.reference.network import ReferenceNet

ROUNDS = 5
PARTICLES = 2000
TIMES = tuple(np.linspace(0.0, 1.0, 33).tolist())
EXTENT = (-4.0, 4.0, -4.0, 4.0)
RESOLUTION = 200
SUBSET = 2000


@dataclass(frozen=True, slots=True)
class Subject:
    """A flow that has trained for a while, and the same blocks as reference networks.

    Attributes:
        name: for the lines.
        spec, weights: what the window would ask about.
        blocks: velocity fields, nearest the data first.
        reverse: whether the fields lead from data to noise.
        budgets: milliseconds for paths and density.
    """

    name: str
    spec: RunSpec
    weights: dict[str, Array]
    blocks: list[ReferenceNet]
    reverse: bool
    budgets: tuple[float, float]


def _cnf() -> Subject:
    spec, weights = _trained("cnf", {"steps": 400})
    blocks = [ReferenceNet(VelocityNet(2, 64, 0), torch.from_numpy(np.array(weights["average"])))]
    return Subject("CNF", spec, weights, blocks, False, (50.0, 1000.0))


def _jko() -> Subject:
    spec, weights = _trained("jko", {"blocks": 8, "steps_per_block": 60})
    flats = [torch.from_numpy(np.array(weights[f"block/{k}"])) for k in range(8)]
    blocks = [ReferenceNet(VelocityNet(2, 64), flat) for flat in flats]
    return Subject("JKO, 8 blocks", spec, weights, blocks, True, (80.0, 2000.0))


def _trained(method: str, params: dict[str, float]) -> tuple[RunSpec, dict[str, Array]]:
    spec = RunSpec(TargetSpec("pinwheel"), FlowSpec(method, params), Budget(), 0, "cpu")
    flow = FLOWS.get(method).create(params, Problem(2, sampler("pinwheel")))
    flow.plan(Budget())
    while flow.progress < 1:
        flow.step(0.0)
    return spec, flow.weights()


def looking(subject: Subject) -> list[Measurement]:
    """Paths, density and field of one flow."""
    deriver, generator = Deriver(), torch.Generator().manual_seed(0)
    transport = TransportQuery("noise", TIMES, PARTICLES)
    density = DensityQuery(EXTENT, RESOLUTION)
    arrows = FieldQuery(_grid(32).numpy(), (0.5,))
    cells = _grid(RESOLUTION)
    some = torch.randperm(len(cells), generator=generator)[:SUBSET]
    noise = torch.randn(PARTICLES, 2, generator=generator)

    def ask(query: TransportQuery | DensityQuery | FieldQuery) -> Callable[[], dict[str, Array]]:
        return lambda: deriver.answer(subject.spec, subject.weights, query)

    def reference_density() -> Tensor:
        return log_density(subject.blocks, cells[some], subject.reverse)

    off = np.abs(ask(density)()["log_density"].reshape(-1)[some.numpy()] - reference_density().numpy())
    times = by_turns(
        {
            "paths": ask(transport),
            "reference paths": lambda: trajectories(subject.blocks, noise, len(TIMES), subject.reverse),
            "density": ask(density),
            "reference density": reference_density,
            "field": ask(arrows),
        },
        ROUNDS,
    )
    name = subject.name
    scale = len(cells) / SUBSET
    return [
        Measurement(f"{name}: 2000 paths at 33 times", times["paths"].ms, "ms", subject.budgets[0]),
        Measurement(f"{name}: paths, dopri5 over ours", _cpu(times, "paths"), "times", 2.0, "higher"),
        Measurement(f"{name}: exact log-density on 200 x 200", times["density"].ms, "ms", subject.budgets[1]),
        Measurement(
            f"{name}: density, dopri5 and autograd over ours", scale * _cpu(times, "density"), "times", 5.0, "higher"
        ),
        Measurement(f"{name}: density, median difference from dopri5", float(np.median(off)), "nats", 1e-3),
        Measurement(f"{name}: field at 1024 points", times["field"].ms, "ms", 5.0),
    ]


def _cpu(times: dict, name: str) -> float:
    return ratio(times[f"reference {name}"], times[name])[0]


def _grid(resolution: int) -> Tensor:
    """Cell centres (resolution^2, 2) of the extent, row by row."""
    low, high = EXTENT[0], EXTENT[1]
    ticks = low + (torch.arange(resolution) + 0.5) * ((high - low) / resolution)
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2)


def metrics() -> list[Measurement]:
    """Distances between samples, as they stand in the curves."""
    draw, rng = sampler("pinwheel", 3), np.random.default_rng(0)
    x, y = draw(2000).numpy(), draw(2000).numpy()

    def value(key: str, n: int) -> Callable[[], float]:
        metric = METRICS.get(key)()
        return lambda: metric.value(x[:n], y[:n], rng)

    cases = [("sliced_w2", 2000, 10.0), ("w2", 500, 60.0), ("w2", 1000, 250.0), ("w2", 2000, None)]
    times = by_turns({f"{key} {n}": value(key, n) for key, n, _ in cases}, ROUNDS)
    words = {"sliced_w2": "sliced W2", "w2": "exact W2"}
    return [
        *(
            Measurement(f"metrics: {words[key]}, {n} points", times[f"{key} {n}"].ms, "ms", bound)
            for key, n, bound in cases
        ),
        Measurement(
            "metrics: exact over sliced W2, 2000 points",
            ratio(times["w2 2000"], times["sliced_w2 2000"])[0], "times", 10.0, "higher",
        ),
    ]  # fmt: skip


def measure() -> list[Measurement]:
    """All figures of looking, with one torch thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return looking(_cnf()) + looking(_jko()) + metrics()
    finally:
        torch.set_num_threads(threads)
