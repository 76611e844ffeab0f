"""How long until a CNF is good: flowviz against the papers' way of training the same network.

For each target the reference (FFJORD's hyper-parameters: batch 100, Adam 1e-3, weight decay 1e-5, dopri5 1e-5, adjoint,
autograd divergence) trains for some minutes of CPU time. Its best held-out NLL, the same converged float64 figure
for both, is what flowviz's default CNF has to reach, planned with a twentieth of that time as a person would plan
it. Time is process CPU time of one thread, spent on training alone, so that other work on the machine hardly counts.

    python -m tests.bench.long.time_to_quality [--minutes 10] [--targets pinwheel rose] [--file quality.json]

Every finished part is saved in the file, and only what is missing from it is run; `--again` trains ours once more.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from flowviz.core.solver import Solver
from flowviz.core.spec import Budget, TargetSpec
from flowviz.engine._sampling import PooledSampler
from flowviz.flows import FLOWS, HasLogDensity, Problem
from flowviz.flows._nets import VelocityNet
from flowviz.targets import build
from tests.bench.reference.cnf import CnfTrainer
from tests.bench.reference.network import ReferenceNet

TARGETS = ("pinwheel", "checkerboard", "two_spirals", "rose")
RATIO = 20.0
HELD_OUT = 10_000
LOOKS = 40
NET = VelocityNet(2, 64, 0)
BATCH = 100


def held_out_nll(flat: Tensor, x: Tensor, agreement: float = 2e-4) -> float:
    """-E log p (nats) of float64 points (n, 2), the solver's steps doubled until the figure stands still."""
    flow = FLOWS.get("cnf").create({}, Problem(2, lambda n: torch.zeros(n, 2)))
    assert isinstance(flow, HasLogDensity)
    values = flat.detach().numpy()
    flow.load({"weights": values, "average": values, "steps": np.array([0, 1])})
    steps, before = 16, float("inf")
    while True:
        now = -float(flow.log_density(x, 1.0, Solver("rk4", steps)).mean())
        if abs(now - before) < agreement or steps >= 256:
            return now
        before, steps = now, 2 * steps


def sampler(key: str, seed: int) -> Callable[[int], Tensor]:
    """Fresh draws of a target by its key."""
    return PooledSampler(build(TargetSpec(key)).sample, np.random.default_rng(seed), torch.device("cpu"))


def held_out(key: str) -> Tensor:
    """The points that nobody trains on."""
    return sampler(key, 1)(HELD_OUT).double()


def train_reference(key: str, seconds: float) -> dict[str, Any]:
    """FFJORD's training for that much CPU time; its held-out NLL every twentieth of it."""
    flat = NET.initial(torch.Generator().manual_seed(0), torch.float32)
    trainer, draw, points = CnfTrainer(ReferenceNet(NET, flat)), sampler(key, 0), held_out(key)
    spent, steps, curve = 0.0, 0, []
    for look in range(1, 21):
        begin = time.process_time()
        while spent + time.process_time() - begin < seconds * look / 20:
            trainer.step(draw(BATCH))
            steps += 1
        spent += time.process_time() - begin
        curve.append((spent, held_out_nll(trainer.net.flat(), points)))
        say(f"{key}: reference after {spent:.0f} s, {steps} steps: NLL {curve[-1][1]:.4f}")
    return {"seconds": seconds, "steps": steps, "nll": min(nll for _, nll in curve), "curve": curve}


def train_ours(key: str, planned: float, goal: float) -> dict[str, Any]:
    """flowviz's default CNF planned for that much CPU time; when its held-out NLL first reached the goal."""
    points, problem = held_out(key), Problem(2, sampler(key, 0))
    flow = FLOWS.get("cnf").create({}, problem)
    assert flow.parameter_count == NET.size, "the default network of the CNF is not the reference's any more"
    flow.plan(Budget(seconds=planned))
    spent, steps, curve, reached = 0.0, 0, [], None
    for look in range(1, LOOKS + 1):
        begin = time.process_time()
        while flow.progress < 1 and spent + time.process_time() - begin < planned * look / LOOKS:
            flow.step(spent + time.process_time() - begin)
            steps += 1
        spent += time.process_time() - begin
        average = torch.from_numpy(np.array(flow.weights()["average"]))
        curve.append((spent, held_out_nll(average, points)))
        if reached is None and curve[-1][1] <= goal:
            reached = spent
    say(f"{key}: ours after {spent:.0f} s, {steps} steps: NLL {curve[-1][1]:.4f}; reached {goal:.4f} at {reached}")
    return {"planned": planned, "steps": steps, "nll": curve[-1][1], "reached": reached, "curve": curve}


def say(text: str) -> None:
    """A line on what goes on."""
    print(text, file=sys.stderr, flush=True)


def report(found: dict[str, Any]) -> bool:
    """Print the table; whether every target that was run holds."""
    print(f"{'target':<14}{'entropy':>9}{'reference':>11}{'ours, end':>11}{'reached at':>12}{'ratio':>8}")
    holds = True
    for key, parts in found.items():
        if "ours" not in parts:
            continue
        theirs, ours = parts["reference"], parts["ours"]
        ratio = theirs["seconds"] / ours["reached"] if ours["reached"] else 0.0
        holds &= ratio >= RATIO
        reached = f"{ours['reached']:.2f} s" if ours["reached"] else "never"
        verdict = "holds" if ratio >= RATIO else f"FALLS SHORT of {RATIO:g}"
        print(
            f"{key:<14}{build(TargetSpec(key)).entropy():>9.4f}{theirs['nll']:>11.4f}{ours['nll']:>11.4f}"
            f"{reached:>12}{ratio:>8.1f}  {verdict}"
        )
    return holds


def main() -> int:
    """Run what is missing, print the table; 1 where a target falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="CPU minutes of the reference's training")
    parser.add_argument("--targets", nargs="+", default=TARGETS, choices=TARGETS)
    parser.add_argument("--file", type=Path, default=Path("quality.json"), help="where finished parts are kept")
    parser.add_argument("--again", action="store_true", help="train ours once more")
    parser.add_argument("--reference-only", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    seconds = 60 * arguments.minutes
    found: dict[str, Any] = json.loads(arguments.file.read_text()) if arguments.file.exists() else {}
    for key in arguments.targets:
        parts = found.setdefault(key, {})
        if parts.get("reference", {}).get("seconds") != seconds:
            parts.clear()
            parts["reference"] = train_reference(key, seconds)
            arguments.file.write_text(json.dumps(found))
        if not arguments.reference_only and (arguments.again or "ours" not in parts):
            parts["ours"] = train_ours(key, seconds / RATIO, parts["reference"]["nll"])
            arguments.file.write_text(json.dumps(found))
    return 0 if report(found) else 1


if __name__ == "__main__":
    sys.exit(main())
