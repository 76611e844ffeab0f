"""New chains of blocks made from trained ones: split in halves, or re-timed to equal distances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from flowviz.flows._block import Block
from flowviz.flows._jko_schedule import equalised, overlaps
from flowviz.flows._jko_start import scaled
from flowviz.flows._nets import VelocityNet


class Chain(NamedTuple):
    """Blocks that are to be trained again, and their parts of flow time."""

    blocks: list[Block]
    shares: list[float]


def refined(net: VelocityNet, blocks: Sequence[Block], shares: Sequence[float]) -> Chain:
    """Every block split into two of half the field, hence half the JKO step each: exactly the same flow.

    A field v without time over s in [0, 1] is v / 2 over two such intervals. A free block, which has no JKO step, stays
    whole. Xu, Cheng & Xie 2023 (arXiv 2212.14424), section 4.3.
    """
    made: list[Block] = []
    parts: list[float] = []
    for block, share in zip(blocks, shares, strict=True):
        count = 1 if block.is_free else 2
        made += [_piece(net, block, block.step_size / count, 1 / count) for _ in range(count)]
        parts += [share / count] * count
    return Chain(made, parts)


def retimed(
    net: VelocityNet, blocks: Sequence[Block], shares: Sequence[float], distances: Sequence[float], eta: float
) -> Chain:
    """As many blocks with re-timed JKO steps, each as long as the pieces of the old flow that it now covers.

    A new block begins with the field of the old one that fills most of it, scaled to its length, so that the chain
    stays near the flow that it was. A free block stays as it is.

    Args:
        distances: W2 that each block covers now.
        eta: share of the way to equal distances.
    """
    timed = [block for block in blocks if not block.is_free]
    n = len(timed)
    old = [block.step_size for block in timed]
    new = equalised(old, distances[:n], eta)
    made: list[Block] = []
    parts: list[float] = []
    for step_size, row in zip(new, overlaps(old, new), strict=True):
        source = max(range(n), key=row.__getitem__)
        made.append(_piece(net, timed[source], step_size, sum(row)))
        parts.append(sum(part * share for part, share in zip(row, shares, strict=False)))
    made += [_piece(net, block, block.step_size, 1.0) for block in blocks[n:]]
    return Chain(made, [*parts, *shares[n:]])


def _piece(net: VelocityNet, block: Block, step_size: float, length: float) -> Block:
    """A block to be trained again that begins as that part of another one's flow."""
    steps = max(1, math.ceil(block.chooser.steps * length))
    made = Block.starting_from(scaled(net, block.average, length), step_size, steps)
    made.is_again = True
    return made
