"""The curves of earlier runs, in grey behind those of the run on the stage."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from flowviz.core.losses import LossTerm, term_of
from flowviz.core.records import RunEntry, RunFile
from flowviz.core.spec import Array
from flowviz.gui.views.trace import CurveKind, Trace, number, thin
from flowviz.scene.tokens import Tokens

MOST_NAMED = 3
"""Earlier runs that a legend names; the list of runs switches the others."""
_KEY = "run "


def named_of(traces: Iterable[Trace]) -> tuple[list[Trace], int]:
    """The traces that a legend names, and how many earlier runs it does not."""
    traces = list(traces)
    unnamed = [trace.key for trace in traces if trace.key.startswith(_KEY)][MOST_NAMED:]
    return [trace for trace in traces if trace.key not in unnamed], len(unnamed)


def earlier_traces(kind: CurveKind, entries: Iterable[RunEntry], tokens: Tokens, term: LossTerm) -> list[Trace]:
    """One grey line for each kept run that has the curve of this tab and is switched on, the newest run first.

    A loss that is another quantity than `term`, which the axis has, is no curve of it.
    """
    result = []
    for entry in entries:
        curve = None if entry.record is None or not entry.is_shown else _curve(kind, entry.record, term)
        if curve is not None and len(curve[1]):
            x, y = thin(*curve)
            label = f"{entry.name} {number(float(y[-1]))}"
            tip = f"{entry.name}, an earlier run of {entry.record.spec.target.name or 'another target'}"  # type: ignore[union-attr]
            result.append(Trace(f"{_KEY}{entry.number}", label, tip, tokens.muted, x=x, y=y))
    return result[::-1]


def _curve(kind: CurveKind, record: RunFile, term: LossTerm) -> tuple[Array, Array] | None:
    """Training steps and values, or None where the run has none."""
    if kind.metric:
        pairs = record.metrics.get(kind.metric)
        return None if pairs is None else (pairs[:, 0], pairs[:, 1])
    losses = record.losses.get("loss")
    if losses is None or not _same(term_of(record.terms, "loss"), term):
        return None
    keep = np.isfinite(losses)
    return record.loss_steps[keep].astype(np.float64), losses[keep]


def _same(one: LossTerm, other: LossTerm) -> bool:
    return (one.label, one.unit) == (other.label, other.unit)
