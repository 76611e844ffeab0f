"""What is known exactly of a run between two Gaussians: beside every figure and picture stands what it should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flowviz.core.frames import BlockInfo
from flowviz.core.queries import ClosedFormQuery
from flowviz.core.spec import Array
from flowviz.flows import Flow, HasBlocks
from flowviz.flows.closed_forms import Gaussian, kl, wasserstein_squared
from flowviz.flows.gaussian_paths import GaussianPath, HasGaussianPath
from flowviz.targets import HasMixture, Target

PREFIX = "exact_"
"""Of the metrics that say what an exactly trained flow would have."""
_LOOKED_AT = (0.1, 0.35, 0.6, 0.85)


class ClosedForm:
    """Compares flows between two Gaussians with the exact ones.

    Args:
        source, target: the ends.
    """

    def __init__(self, source: Gaussian, target: Gaussian) -> None:
        self._source, self._target = source, target
        self._figures: tuple[list[float], dict[str, float]] = ([], {})

    @classmethod
    def between(cls, source: Target, target: Target) -> ClosedForm | None:
        """None where an end is no single Gaussian."""
        ends = [_gaussian(end) for end in (source, target)]
        return cls(ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None

    def figures(self, flow: Flow, generated: Array) -> dict[str, float]:
        """Metrics of a flow that generated these points (n, d).

        Returns:
            "moments_w2": W2 between the Gaussian with their mean and covariance and the target, in closed form; W2
            itself is never less (Gelbrich 1990, Mathematische Nachrichten 147). "exact_w2": W2 from source to target.
            And where the exact flow is known, "exact_moments_w2", "exact_energy", "exact_npe" and
            "exact_straightness": what an exactly trained flow would have.
        """
        result = {"moments_w2": self.remaining(generated), f"{PREFIX}w2": _distance(self._source, self._target)}
        path = self._path(flow)
        return result if path is None else result | self._of_path(path)

    def remaining(self, points: Array) -> float:
        """W2 between the Gaussian with the mean and covariance of points (n, d) and the target."""
        return _distance(Gaussian(points.mean(axis=0), np.cov(points.T)), self._target)

    def _of_path(self, path: GaussianPath) -> dict[str, float]:
        """Figures of a path; those of the path before where it is the same one."""
        sign = [float(v) for t in _LOOKED_AT for v in np.append(path.at(t).law.cov, path.at(t).drift)]
        if sign != self._figures[0]:
            figures = path.figures() | {"moments_w2": _distance(path.at(1.0).law, self._target)}
            self._figures = (sign, {PREFIX + name: value for name, value in figures.items()})
        return self._figures[1]

    def _path(self, flow: Flow, backwards: bool = False) -> GaussianPath | None:
        if not isinstance(flow, HasGaussianPath):
            return None
        return flow.gaussian_path(self._source, self._target, backwards)

    def blocks(self, flow: Flow) -> tuple[BlockInfo, ...]:
        """The flow's blocks, each with its exact KL(p || N(0, I)) and W2^2; () for a flow that has none."""
        blocks = flow.blocks() if isinstance(flow, HasBlocks) else ()
        path = self._path(flow, backwards=True) if blocks else None
        if path is None:
            return blocks
        return tuple(self._with_truth(block, path) for block in blocks)

    def _with_truth(self, block: BlockInfo, path: GaussianPath) -> BlockInfo:
        before, after = path.at(block.t_end).law, path.at(block.t_start).law
        moved = max(0.0, wasserstein_squared(before, after))
        return replace(block, exact_kl=max(0.0, kl(after, self._source)), exact_w2_squared=moved)

    def answer(self, flow: Flow, query: ClosedFormQuery) -> dict[str, Array]:
        """The answer to a ClosedFormQuery."""
        ends = [self._source, self._target]
        result = {
            "ends_mean": np.stack([end.mean for end in ends]),
            "ends_covariance": np.stack([end.cov for end in ends]),
        }
        path = self._path(flow, query.backwards)
        if path is not None:
            laws = [path.at(t).law for t in query.times]
            result |= {"mean": np.stack([law.mean for law in laws]), "covariance": np.stack([law.cov for law in laws])}
        return result


def _distance(p: Gaussian, q: Gaussian) -> float:
    return float(np.sqrt(max(0.0, wasserstein_squared(p, q))))


def _gaussian(end: Target) -> Gaussian | None:
    """The end as one Gaussian, where it is one."""
    if not isinstance(end, HasMixture):
        return None
    mixture = end.mixture()
    return Gaussian(mixture.means[0], mixture.covariances[0]) if len(mixture.weights) == 1 else None
