"""The curves beside a film's stage."""

import numpy as np
import pytest

from flowviz.core.film import Curves, curves_of
from flowviz.core.records import RunFile
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec
from flowviz.scene.curve_panels import beside
from flowviz.scene.panels import Panel, Scene

STEPS = np.linspace(0, 100, 21)


def floor_and_its_name(values, floor):
    """Heights in a panel of the noise floor's line and of its name."""
    curves = Curves({"W2 distance": np.stack([STEPS, values], axis=1)}, {"W2 distance": (floor, floor, floor)})
    (panel,) = beside(Scene((), "", ""), curves, 50.0).panels
    (name,) = (label for label in panel.labels if label.text == "noise floor")
    (line,) = (mark.paths[0] for mark in panel.marks if getattr(mark, "colour", "") == "muted")
    return line[0, 1], name.y


@pytest.mark.parametrize(("ends_at", "is_above"), [(0.9, False), (0.1, True)])
def test_the_name_of_a_noise_floor_stands_where_the_curve_does_not_end(ends_at, is_above):
    values = np.interp(STEPS, [0, 60, 100], [2.0, 0.0, ends_at])
    line, name = floor_and_its_name(values, 0.8)
    assert (name > line) == is_above


def test_the_name_of_a_floor_at_the_bottom_stands_above_it():
    line, name = floor_and_its_name(np.linspace(2.0, 1.0, 21), 0.95)
    assert name > line


def test_losses_are_means_over_stretches_of_one_length():
    steps = np.arange(1, 1001)
    run = RunFile(RunSpec(TargetSpec("pinwheel"), FlowSpec("cnf")), (), steps, {"loss": steps.astype(float)})
    (values,) = curves_of(run).values.values()
    assert len(values) <= 160 and np.allclose(np.diff(values[:-1, 0]), np.diff(values[:2, 0]))
    assert np.allclose(values[:, 0], values[:, 1])  # the loss is its step, so their means agree


@pytest.mark.parametrize("is_tall", [False, True])
def test_curves_take_the_right_of_a_wide_picture_and_the_bottom_of_a_tall_one(is_tall):
    values = np.stack([STEPS, STEPS], axis=1)
    stage = Panel("stage", (), (0, 1, 0, 1), place=(0.5, 0.5, 0.5, 0.5))
    panels = beside(Scene((stage,), "", ""), Curves({"a": values, "b": values}), 1.0, is_tall).panels
    assert np.allclose([panel.place for panel in panels], (
        [(0.5, 0.35, 0.5, 0.35), (0.0, 0.7, 0.5, 0.3), (0.5, 0.7, 0.5, 0.3)] if is_tall
        else [(0.35, 0.5, 0.35, 0.5), (0.7, 0.0, 0.3, 0.5), (0.7, 0.5, 0.3, 0.5)]
    ))  # fmt: skip
