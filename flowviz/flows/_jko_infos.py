"""A JKO block as people see it."""

from __future__ import annotations

import math

from flowviz.core.frames import BlockInfo, BlockKind
from flowviz.flows._block import Block, Figures

LOSS_NAMES = ("loss", "potential", "divergence", "transport")


def block_info(
    index: int,
    block: Block | None,
    step_size: float,
    t_start: float,
    t_end: float,
    names: tuple[str, ...] = LOSS_NAMES,
) -> BlockInfo:
    """What is known of a block; None stands for one whose turn to be trained has not come.

    `names` are those of its first loss terms; a block without the others tells how far it moves when it is trained.
    """
    is_free = math.isinf(step_size)
    kind: BlockKind = "jko" if names == LOSS_NAMES else "process"
    if block is None or (not block.steps and not block.is_trained):
        status = "waiting" if block is None or block.is_again else "training"
        return BlockInfo(index, status, step_size, t_start, t_end, is_free=is_free, kind=kind)  # type: ignore[arg-type]
    terms = block.terms.tolist()
    unknown = Figures(math.nan, math.nan, math.nan, math.nan)
    figures = block.figures or (_so_far(block, terms) if names == LOSS_NAMES else unknown)
    return BlockInfo(
        index,
        "trained" if block.is_trained else "training",
        step_size,
        t_start,
        t_end,
        _known(figures.w2_squared),
        dict(zip(names, terms, strict=False)),
        nll=_known(figures.nll),
        nll_before=_known(figures.nll_before),
        stop_ratio=_known(figures.stop_ratio),
        is_free=is_free,
        kind=kind,
    )


def _so_far(block: Block, terms: list[float]) -> Figures:
    """What the running averages of the loss tell: E|x(1)-x(0)|^2 is 2h times the transport term."""
    moved, size = 2 * block.step_size * terms[3], 2 * terms[1]
    ratio = moved / size if size > 0 else math.nan
    return Figures(moved, ratio, math.nan, math.nan)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
