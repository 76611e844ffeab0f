"""Normalised path energy of I-CFM and OT-CFM beside the published figures (Tong et al. 2024, arXiv 2302.00482).

NPE = (E int |v|^2 dt - W2^2) / W2^2, with the energy of 100 Euler steps as there. It does not depend on the unit of
length. N -> 8 Gaussians: N(0, I) to radius 5 and deviation 1. Moons -> 8 Gaussians: the data of De Bortoli et al. 2021
(moons standardised, times 7; radius 12, deviation 1.5), here in thirds.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
import ot
import torch
from numpy.typing import NDArray

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.solver import Solver
from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, Problem, Source
from flowviz.flows.closed_forms_matching import reach
from tests.bench._measure import Measurement

SECONDS = 12.0
POINTS = 2000
EXACT = {"N -> 8 Gaussians": "0.216", "moons -> 8 Gaussians": "2.98"}
PUBLISHED = {
    ("N -> 8 Gaussians", "flow_matching"): "0.222 ± 0.032",
    ("N -> 8 Gaussians", "ot_cfm"): "0.018 ± 0.014",
    ("moons -> 8 Gaussians", "flow_matching"): "2.738 ± 0.181",
    ("moons -> 8 Gaussians", "ot_cfm"): "0.053 ± 0.035",
}


class Ends(NamedTuple):
    """Source and target."""

    source: GaussianMixture
    target: GaussianMixture


def _even(centres: NDArray[np.float64], sd: float) -> GaussianMixture:
    count = len(centres)
    return GaussianMixture(np.full(count, 1 / count), centres, np.tile(sd**2 * np.eye(2), (count, 1, 1)))


def _ring(radius: float, sd: float) -> GaussianMixture:
    angles = 2 * np.pi * np.arange(8) / 8
    return _even(radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), sd)


def _moons(scale: float) -> GaussianMixture:
    """make_moons(noise = 0.1), less its mean and over its deviation (one of each for both coordinates), scaled."""
    angles = np.pi * (np.arange(60) + 0.5) / 60
    upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    centres = np.concatenate([upper, [1.0, 0.5] - upper])
    deviation = np.sqrt(centres.var() + 0.1**2)
    return _even((centres - centres.mean()) * scale / deviation, 0.1 * scale / deviation)


CASES = {
    "N -> 8 Gaussians": Ends(_even(np.zeros((1, 2)), 1.0), _ring(5.0, 1.0)),
    "moons -> 8 Gaussians": Ends(_moons(7 / 3), _ring(4.0, 0.5)),
}


def _draw(mixture: GaussianMixture, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    which = rng.choice(len(mixture.weights), n, p=mixture.weights)
    return mixture.means[which] + np.sqrt(mixture.covariances[which, 0, :1]) * rng.standard_normal((n, 2))


def _least(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """W2^2 between the points."""
    return float(ot.emd2([], [], ot.dist(x, y)))


def _npe(key: str, ends: Ends) -> float:
    """Of a flow after SECONDS of processor time, against the least energy between its own ends."""
    rng = np.random.default_rng(2)

    def sampler(mixture: GaussianMixture) -> object:
        return lambda n: torch.as_tensor(_draw(mixture, n, rng), dtype=torch.float32)

    source = Source(sampler(ends.source), None, "source")  # type: ignore[arg-type]
    flow = FLOWS.get(key).create({}, Problem(2, sampler(ends.target), source=source))  # type: ignore[arg-type]
    flow.plan(Budget(seconds=SECONDS))
    began = time.thread_time()
    while flow.progress < 1:
        flow.step(time.thread_time() - began)
    start = torch.as_tensor(_draw(ends.source, POINTS, rng), dtype=torch.float32)
    times = np.linspace(0.0, 1.0, 101)
    paths = flow.transport(start, times.tolist(), Solver("euler", 100)).paths.double()
    energy = float(torch.diff(paths, dim=0).square().sum(2).sum(0).mean() * 100)
    return energy / _least(paths[0].numpy(), paths[-1].numpy()) - 1


def measure() -> list[Measurement]:
    """The energy of the exact field, and of both methods, for both pairs of distributions."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    results = []
    for case, ends in CASES.items():
        rng = np.random.default_rng(3)
        pairs = _draw(ends.source, POINTS, rng), _draw(ends.target, POINTS, rng)
        exact = reach(pairs, ends.source, ends.target).kinetic / _least(*pairs) - 1
        results.append(Measurement(f"NPE {case}: exact I-CFM field ({EXACT[case]})", exact, ""))
        for key in ("flow_matching", "ot_cfm"):
            name = f"NPE {case}: {FLOWS.get(key).label} (published {PUBLISHED[case, key]})"
            results.append(Measurement(name, _npe(key, ends), ""))
    torch.set_num_threads(before)
    return results
