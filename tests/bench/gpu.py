"""The training step on a GPU: eager and recorded, with and without TF32, against the papers' way and the floor.

    python -m tests.bench.gpu [--batches 512 2000 20000] [--device cuda]

Times are wall time between two waits for the device, the median of several turns taken one after another by all.
Nothing here is part of `make bench`, which runs on machines without a GPU.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, Flow, HasLogDensity, Problem
from flowviz.flows._capture import Replayed
from flowviz.flows._nets import VelocityNet
from tests.bench._floor import products
from tests.bench._objectives import sampler
from tests.bench.reference.cnf import CnfTrainer
from tests.bench.reference.jko import JkoTrainer
from tests.bench.reference.network import ReferenceNet

ROUNDS = 5
H = 0.25
SOLVER = {"cnf": ("rk4", 8), "jko": ("rk4", 2)}
NETS = {"cnf": VelocityNet(2, 64, 0), "jko": VelocityNet(2, 128)}
FIXED = {"solver_error": 0.0, "learning_rate": 1e-6}
PARAMS = {"cnf": {"energy": 0.0}, "jko": {"width": 128, "blocks": 1, "h0": H}}
WEIGHTS = {"cnf": "weights", "jko": "training"}
Job = Callable[[], object]


def wait(device: torch.device) -> None:
    """Until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def by_turns(jobs: dict[str, Job], device: torch.device, turn: float) -> dict[str, float]:
    """Milliseconds a call, the median over turns of about `turn` seconds."""
    calls, found = {}, {name: [] for name in jobs}
    for name, job in jobs.items():
        for _ in range(8):  # recording takes a few calls
            job()
        wait(device)
        begin = time.perf_counter()
        job()
        wait(device)
        calls[name] = max(1, round(turn / (time.perf_counter() - begin)))
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            begin = time.perf_counter()
            for _ in range(calls[name]):
                job()
            wait(device)
            found[name].append(1000 * (time.perf_counter() - begin) / calls[name])
    return {name: statistics.median(times) for name, times in found.items()}


def precise(job: Job, tf32: bool) -> Job:
    """The job with TF32 allowed or forbidden for matrix products."""

    def run() -> None:
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        job()

    return run


def make(method: str, x: Tensor, recorded: bool) -> Flow:
    """A flow whose every step works on the batch x with a fixed solver."""
    solver, steps = SOLVER[method]
    params = FIXED | PARAMS[method] | {"batch_size": len(x), "solver": solver, "solver_steps": steps}
    calm: AbstractContextManager[object] = (
        nullcontext() if recorded else patch.object(Replayed, "on", lambda device: Replayed(None))
    )
    with calm:
        flow = FLOWS.get(method).create(params, Problem(2, lambda n: x.repeat(-(-n // len(x)), 1)[:n], x.device))
        flow.plan(Budget(steps=1_000_000_000))
        flow.step(0.0)
    return flow


def trainer(method: str, flow: Flow, x: Tensor) -> Job:
    """The reference's step at the flow's weights."""
    flat = torch.from_numpy(np.array(flow.weights()[WEIGHTS[method]]))
    net = ReferenceNet(NETS[method], flat).to(x.device)
    reference = CnfTrainer(net) if method == "cnf" else JkoTrainer(net, H)
    return lambda: reference.step(x)


def measure_step(method: str, n: int, device: torch.device, turn: float) -> None:
    """Print the times of one step of one method at one batch size."""
    x = sampler("pinwheel")(n).to(device)
    eager, recorded = make(method, x, False), make(method, x, True)
    jobs: dict[str, Job] = {
        "ours, eager": precise(lambda: eager.step(0.0), False),
        "ours, recorded": precise(lambda: recorded.step(0.0), False),
        "ours, recorded, TF32": precise(lambda: recorded_tf32.step(0.0), True),
        "reference": precise(trainer(method, eager, x), False),
    }
    torch.set_float32_matmul_precision("high")
    recorded_tf32 = make(method, x, True)
    solver, steps = SOLVER[method]
    net = NETS[method]
    parts = products(n, net.dim, net.width, solver, steps, device)
    for tf32 in (False, True):
        jobs |= {f"{kind}, {tf32}": precise(part.run, tf32) for kind, part in parts.items()}
    times = by_turns(jobs, device, turn)
    floors = [sum(part.count * times[f"{kind}, {tf32}"] for kind, part in parts.items()) for tf32 in (False, True)]
    print(f"{method}, batch {n}, {solver} x {steps}")
    for name in ("ours, eager", "ours, recorded", "ours, recorded, TF32", "reference"):
        floor = floors["TF32" in name]
        print(
            f"  {name:<22}{times[name]:>9.3f} ms   reference over it {times['reference'] / times[name]:>7.1f}"
            f"   over the floor {times[name] / floor:>7.2f}"
        )
    print(f"  floor {floors[0]:.3f} ms, with TF32 {floors[1]:.3f} ms (products one by one, so launches count)")


def measure_looking(device: torch.device, turn: float) -> None:
    """Print the times of paths and densities, in full precision as the window shows them."""
    x = sampler("pinwheel")(512).to(device)
    ticks = torch.linspace(-4, 4, 200, device=device)
    cells = torch.cartesian_prod(ticks, ticks)
    noise, times = torch.randn(2000, 2, device=device), np.linspace(0, 1, 33).tolist()
    for method in ("cnf", "jko"):
        flow = make(method, x, False)
        assert isinstance(flow, HasLogDensity)
        jobs: dict[str, Job] = {
            "2000 paths at 33 times": precise(lambda flow=flow: flow.transport(noise, times), False),
            "log-density on 200 x 200": precise(lambda flow=flow: flow.log_density(cells), False),
        }
        for name, ms in by_turns(jobs, device, turn).items():
            print(f"{method}: {name} {ms:.2f} ms")


def main() -> int:
    """Print all tables; 2 where there is no such device."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="+", default=[512, 2000, 20_000])
    parser.add_argument("--device", default="cuda", help="another one only tries the script out")
    parser.add_argument("--turn", type=float, default=0.2, help="seconds of one turn")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device here, so there is nothing to measure.", file=sys.stderr)
        return 2
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the processor, to try the script out"
    print(f"torch {torch.__version__} on {name}")
    for method in ("cnf", "jko"):
        for n in arguments.batches:
            measure_step(method, n, device, arguments.turn)
    measure_looking(device, arguments.turn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
