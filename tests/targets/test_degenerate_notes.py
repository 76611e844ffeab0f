"""What is said, and done, about loaded points that have no density or that a few far ones dwarf."""

import numpy as np
import pytest

from flowviz.targets import build
from flowviz.targets.loading import LoadOptions, load_target

NORMAL = np.random.default_rng(0).standard_normal((1000, 2))
LINE = NORMAL[:, :1] * [1.0, -3.0] + [2.0, 8.0]


def _load(folder, points, **params):
    np.save(folder / "points.npy", np.asarray(points, dtype=np.float64))
    return load_target(folder / "points.npy", LoadOptions(params=params))


def test_a_jitter_that_a_person_gives_is_kept_and_not_spoken_of(tmp_path):
    loaded = _load(tmp_path, LINE, jitter=0.1)
    assert loaded.spec.params["jitter"] == 0.1 and loaded.notes == ()


def test_a_person_who_wants_no_jitter_gets_none_and_is_warned(tmp_path):
    loaded = _load(tmp_path, LINE, jitter=0.0)
    assert loaded.spec.params["jitter"] == 0
    assert len(loaded.notes) == 1 and "falls without end" in loaded.notes[0]


@pytest.mark.parametrize("standardise", ["automatic", "together", "each axis", "off"])
def test_a_line_is_found_in_every_frame_even_with_one_point_beside_it(tmp_path, standardise):
    loaded = _load(tmp_path, np.concatenate([LINE, [[2.5, 9.0]]]), standardise=standardise)
    assert "on one straight line" in loaded.notes[0] and loaded.spec.params["jitter"] > 0


def test_levels_of_one_column_are_lines(tmp_path):
    levels = np.stack([NORMAL[:, 0], np.arange(1000) % 3], axis=1)
    assert "All points lie on 3 straight lines" in _load(tmp_path, levels).notes[0]


@pytest.mark.parametrize("width", [0.03, 0.1, 1.0])
def test_narrow_clouds_that_have_a_density_are_left_alone(tmp_path, width):
    slanted = NORMAL * [1, width] @ np.array([[1, 1], [-1, 1]])
    clusters = width * NORMAL / 3 + np.repeat([[0, 0], [2, 2]], 500, axis=0)
    for points in (slanted, clusters):
        loaded = _load(tmp_path, points)
        assert loaded.notes == () and "jitter" not in loaded.spec.params


@pytest.mark.parametrize(("n", "said"), [(1, "1 point lies"), (3, "3 points lie")])
def test_a_few_points_far_away_are_counted(tmp_path, n, said):
    loaded = _load(tmp_path, np.concatenate([NORMAL, np.full((n, 2), 1e9)]))
    assert len(loaded.notes) == 1 and said in loaded.notes[0] and "remove" in loaded.notes[0]


def test_points_far_away_that_press_the_others_into_a_dot_are_named(tmp_path):
    loaded = _load(tmp_path, np.concatenate([NORMAL, 1e9 * NORMAL[:50]]))
    assert "50 points far away set the scale" in loaded.notes[-1]
    assert "lie in one place" in loaded.notes[0]


def test_the_draws_of_a_jittered_line_have_its_width_across(tmp_path):
    target = build(_load(tmp_path, LINE, standardise="together").spec)
    x = target.sample(20_000, np.random.default_rng(0))
    across = x @ np.array([3.0, 1.0]) / np.sqrt(10)
    assert across.std() == pytest.approx(target.params.jitter, rel=0.05)
