"""What the blocks of a JKO flow did, as numbers and as a sentence: divergence, bound and envelope block by block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flowviz.core.frames import BlockInfo

KL_NOISE = 0.01
"""Nats. A likelihood that is a mean over some thousand samples tells divergences apart no better than this."""


@dataclass(frozen=True, slots=True)
class BlockRow:
    """One block with what can be said about it.

    Attributes:
        info: the block.
        kl_before, kl: KL(p || N(0, I)) in nats before and after it, less the chain's unknown constant; None
            before it is measured. Sampling can make a small one negative.
        bound: largest KL after an exact JKO step from `kl_before`: kl_before / (1 + h)^2 (Cheng, Lu, Tan & Xie
            2024, arXiv 2310.17582; N(0, I) is 1-log-concave). None for the free block, whose loss is no JKO step.
        envelope: the same bound chained from the data: KL_0 / prod (1 + h_j)^2 over the blocks up to this one.
    """

    info: BlockInfo
    kl_before: float | None
    kl: float | None
    bound: float | None
    envelope: float | None

    @property
    def moved(self) -> float | None:
        """Root mean square distance that the block moves the samples, or None before training."""
        return None if self.info.w2_squared is None else math.sqrt(max(0.0, self.info.w2_squared))

    @property
    def is_passed(self) -> bool:
        """Whether the bound is passed by more than the noise of a sampled likelihood."""
        return self.bound is not None and self.kl is not None and self.kl > max(self.bound, 0.0) + KL_NOISE


@dataclass(frozen=True, slots=True)
class BlockChain:
    """All blocks of a flow, nearest the data first.

    Attributes:
        rows: the blocks.
        kl_data: KL(data || N(0, I)), or None while no block is measured.
        is_relative: the entropy of the data is unknown. Then the least NLL of the chain stands in for it: every KL
            is less by the same unknown constant c >= 0. Bound and envelope stay necessary conditions, since
            KL <= KL_0 / p implies KL - c <= (KL_0 - c) / p for p >= 1.
    """

    rows: tuple[BlockRow, ...]
    kl_data: float | None
    is_relative: bool

    @property
    def newest(self) -> int:
        """Index of the last block that is measured, or else trained, or 0."""
        for fits in (
            lambda row: row.kl is not None,
            lambda row: row.info.status == "trained",
            lambda row: row.info.status == "training",
        ):
            found = [row.info.index for row in self.rows if fits(row)]
            if found:
                return found[-1]
        return 0


def chain_of(blocks: Sequence[BlockInfo], entropy: float | None) -> BlockChain:
    """The chain of these blocks.

    KL(p_k || N(0, I)) = nll_k - entropy, since the flow is invertible.

    Args:
        blocks: nearest the data first.
        entropy: differential entropy of the data in nats, or None where it is unknown.
    """
    measured = [value for block in blocks for value in (block.nll, block.nll_before) if value is not None]
    constant = entropy if entropy is not None else min(measured, default=0.0)
    first = blocks[0].nll_before if blocks else None
    envelope = kl_data = None if first is None else first - constant
    rows = []
    for block in blocks:
        shrink = math.inf if block.is_free else (1.0 + block.step_size) ** 2
        before = None if block.nll_before is None else block.nll_before - constant
        after = None if block.nll is None else block.nll - constant
        bound = None if before is None or block.is_free else before / shrink
        envelope = None if envelope is None or block.is_free else envelope / shrink
        rows.append(BlockRow(block, before, after, bound, envelope))
    return BlockChain(tuple(rows), kl_data, entropy is None)


def begins_round(before: Sequence[BlockInfo], after: Sequence[BlockInfo]) -> bool:
    """Whether trained blocks were changed between two pictures: refined, re-timed or given back to training."""
    old = [block for block in before if block.status == "trained"]
    if not old:
        return False
    if len(after) < len(old):
        return True
    pairs = zip(old, after, strict=False)
    return any(b.status != "trained" or not math.isclose(a.step_size, b.step_size, rel_tol=1e-6) for a, b in pairs)


def aligned(before: Sequence[BlockInfo], after: Sequence[BlockInfo]) -> tuple[BlockInfo | None, ...]:
    """For each block after an edit, the block of the round before that ends at the same place of the chain.

    None for a block that has none: a new one, or the first half of one that was split. The second half ends where the
    whole did, but the way of the whole is no measure for it. Which block was edited shows in the figures: those before
    it were not touched.
    """
    pairs = zip(before, after, strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a.nll is None or a.nll != b.nll), min(len(before), len(after)))
    more = len(after) - len(before)
    if more == len(before) > 1:  # every block was split
        return tuple(replace(before[i // 2], w2_squared=None) if i % 2 else None for i in range(len(after)))
    if more == 1:
        halves = [replace(block, w2_squared=None) for block in before[same : same + 1]]
        return (*before[:same], None, *halves, *before[same + 1 :])
    if more == -1:
        return (*before[:same], *before[same + 1 :])
    return tuple(before[i] if i < len(before) else None for i in range(len(after)))


def change_words(before: BlockInfo | None, after: BlockInfo) -> str:
    """A block's NLL and W2^2 before and after an edit: "NLL 2.412 → 2.398, W₂² 0.31 → 0.29"; "" without both."""
    parts = [
        f"{name} {_plain(old, digits)} → {_plain(new, digits)}"
        for name, old, new, digits in (
            ("NLL", before.nll if before else None, after.nll, 3),
            ("W₂²", before.w2_squared if before else None, after.w2_squared, 2),
        )
        if old is not None and new is not None
    ]
    return ", ".join(parts)


