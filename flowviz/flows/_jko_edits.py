"""New chains of blocks made from trained ones: split, re-timed to equal distances, or one block changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from flowviz.core.block_edits import Drop, OneBlockEdit, Retime, Retrain, Split
from flowviz.core.errors import UserError
from flowviz.flows._block import Block
from flowviz.flows._jko_schedule import equalised, overlaps
from flowviz.flows._jko_start import scaled
from flowviz.flows._jko_weights import Stand
from flowviz.flows._nets import VelocityNet

MOST_BLOCKS = 512


class Chain(NamedTuple):
    """Blocks that are to be trained again, and their parts of flow time."""

    blocks: list[Block]
    shares: list[float]
    waiting: int = 0
    """Blocks behind them that have not begun."""


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


def need_all_begun(stand: Stand) -> None:
    """All blocks must have been trained to the end once.

    Raises:
        UserError: they have not.
    """
    begun = sum(block.is_trained or block.is_again for block in stand.blocks)
    if begun < stand.planned:
        message = f"Only {begun} of {stand.planned} blocks are trained."
        raise UserError(message, "Continue until all are trained, then change them.")


def need_room(stand: Stand, more: int) -> None:
    """There must be room for so many more blocks.

    Raises:
        UserError: there is none.
    """
    if stand.planned + more > MOST_BLOCKS:
        raise UserError(f"More than {MOST_BLOCKS} blocks are too many.", "Train on with those there are.")


def edited(net: VelocityNet, stand: Stand, edit: OneBlockEdit, fresh: Callable[[int], Tensor]) -> Chain:
    """The chain with one block changed: those before it stay trained; those behind it begin as they are and are
    trained again, since other samples reach them now.

    Args:
        fresh: weights from which block k begins when it is trained anew.

    Raises:
        UserError: the block is not trained, has no JKO step, or is the only one.
    """
    begun = [block for block in stand.blocks if block.is_trained or block.is_again]
    k, waiting = edit.index, stand.planned - len(begun)
    if not 0 <= k < len(begun):
        raise UserError(f"Block {k + 1} is not trained.", "Continue the training until it is.")
    block, share = begun[k], stand.shares[k]
    if block.is_free and isinstance(edit, Split | Retime):
        raise UserError("The free block has no JKO step.", "Split or re-time another one.")
    match edit:
        case Drop():
            if stand.planned == 1:
                raise UserError("A flow needs a block.", "Add another one before this one is dropped.")
            made, parts = [], []
        case Retrain():
            made, parts = [Block.starting_from(fresh(k), block.step_size, max(1, block.chooser.steps))], [share]
        case Split():
            need_room(stand, 1)
            made, parts = [_piece(net, block, block.step_size / 2, 0.5) for _ in range(2)], [share / 2] * 2
        case Retime(_, h):
            made, parts = [_piece(net, block, h, reach(h) / reach(block.step_size))], [share]
    behind = [_piece(net, other, other.step_size, 1.0) for other in begun[k + 1 :]]
    return Chain([*begun[:k], *made, *behind], [*stand.shares[:k], *parts, *stand.shares[k + 1 :]], waiting)


def reach(step_size: float) -> float:
    """How far a JKO step for KL(. || N(0, I)) pulls a mean towards 0, as a share of the way: h / (1 + h).

    The proximal step of N(m, I) has the mean m / (1 + h) (Xu, Cheng & Xie 2023, arXiv 2212.14424, section 3).
    """
    return step_size / (1 + step_size)


def _piece(net: VelocityNet, block: Block, step_size: float, length: float) -> Block:
    """A block to be trained again that begins as that part of another one's flow."""
    steps = max(1, math.ceil(block.chooser.steps * length))
    made = Block.starting_from(scaled(net, block.average, length), step_size, steps)
    made.is_again = True
    return made
