"""How a flow's particles travel: their kinetic energy against the least possible, and how straight they go."""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array
from flowviz.metrics import METRICS

TIMES = tuple(float(t) for t in np.linspace(0.0, 1.0, 17))
POINTS = 300
"""The exact plan between so many points takes some 10 ms."""


def travel(paths: Array, times: Array) -> dict[str, float]:
    """Read-outs of paths (T, n, d) at times (T,) from 0 to 1.

    Energy is E int |v|^2 dt of the piecewise linear paths, which none but the limit of finer times exceeds.

    Returns:
        "energy" and "least_energy", which is W2^2 between these particles' own starts and ends (Benamou & Brenier
        2000); "straightness": E|x(1) - x(0)|^2 / energy, 1 for straight paths at constant speed (one less this is the
        relative form of the straightness of Liu, Gong & Liu 2022, arXiv 2209.03003), and "npe": the normalised
        path energy (energy - W2^2) / W2^2 (after Tong et al. 2023, arXiv 2302.00482), so that it is 0 exactly for an
        optimal transport of them. The last two are left out where nothing moves.
    """
    steps = np.diff(paths.astype(np.float64), axis=0)
    gaps = np.diff(np.asarray(times, np.float64))[:, None]
    energy = float((np.square(steps).sum(axis=2) / gaps).sum(axis=0).mean())
    moved = float(np.square(paths[-1].astype(np.float64) - paths[0]).sum(axis=1).mean())
    rng = np.random.default_rng(0)
    least = METRICS.get("w2")().value(paths[0].astype(np.float64), paths[-1].astype(np.float64), rng) ** 2
    result = {"energy": energy, "least_energy": least}
    if energy > 0:
        result["straightness"] = moved / energy
    if least > 0:
        result["npe"] = max(0.0, energy - least) / least
    return result