def _plain(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if abs(value) >= 10**-digits or not value else figure(value)


def spread(blocks: Sequence[BlockInfo]) -> float | None:
    """Largest over smallest W2^2 of the trained blocks that are JKO steps; None below two of them."""
    costs = [b.w2_squared for b in blocks if b.status == "trained" and not b.is_free and b.w2_squared]
    return max(costs) / min(costs) if len(costs) > 1 else None


def figure(value: float) -> str:
    """A number as one reads it aloud: two or three digits that matter."""
    if value == 0:
        return "0"
    if abs(value) < 1e-3:
        return f"{value:.0e}".replace("e-0", "e−")
    digits = next((digits for digits, limit in ((3, 0.1), (2, 10.0), (1, 100.0)) if abs(value) < limit), 0)
    return f"{value:.{digits}f}"


def sentence(chain: BlockChain, index: int) -> tuple[str, bool]:
    """What block `index` did, in plain words, and whether it is a warning (the bound of theory is passed)."""
    if not 0 <= index < len(chain.rows):
        return "", False
    row, info = chain.rows[index], chain.rows[index].info
    name = f"Block {index + 1} of {len(chain.rows)}"
    if info.status == "waiting":
        return f"{name} waits; it will move the samples {_step(info)}.", False
    moved = "" if row.moved is None else f" the samples by {figure(row.moved)}"
    if info.status == "training":
        return f"{name} is in training" + (f"; so far it moves{moved}." if moved else "."), False
    start = f"{name} moved{moved}" if moved else f"{name} is trained"
    if row.kl is None or row.kl_before is None:
        return f"{start}; its KL is not measured yet.", False
    verb, verdict = (_relative if chain.is_relative else _absolute)(row)
    return f"{start} and {verb}{verdict}{_closed_form(info)}", row.is_passed


def _closed_form(info: BlockInfo) -> str:
    """What an exactly trained chain would show at this block, where that is known."""
    if info.exact_kl is None or info.exact_w2_squared is None:
        return ""
    return f" In closed form: moved {figure(math.sqrt(info.exact_w2_squared))}, KL {_nats(info.exact_kl)}."


def _step(info: BlockInfo) -> str:
    if info.kind == "process":
        return "all the way to noise" if info.is_free else f"along the process for a time of γ = {step_words(info)}"
    return "without a transport cost" if info.is_free else f"with a JKO step of h = {step_words(info)}"


def step_words(info: BlockInfo) -> str:
    """A block's own step as a number: h of a JKO step, γ of a stretch of the process; "free" where it has none."""
    if info.is_free:
        return "free"
    return figure(math.log1p(info.step_size) if info.kind == "process" else info.step_size)


_WHY = "undertrained, network too small, or noise of the samples"


def _no_bound(info: BlockInfo) -> str:
    if info.kind == "process":
        return "; it goes all the way to noise, so no bound holds for it."
    return "; it pays no transport cost, so no bound holds for it."


def _absolute(row: BlockRow) -> tuple[str, str]:
    assert row.kl is not None and row.kl_before is not None
    before, after = _nats(row.kl_before), _nats(row.kl)
    verb = "brought" if row.kl <= row.kl_before else "raised"
    what = f"{verb} KL from {before} to {after}" if before != after else f"left KL at {after}"
    if row.bound is None:
        return what, _no_bound(row.info)
    if row.bound <= 0:  # nothing was left before it
        words = f"an exact step leaves it there: {_WHY}" if row.is_passed else "there was no more to lower"
        return what, f"; {words}."
    bound = figure(row.bound)
    if row.is_passed:
        return what, f"; an exact step ends at {bound} or less: {_WHY}."
    if row.kl > row.bound and figure(row.kl) != bound:
        return what, f"; the theory allows at most {bound}, and the rest is within the noise of the samples."
    return what, f"; the theory allows at most {bound}."


def _relative(row: BlockRow) -> tuple[str, str]:
    assert row.kl is not None and row.kl_before is not None
    drop = row.kl_before - row.kl
    what = f"lowered KL by {figure(drop)}" if drop >= 0 else f"raised KL by {figure(-drop)}"
    if row.bound is None:
        return what, _no_bound(row.info)
    if row.kl_before <= row.bound:
        words = f"an exact step does not raise it: {_WHY}" if row.is_passed else "the theory asks for no more"
        return what, f"; {words}."
    least = figure(row.kl_before - row.bound)
    if row.is_passed:
        return what, f"; an exact step lowers it by {least} or more: {_WHY}."
    return what, f"; the theory asks for at least {least}."


def _nats(kl: float) -> str:
    return figure(kl) if kl > 0 else "0 within noise"
