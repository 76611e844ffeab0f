"""Laws that every registered target keeps, and the entropies that the literature's definitions give."""

import math
import time

import numpy as np
import pytest

from flowviz.core.errors import UserError
from flowviz.core.params import fields_of
from flowviz.core.spec import TargetSpec
from flowviz.targets import TARGETS, HasLogDensity, build
from flowviz.targets.loading import text_target
from tests.targets.shape_files import CUBE, CUBE_FACES

PRESETS = [key for key, cls in TARGETS.items() if cls.is_preset]


def _data_targets() -> dict[str, TargetSpec]:
    rng = np.random.default_rng(7)
    bump = np.exp(-((np.arange(32) - 14.0) ** 2) / 60)
    ramp = np.add.outer(np.arange(40), np.arange(60)) / 100.0
    return {
        "drawing": TargetSpec("drawing", {}, {"density": ramp.astype(np.float32)}),
        "drawing_3d": TargetSpec("drawing_3d", {}, {"density": np.multiply.outer(bump, np.multiply.outer(bump, bump))}),
        "image": TargetSpec("image", {}, {"density": np.pad(ramp, 8).astype(np.float32)}),
        "text": text_target("Law").spec,
        "points": TargetSpec("points", {}, {"points": rng.normal(size=(500, 2)) * [3, 5] + 100}),
        "mesh": TargetSpec("mesh", {}, {"vertices": CUBE, "faces": CUBE_FACES}),
    }


SPECS = {key: TargetSpec(key) for key in PRESETS} | _data_targets()
WITH_DENSITY = [key for key, spec in SPECS.items() if isinstance(build(spec), HasLogDensity)]


def _mass(target, n: int) -> float:
    """The integral of the density over its bounds and a margin, by n evenly spread points a side."""
    low, high = target.bounds()
    low, high = low - 0.5, high + 0.5
    return float(np.exp(target.log_density(_grid(low, high, n))).sum() * np.prod((high - low) / n))


def _grid(low, high, n: int) -> np.ndarray:
    """The middles (n^d, d) of n cells a side, the first coordinate slowest."""
    axes = [low[i] + (high[i] - low[i]) * (np.arange(n) + 0.5) / n for i in range(len(low))]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(low))


def test_every_target_has_a_law_test():
    assert set(SPECS) == {key for key, _ in TARGETS.items()}


def test_the_gallery_holds_the_twelve_presets_of_the_plane():
    assert {key for key in PRESETS if TARGETS.get(key).dims == (2,)} == {
        "eight_gaussians", "two_moons", "pinwheel", "two_spirals", "checkerboard", "swiss_roll", "rings", "circles",
        "rose", "tree", "gaussian", "mixture",
    }  # fmt: skip


def test_the_gallery_holds_the_eleven_presets_of_space():
    assert {key for key in PRESETS if TARGETS.get(key).dims == (3,)} == {
        "torus", "trefoil", "double_helix", "swiss_roll_3d", "s_curve", "spherical_shell", "nested_spheres",
        "cube_corners", "lorenz", "gaussian_3d", "mixture_3d",
    }  # fmt: skip


