"""Of a run that outgrew its memory each kept frame is seen again as it was (for long: tests.bench.long.thinning)."""

import numpy as np
import pytest

from flowviz.core.events import FrameReady
from flowviz.core.queries import TransportQuery
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.core.timeline import KEPT_PATHS, Timeline
from flowviz.engine.derive import Deriver
from flowviz.engine.run import run

EVERY_STEP = Recording(particles=150, n_times=5, min_gap_s=0.0, duty=1.0)


@pytest.mark.parametrize("key", ["cnf", "jko"])
def test_a_history_in_a_third_of_its_memory_shows_again_what_was_seen_live(key):
    spec = RunSpec(
        TargetSpec("two_moons"), FlowSpec(key, {"width": 8, "batch_size": 32}), Budget(steps=30), seed=3, device="cpu",
        recording=EVERY_STEP, metrics=(),
    )  # fmt: skip
    frames = [event.frame for event in run(spec) if isinstance(event, FrameReady)]
    seen = {frame.step: frame.paths for frame in frames}
    assert len(seen) == 31, "a frame for every step"
    whole = Timeline()
    for frame in frames:
        whole.append(frame)
    timeline = Timeline(whole.nbytes // 3)
    for frame in frames:
        timeline.append(frame)
        assert timeline.nbytes <= whole.nbytes // 3
    kept = timeline.frames
    assert any(frame.paths.shape[1] == KEPT_PATHS for frame in kept), "none was thinned"
    assert (kept[0].step, kept[-1].step) == (0, 30)
    assert np.diff([frame.step for frame in kept]).max() <= 8, "no stretch of the training is lost"
    deriver = Deriver()
    for frame in kept:
        query = TransportQuery("noise", tuple(frame.times.tolist()), EVERY_STEP.particles, spec.seed)
        again = deriver.answer(spec, frame.weights, query)["paths"]
        assert again == pytest.approx(seen[frame.step], abs=1e-5)
