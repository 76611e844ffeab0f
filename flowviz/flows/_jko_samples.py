"""Samples behind the trained blocks: pushed once per block, piece by piece, so that no training step has to wait."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from flowviz.flows._block import Block, Figures, push, push_with_gain
from flowviz.flows._nets import BlockNet
from flowviz.flows._ode import standard_normal_log_density

POOL_EPOCHS = 20
PIECE = 2048
"""Points pushed through one block at once on a processor: some 10 ms."""
HELD_OUT = 8192


def blurred(x: Tensor, time: float, generator: torch.Generator) -> Tensor:
    """Data (n, d) after an Ornstein-Uhlenbeck process dX = -X dt + sqrt(2) dW of that length."""
    if time <= 0:
        return x
    keep = math.exp(-time)
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    return keep * x + (1 - keep**2) ** 0.5 * noise


class Pool:
    """Samples p_k behind k blocks, from which block k draws its batches.

    Every call of `take` pushes at most one piece through one block when enough pieces are there already; a batch comes
    from the pieces that have arrived. A pool seen too often would be learnt by heart: after POOL_EPOCHS its pieces are
    replaced one after the other by fresh draws. Its memory does not depend on the number of blocks.

    Args:
        net: of the blocks.
        draw: n -> (n, d) fresh data.
        size: points held.
    """

    def __init__(self, net: BlockNet, draw: Callable[[int], Tensor], size: int, device: torch.device) -> None:
        self._net = net
        self._draw = draw
        self._size = size
        self._piece = PIECE if device.type == "cpu" else size
        self._points: Tensor | None = None
        self._depths = [-1] * -(-size // self._piece)
        self._fresh: tuple[Tensor, int] | None = None
        self._replaced = 0
        self._drawn = 0

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        fresh = 0 if self._fresh is None else self._fresh[0].nbytes
        return fresh + (0 if self._points is None else self._points.nbytes)

    def take(self, n: int, blocks: Sequence[Block], generator: torch.Generator) -> Tensor:
        """n samples (n, d) from behind these trained blocks, which begin with those of the call before."""
        depth = len(blocks)
        while self._ready(depth) < min(n, self._size):
            self._advance(blocks)
        if self._depths[-1] < depth:
            self._advance(blocks)
        elif self._drawn > POOL_EPOCHS * self._size:
            self._refresh(blocks)
        self._drawn += n
        assert self._points is not None
        ready = self._ready(depth)
        index = torch.randint(ready, (n,), generator=generator, device=self._points.device)
        return self._points[index]

    def _ready(self, depth: int) -> int:
        """Points at the beginning that have gone through `depth` blocks."""
        return min(self._size, sum(at == depth for at in self._depths) * self._piece)

    def _advance(self, blocks: Sequence[Block]) -> None:
        """Move the first piece that lags behind by one block; one that is not drawn yet is drawn."""
        i = next(i for i, at in enumerate(self._depths) if at < len(blocks))
        begin, end = i * self._piece, min(self._size, (i + 1) * self._piece)
        if self._depths[i] < 0:
            points = self._draw(end - begin)
            if self._points is None:
                self._points = points.new_empty(self._size, points.shape[1])
        else:
            assert self._points is not None
            points = push(self._net, blocks[self._depths[i]], self._points[begin:end])
        self._points[begin:end] = points
        self._depths[i] += 1

    def _refresh(self, blocks: Sequence[Block]) -> None:
        """Move a fresh piece by one block; one that has arrived takes the place of an old one."""
        assert self._points is not None
        begin = self._replaced * self._piece
        end = min(self._size, begin + self._piece)
        points, depth = (self._draw(end - begin), 0) if self._fresh is None else self._fresh
        if depth < len(blocks):
            self._fresh = push(self._net, blocks[depth], points), depth + 1
            return
        self._points[begin:end] = points[: end - begin]
        self._fresh = None
        self._replaced += 1
        if self._replaced == len(self._depths):
            self._replaced, self._drawn = 0, 0


class HeldOut:
    """Held-out data behind the trained blocks with their log-densities, from which every block's figures come.

    All in double precision, where the device has it.

    Args:
        net: of the blocks.
        draw: n -> (n, d) data as they are, without early noising.
    """

    def __init__(self, net: BlockNet, draw: Callable[[int], Tensor], size: int = HELD_OUT) -> None:
        self._net = net
        x = draw(size)
        self._data = (x.cpu() if x.device.type == "mps" else x).to(torch.float64, copy=True)
        self.restart()

    def restart(self) -> None:
        """Go back before the first block: the blocks are others now."""
        self._x = self._data.clone()
        self._gained = self._x.new_zeros(len(self._x))
        self._depth = self._at = 0

    @property
    def has_repeats(self) -> bool:
        """Whether data points are drawn again and again, as draws from a density never are."""
        return len(torch.unique(self._data, dim=0)) < len(self._data)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._data.nbytes + self._x.nbytes + self._gained.nbytes

    def catch_up(self, blocks: Sequence[Block]) -> bool:
        """Push one piece through the next of these trained blocks; False when all are through all of them."""
        if self._depth >= len(blocks):
            return False
        part = slice(self._at, self._at + PIECE)
        end, gained = push_with_gain(self._net, blocks[self._depth], self._x[part])
        self._x[part] = end
        self._gained[part] += gained
        self._at += PIECE
        if self._at >= len(self._x):
            self._at, self._depth = 0, self._depth + 1
        return True

    def figures(self, before: Sequence[Block], block: Block) -> Figures:
        """What `block`, which follows the trained ones `before`, does; the data stay behind it."""
        while self.catch_up(before):
            pass
        x, nll_before = self._x.clone(), self._nll()
        while self.catch_up([*before, block]):
            pass
        moved, size = (self._x - x).square().sum(1).mean(), self._x.square().sum(1).mean()
        return Figures(float(moved), float(moved / size.clamp(min=1e-300)), nll_before, self._nll())

    def _nll(self) -> float:
        return -float((standard_normal_log_density(self._x) + self._gained).mean())
