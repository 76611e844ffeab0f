"""Target samples as torch batches, drawn in big pieces, and the random streams of a run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from flowviz.core.spec import Array

POOL = 32_768
STREAMS = ("batches", "held-out", "metrics", "floors", "particles", "source")


def stream(seed: int, name: str, step: int = 0) -> np.random.Generator:
    """One of the independent random streams of a run; those that only look never touch those that train."""
    return np.random.default_rng(np.random.SeedSequence([seed, STREAMS.index(name), step]))


class PooledSampler:
    """Hands out fresh draws of a target as torch batches.

    Draws come from the target in pieces of POOL points (a numpy target is slow for a batch and quick for
    a piece). The order of the numbers depends on the seed and the sizes asked for, on nothing else.

    Args:
        draw: (n, rng) -> (n, d) float64, the target.
        rng: its random stream.
        device: where batches live.
        dtype: of batches.
    """

    def __init__(
        self,
        draw: Callable[[int, np.random.Generator], Array],
        rng: np.random.Generator,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._draw = draw
        self._rng = rng
        self._device = device
        self._dtype = dtype
        self._pool = torch.empty(0, 0)
        self._next = 0

    def __call__(self, n: int) -> Tensor:
        """n fresh draws (n, d) on the device."""
        if n > POOL // 2:
            return self._fresh(n)
        if self._next + n > len(self._pool):
            # The few points left over are dropped; the first pool is small so that training begins at once.
            self._pool = self._fresh(POOL if len(self._pool) else max(n, POOL // 8))
            self._next = 0
        self._next += n
        return self._pool[self._next - n : self._next].clone()

    def _fresh(self, n: int) -> Tensor:
        return torch.as_tensor(self._draw(n, self._rng), dtype=self._dtype).to(self._device)