@pytest.mark.parametrize("key", SPECS)
class TestEveryTarget:
    def test_draws_are_finite_points_of_the_plane_or_of_space(self, key):
        target = build(SPECS[key])
        for n in (0, 1, 1000):
            x = target.sample(n, np.random.default_rng(0))
            assert x.shape == (n, target.dim)
            assert target.dim in type(target).dims
            assert x.dtype == np.float64
            assert np.isfinite(x).all()

    def test_the_same_seed_gives_the_same_points(self, key):
        first, second = build(SPECS[key]), build(SPECS[key])
        a, b = (t.sample(500, np.random.default_rng(3)) for t in (first, second))
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, first.sample(500, np.random.default_rng(4)))

    def test_draws_lie_within_the_bounds(self, key):
        target = build(SPECS[key])
        low, high = target.bounds()
        x = target.sample(50_000, np.random.default_rng(1))
        assert np.all((x >= low) & (x <= high), axis=1).mean() >= 0.999

    def test_most_mass_lies_in_the_shared_square_or_cube(self, key):
        x = build(SPECS[key]).sample(20_000, np.random.default_rng(2))
        assert np.all(np.abs(x) <= 4.2, axis=1).mean() > 0.97

    def test_a_hundred_thousand_draws_take_less_than_50_ms(self, key):
        target = build(SPECS[key])
        target.sample(1000, np.random.default_rng(0))
        spent = []
        for _ in range(5):
            start = time.thread_time()
            target.sample(100_000, np.random.default_rng(0))
            spent.append(time.thread_time() - start)
        assert min(spent) < 0.05

    def test_has_words_for_people(self, key):
        cls = TARGETS.get(key)
        assert cls.label and cls.summary.endswith(".")
        assert all(field.label for field in fields_of(cls.Params))

    def test_unknown_parameters_are_refused(self, key):
        spec = SPECS[key]
        with pytest.raises(UserError, match="no parameter called colour"):
            build(TargetSpec(key, {**spec.params, "colour": 1}, spec.data))


