"""The script that a run can be copied as: it runs as it is, and repeats the run number by number."""

import numpy as np
import pytest

from flowviz.core.events import FrameReady
from flowviz.core.recipe import MOST_EMBEDDED, recipe_of
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec, frozen_array
from flowviz.engine.run import run

RECORDING = Recording(particles=30, n_times=3, min_gap_s=1e9, metric_points=20)


def blot(noise=0.0):
    """A drawing: one blot, or (with noise) something that cannot be compressed."""
    x = np.linspace(-4, 4, 256)
    grid = np.exp(-4 * ((x[:, None] - 1) ** 2 + x**2)) + noise * np.random.default_rng(0).random((256, 256))
    return frozen_array(np.where(grid > 0.3, grid, 0).astype(np.float32))


def spec_of(target, source=None):
    return RunSpec(
        target, FlowSpec("cnf", {"width": 8, "batch_size": 16, "learning_rate": 0.01}), Budget(steps=2), 5, "cpu",
        RECORDING, ("sliced_w2",), source,
    )  # fmt: skip


@pytest.mark.parametrize("case", ["preset", "drawn", "loaded", "large"])
def test_the_script_runs_as_it_is_and_repeats_the_run(tmp_path, capsys, case):
    points = frozen_array(np.random.default_rng(1).standard_normal((60, 2)))
    spec = {
        "preset": spec_of(TargetSpec("rings", {"count": 2}, name='A "quoted" \\ name')),
        "drawn": spec_of(TargetSpec("drawing", {}, {"density": blot()}, "Drawing")),
        "loaded": spec_of(TargetSpec("points", {}, {"points": points}), TargetSpec("eight_gaussians")),
        "large": spec_of(TargetSpec("drawing", {}, {"density": blot(0.6)}, "Drawing")),
    }[case]
    recipe = recipe_of(spec, "A run", str(tmp_path / "data.npz"), {"width": 64, "learning_rate": 0.01})
    assert len(recipe.script) < MOST_EMBEDDED + 4000
    assert bool(recipe.arrays) == (case == "large")
    if recipe.arrays:
        np.savez_compressed(tmp_path / "data.npz", **recipe.arrays)
    assert "'width': 8" in recipe.script and "learning_rate" not in recipe.script
    names: dict[str, object] = {}
    exec(compile(recipe.script, "recipe.py", "exec"), names)  # what we have just written ourselves
    repeated = names["spec"]
    learning_rate = {"learning_rate": 0.01} if case else {}
    assert repeated.target == spec.target and repeated.source == spec.source and repeated.budget == spec.budget
    assert {**learning_rate, **repeated.flow.params} == spec.flow.params
    assert "2 steps: " in capsys.readouterr().out
    if case == "drawn":
        repeated_from_here = [e.frame for e in run(repeated) if isinstance(e, FrameReady)]
        assert np.array_equal(names["samples"], repeated_from_here[-1].paths[-1])
