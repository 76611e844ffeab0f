"""Loaded points: standardised to the shared frame, and given back in their own units."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowviz.core.errors import UserError
from flowviz.core.spec import TargetSpec
from flowviz.targets import build

NUMBERS = st.floats(-1e6, 1e6)


def _points(points, **params):
    return build(TargetSpec("points", params, {"points": np.asarray(points, dtype=np.float64)}))


def _cloud(scale, shift=(0, 0), n=4000):
    return np.random.default_rng(0).normal(size=(n, 2)) * scale + shift


@settings(deadline=None, max_examples=50)
@given(
    NUMBERS,
    NUMBERS,
    st.floats(1e-3, 1e6),
    st.floats(1e-3, 1e6),
    st.sampled_from(["automatic", "together", "each axis", "off"]),
)
def test_to_the_shared_frame_and_back_is_where_one_was(x, y, sx, sy, choice):
    points = _cloud((sx, sy), (x, y), 50)
    frame = _points(points, standardise=choice).frame
    back = frame.to_data(frame.to_shared(points))
    np.testing.assert_allclose(back, points, rtol=1e-9, atol=1e-9 * (1 + np.abs(points).max()))
    assert (frame.scale > 0).all()


def test_draws_are_the_points_themselves():
    points = _cloud((3, 4), (7, 9), 100)
    target = _points(points)
    drawn = target.frame.to_data(target.sample(2000, np.random.default_rng(0)))
    distance = np.abs(drawn[:, None] - points[None]).max(axis=2).min(axis=1)
    assert distance.max() < 1e-9


@pytest.mark.parametrize(("scale", "equal"), [((2, 6), True), ((1, 10), False)])
def test_automatic_keeps_one_scale_unless_the_spreads_differ_fourfold(scale, equal):
    frame = _points(_cloud(scale)).frame
    assert (frame.scale[0] == frame.scale[1]) == equal
    x = _points(_cloud(scale)).sample(5000, np.random.default_rng(0))
    assert x.std(axis=0).min() > 0.5 and x.std(axis=0).max() < 2.3


def test_together_each_axis_and_off_do_as_they_say():
    points = _cloud((1, 10), (5, 5))
    together, each, off = (_points(points, standardise=c).frame for c in ("together", "each axis", "off"))
    assert together.scale[0] == together.scale[1]
    assert each.scale[1] / each.scale[0] == pytest.approx(10, rel=0.1)
    assert off.scale.tolist() == [1, 1] and off.shift.tolist() == [0, 0]


def test_one_wild_point_does_not_press_the_others_into_a_dot():
    points = np.concatenate([_cloud((1, 1)), [[1e6, 1e6]]])
    x = _points(points).frame.to_shared(points[:-1])
    assert 1.2 < x.std() < 1.8


def test_a_constant_column_borrows_the_scale_of_the_other():
    points = _cloud((3, 0), (0, 8))
    for choice in ("automatic", "together", "each axis"):
        target = _points(points, standardise=choice)
        assert np.isfinite(target.sample(10, np.random.default_rng(0))).all()
        assert target.frame.scale[0] == target.frame.scale[1] > 0


def test_mostly_equal_points_are_still_in_view():
    points = np.zeros((1000, 2))
    points[0] = [8, 8]
    assert np.abs(_points(points).frame.to_shared(points)).max() < 10


def test_jitter_adds_noise_of_its_width():
    points = np.array([[-1.0, 0.0], [1.0, 0.0]])
    x = _points(points, standardise="off", jitter=0.1).sample(20_000, np.random.default_rng(0))
    assert x[:, 1].std() == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (np.zeros((5, 2)), "All 5 points are equal"),
        (np.zeros((0, 2)), "no points"),
        (np.zeros((5, 4)), "two or three columns"),
        ([[0.0, 1.0], [np.nan, 2.0]], "not a number"),
    ],
)
def test_points_that_make_no_distribution_are_refused(points, sentence):
    with pytest.raises(UserError, match=sentence):
        _points(points)