@pytest.mark.parametrize("key", WITH_DENSITY)
class TestEveryDensity:
    def test_integrates_to_one(self, key):
        target = build(SPECS[key])
        smooth = key in PRESETS and key != "checkerboard"
        cells = {2: 320 if smooth else 640, 3: 48}[target.dim]  # in space one and a half cells a standard deviation
        assert _mass(target, cells) == pytest.approx(1.0, abs=0.01)

    def test_entropy_is_the_mean_surprise_of_the_draws(self, key):
        target = build(SPECS[key])
        logs = target.log_density(target.sample(20_000, np.random.default_rng(5)))
        assert np.isfinite(logs).all()
        assert -logs.mean() == pytest.approx(target.entropy(), abs=4 * logs.std() / math.sqrt(len(logs)) + 2e-3)

    def test_draws_fill_boxes_as_the_density_says(self, key):
        target = build(SPECS[key])
        low, high = target.bounds()
        n = 100_000
        x = target.sample(n, np.random.default_rng(6))
        boxes, fine = {2: (8, 240), 3: (4, 48)}[target.dim]
        density = np.exp(target.log_density(_grid(low, high, fine)))
        shares = density.reshape((boxes, fine // boxes) * target.dim).sum(axis=tuple(range(1, 2 * target.dim, 2)))
        shares *= np.prod((high - low) / fine)
        counts, _ = np.histogramdd(x, bins=boxes, range=list(zip(low, high, strict=True)))
        slack = 5 * np.sqrt(shares * (1 - shares) / n) + 2e-3
        assert np.all(np.abs(counts / n - shares) < slack)

    def test_far_away_the_density_is_nothing_and_no_nan(self, key):
        target = build(SPECS[key])
        logs = target.log_density(np.array([[1e3, -1e3, 1e3], [40.0, 0.0, 0.0]])[:, : target.dim])
        assert not np.isnan(logs).any() and (logs < -50).all()

    def test_no_points_have_no_densities(self, key):
        target = build(SPECS[key])
        assert target.log_density(np.zeros((0, target.dim))).shape == (0,)


@pytest.mark.parametrize("key", PRESETS)
def test_every_corner_of_the_parameters_makes_a_target(key):
    cls = TARGETS.get(key)
    for field in fields_of(cls.Params):
        for value in (field.lo, field.hi):
            target = build(TargetSpec(key, {field.name: value}))
            x = target.sample(50, np.random.default_rng(0))
            assert np.isfinite(x).all()
            if isinstance(target, HasLogDensity):
                assert np.isfinite(target.log_density(x)).all()


# Table of MATH.md 2.5: entropy and its standard error; the first three rows of definitions are FFJORD's.
TABLE = {
    "eight_gaussians": (2.821, 0.007),
    "two_moons": (2.394, 0.005),
    "circles": (3.269, 0.006),
    "rings": (2.620, 0.006),
    "swiss_roll": (2.660, 0.005),
    "checkerboard": (math.log(32), 1e-12),
}


@pytest.mark.parametrize("key", TABLE)
def test_entropies_are_those_of_the_published_definitions(key):
    value, error = TABLE[key]
    assert build(TargetSpec(key)).entropy() == pytest.approx(value, abs=3 * error)


def test_the_entropy_of_separate_gaussians_is_that_of_one_and_the_choice():
    target = build(TargetSpec("eight_gaussians", {"spread": 0.1, "radius": 3.0}))
    expected = 1 + math.log(2 * math.pi * 0.1**2) + math.log(8)
    assert target.entropy() == pytest.approx(expected, abs=1e-6)


def test_a_gaussian_has_its_closed_form():
    from scipy.stats import multivariate_normal

    target = build(TargetSpec("gaussian", {"mean_x": 0.5, "sd_x": 2.0, "sd_y": 0.3, "correlation": -0.4}))
    reference = multivariate_normal([0.5, 0.5], [[4.0, -0.24], [-0.24, 0.09]])
    x = np.random.default_rng(0).normal(size=(50, 2))
    np.testing.assert_allclose(target.log_density(x), reference.logpdf(x), rtol=1e-10)
    assert target.entropy() == pytest.approx(reference.entropy(), rel=1e-12)


def test_a_mixture_of_one_is_a_gaussian():
    target = build(TargetSpec("mixture", {"components": 1, "radius": 0.0, "spread": 0.5}))
    assert target.entropy() == pytest.approx(1 + math.log(2 * math.pi * 0.25), abs=1e-6)


def test_the_rings_quadrature_agrees_with_a_two_dimensional_one():
    from flowviz.targets._preset import entropy_on_grid

    target = build(TargetSpec("rings", {"noise": 0.15}))
    low, high = target.bounds()
    assert target.entropy() == pytest.approx(entropy_on_grid(target.log_density, low - 0.3, high + 0.3, 0.04), abs=1e-5)


@pytest.mark.parametrize("key", ["two_moons", "two_spirals", "swiss_roll", "rose", "tree"])
def test_the_grid_entropy_of_a_curve_does_not_depend_on_the_grid(key, monkeypatch):
    from flowviz.targets import _gaussians

    coarse = build(TargetSpec(key)).entropy()
    monkeypatch.setattr(_gaussians, "_CELLS", 5.0)
    assert build(TargetSpec(key)).entropy() == pytest.approx(coarse, abs=2e-5)


def test_the_pinwheel_entropy_does_not_depend_on_the_grid():
    from flowviz.targets._preset import entropy_on_grid

    target = build(TargetSpec("pinwheel"))
    low, high = target.bounds()
    fine = entropy_on_grid(target.log_density, low - 0.5, high + 0.5, 0.045)
    assert target.entropy() == pytest.approx(fine, abs=1e-3)


def test_the_spirals_density_is_that_of_a_plain_sum_far_and_near():
    target = build(TargetSpec("two_spirals"))
    x = np.concatenate([target.sample(500, np.random.default_rng(0)), [[4.0, 4.0], [9.0, 9.0]]])
    np.testing.assert_allclose(target._cloud._tiled(x), target._cloud._all(x), rtol=1e-8)
    np.testing.assert_allclose(target._cloud._box_logs(x[:500]), target._cloud._all(x[:500]), rtol=1e-8)


def test_the_moons_are_those_of_the_definition():
    # make_moons(noise=0): outer half circle about 0, inner about (1, 0.5), then 2x + (-1, -0.2).
    x = build(TargetSpec("two_moons", {"noise": 0.02})).sample(20_000, np.random.default_rng(0))
    outer = np.abs(np.linalg.norm(x - [-1.0, -0.2], axis=1) - 2)
    inner = np.abs(np.linalg.norm(x - [1.0, 0.8], axis=1) - 2)
    assert np.all(np.minimum(outer, inner) < 0.25)


def test_unknown_presets_are_named_in_one_sentence():
    with pytest.raises(UserError, match="no target called 'pinweel'"):
        build(TargetSpec("pinweel"))
