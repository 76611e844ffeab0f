"""What the start of the run on the stage saved, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flowviz.core.records import RunEntry
from flowviz.gui.state.run import RunState
from flowviz.scene.start_story import words


def start_words(run: RunState, earlier: Sequence[RunEntry]) -> str:
    """The sentence; "" for a run that began from nothing."""
    measured = run.metrics.get("nll")
    if run.spec is None or measured is None:
        return ""
    return words(run.spec, np.stack(measured.curve(), axis=1), run.timeline.frames, earlier)
