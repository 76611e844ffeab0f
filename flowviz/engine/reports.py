"""What a trained run can give back, in the data's own units: samples, log-densities, an evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from flowviz.core.errors import RunError, UserError
from flowviz.core.queries import LogDensityQuery, TransportQuery
from flowviz.core.records import RunFile
from flowviz.core.solver import METHOD_SOLVER, Solver
from flowviz.core.spec import Array
from flowviz.engine._sampling import stream
from flowviz.engine.derive import Deriver
from flowviz.metrics import METRICS
from flowviz.targets import HasLogDensity, Target

SAMPLE_METRICS = ("w2", "sliced_w2", "mmd")
PIECE = 65_536


class TrainedRun:
    """A run as it stands in its last frame. Points that go in and come out are in the data's own units.

    Args:
        run: the run.
        solver: solver of all that is computed.

    Raises:
        UserError: target or method are unknown, or the weights do not fit.
    """

    def __init__(self, run: RunFile, solver: Solver = METHOD_SOLVER) -> None:
        self._run = run
        self._solver = solver
        self._deriver = Deriver()
        self._weights = run.last.weights
        self.target: Target = self._deriver.target(run.spec)
        self._source: Target = self._deriver.source(run.spec)
        self._deriver.flow(run.spec, self._weights)  # so that what is wrong with the run shows here

    def sample(self, n: int, seed: int = 0) -> Array:
        """n draws (n, d) float64 of the model.

        Raises:
            RunError: the flow takes some of them to infinity.
        """
        return self._generate(n, stream(seed, "particles"))

    def _generate(self, n: int, rng: np.random.Generator) -> Array:
        parts = []
        for start in range(0, n, PIECE):
            noise = self._source.sample(min(PIECE, n - start), rng).astype(np.float32)
            query = TransportQuery("points", (0.0, 1.0), points=noise, solver=self._solver)
            paths = self._deriver.answer(self._run.spec, self._weights, query)["paths"]
            if not np.isfinite(paths[-1]).all():
                raise RunError("The model takes points to infinity.", "Train it anew, with a smaller learning rate.")
            parts.append(self.target.frame.to_data(paths[-1]))
        return np.concatenate(parts) if parts else np.empty((0, self.target.dim))

    def log_density(self, points: Array) -> Array:
        """Natural log-density (n,) float64 of the model at points (n, d).

        Raises:
            UserError: the method does not know its density.
        """
        query = LogDensityQuery(self.target.frame.to_shared(points), self._solver)
        values = self._deriver.answer(self._run.spec, self._weights, query)["log_density"]
        return values - self.target.frame.log_volume

    @property
    def entropy(self) -> float | None:
        """Differential entropy of the target in nats, the least possible NLL; None where unknown."""
        if not isinstance(self.target, HasLogDensity):
            return None
        value = float(self.target.entropy()) + self.target.frame.log_volume
        return value if math.isfinite(value) else None

    def evaluate(self, data: Array | None, size: int, seed: int = 0, repeats: int = 10) -> dict[str, Any]:
        """How well the model fits.

        Args:
            data: points (n, d) to compare with, or None for fresh draws of the target.
            size: points of both samples in the sample metrics (fewer where the data have fewer).
            seed: of all draws.
            repeats: pairs of target samples behind each floor.

        Returns:
            "nll" (nats, or None), "entropy" (nats, or None), and for each sample metric {"value", "floor"}:
            its value between `size` generated and `size` data points, and its mean between two
            independent samples of the target of that size.
        """
        rng = stream(seed, "metrics")
        frame = self.target.frame
        points = frame.to_data(self.target.sample(2 * size, rng)) if data is None else data
        size = min(size, len(points))
        if size < 2:
            raise UserError("One point is too few to compare samples.", "Give at least two.")
        report: dict[str, Any] = {"nll": self._nll(points), "entropy": self.entropy}
        chosen = points if len(points) == size else points[rng.choice(len(points), size, replace=False)]
        generated = self._generate(size, rng)  # not `sample`: its points may be the very data
        for key in SAMPLE_METRICS:
            metric = METRICS.get(key)()
            mean, _, _ = metric.noise_floor(self._sampler(seed), size, repeats, rng)
            report[key] = {"value": metric.value(generated, chosen, rng), "floor": mean}
        return report

    def _sampler(self, seed: int) -> Callable[[int], Array]:
        rng = stream(seed, "floors")

        def draw(n: int) -> Array:
            return self.target.frame.to_data(self.target.sample(n, rng))

        return draw

    def _nll(self, points: Array) -> float | None:
        try:
            value = float(-self.log_density(points).mean())
        except UserError:
            return None
        return value if math.isfinite(value) else None
