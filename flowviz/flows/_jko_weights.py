"""A chain of blocks as arrays: for frames, run files and the questions that a picture asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from flowviz.core.errors import UserError
from flowviz.core.spec import Array
from flowviz.flows._block import Block, Figures
from flowviz.flows._training import Export, take_array

UNTRAINED, TRAINED, AGAIN = 0, 1, 2


class Stand(NamedTuple):
    """Where a JKO flow stands.

    Attributes:
        planned: number of blocks in the end.
        blocks: those that have begun.
        shares: parts of flow time, one per planned block.
        rounds: re-timings and refinements done.
    """

    planned: int
    blocks: list[Block]
    shares: list[float]
    rounds: tuple[int, int]


def exported(export: Export, stand: Stand) -> dict[str, Array]:
    """One averaged vector per block, the vector in training, and small tables.

    "planned": count; "status" (m, 3), flattened: (UNTRAINED, TRAINED or AGAIN, steps, solver steps); "figures" (m, 6),
    flattened: (h, W2^2, loss, potential, divergence, transport); "likelihoods" (m, 3), flattened: (stop ratio, NLL
    before, NLL), NaN where not trained; "shares" (planned,); "rounds" (2,).
    """
    blocks = stand.blocks
    marks = [(_status(b), b.steps, b.chooser.steps, b.step_size) for b in blocks]
    arrays = {
        "planned": export.array("planned", stand.planned, lambda: np.array([stand.planned])),
        "status": export.array("status", marks, lambda: np.array([m[:3] for m in marks], dtype=np.int64).reshape(-1)),
        "figures": export.array("figures", marks, lambda: _figures(blocks)),
        "likelihoods": export.array("likelihoods", marks, lambda: _likelihoods(blocks)),
        "shares": export.array("shares", tuple(stand.shares), lambda: np.array(stand.shares)),
        "rounds": export.array("rounds", stand.rounds, lambda: np.array(stand.rounds)),
    }
    for k, block in enumerate(blocks):
        version = (id(block), block.is_trained, block.steps)
        arrays[f"block/{k}"] = export.array(f"block/{k}", version, lambda b=block: b.average)  # type: ignore[misc]
        if block.steps and not block.is_trained:
            arrays["training"] = export.array("training", version, lambda b=block: b.flat)  # type: ignore[misc]
    return arrays


def _status(block: Block) -> int:
    return TRAINED if block.is_trained else AGAIN if block.is_again else UNTRAINED


def _figures(blocks: Sequence[Block]) -> Array:
    rows = [[b.step_size, b.figures.w2_squared if b.figures else 0.0, *b.terms.tolist()] for b in blocks]
    return np.array(rows, dtype=np.float64).reshape(-1)


def _likelihoods(blocks: Sequence[Block]) -> Array:
    nothing = [np.nan] * 3
    rows = [[b.figures.stop_ratio, b.figures.nll_before, b.figures.nll] if b.figures else nothing for b in blocks]
    return np.array(rows, dtype=np.float64).reshape(-1)


def loaded(weights: Mapping[str, Array], size: int, device: torch.device, dtype: torch.dtype) -> Stand:
    """What `exported` has written, or a run file from before it had likelihoods, shares and rounds.

    Args:
        size: length of a block's vector.

    Raises:
        UserError: names or shapes do not fit.
    """
    planned = int(take_array(weights, "planned", 1)[0])
    status = take_array(weights, "status")
    if len(status) % 3 or planned < len(status) // 3:
        raise UserError("The table of blocks in the weights is damaged.", "Load weights of a JKO flow.")
    table = status.reshape(-1, 3)
    figures = take_array(weights, "figures", 6 * len(table)).reshape(-1, 6)
    likelihoods = np.full((len(table), 3), np.nan)
    if "likelihoods" in weights:
        likelihoods = take_array(weights, "likelihoods", 3 * len(table)).reshape(-1, 3)
    shares = take_array(weights, "shares", planned).tolist() if "shares" in weights else [1.0] * planned
    rounds = take_array(weights, "rounds", 2).tolist() if "rounds" in weights else [0, 0]

    def tensor(name: str) -> Tensor:
        return torch.from_numpy(np.array(take_array(weights, name, size))).to(device, dtype)

    blocks = []
    for k, (state, row, likelihood) in enumerate(zip(table.tolist(), figures, likelihoods, strict=True)):
        begun = state[0] != TRAINED and state[1] > 0
        average = tensor(f"block/{k}")
        flat = tensor("training") if begun else average if state[0] == TRAINED else average.clone()
        blocks.append(_block(state, row, likelihood, flat, average))
    return Stand(planned, blocks, shares, (int(rounds[0]), int(rounds[1])))


def _block(state: Sequence[int], row: Array, likelihood: Array, flat: Tensor, average: Tensor) -> Block:
    status, steps, solver_steps = state
    terms = torch.from_numpy(row[2:].copy()).to(average.dtype).to(average.device)
    figures = Figures(float(row[1]), *(float(x) for x in likelihood)) if status == TRAINED else None
    if status != TRAINED:
        flat = flat.requires_grad_()
    block = Block(flat, average, float(row[0]), solver_steps, steps, terms, figures)
    block.is_trained, block.is_again = status == TRAINED, status == AGAIN
    return block
