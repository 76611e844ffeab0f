"""Targets as sources: what they offer, and the sum of Gaussians that some of them are."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from flowviz.core.errors import UserError
from flowviz.core.spec import TargetSpec
from flowviz.targets import TARGETS, HasMixture, build, build_source, offer_of

PRESETS = [key for key, cls in TARGETS.items() if cls.is_preset]
MIXTURES = [key for key in PRESETS if issubclass(TARGETS.get(key), HasMixture)]


def test_without_a_source_a_run_begins_from_standard_normal_noise():
    source = build_source(None, build(TargetSpec("pinwheel")))
    x = source.sample(5, np.random.default_rng(3))
    assert np.array_equal(x, np.random.default_rng(3).standard_normal((5, 2)))
    assert source.log_density(x) == pytest.approx(multivariate_normal(np.zeros(2)).logpdf(x))
    assert source.entropy() == pytest.approx(multivariate_normal(np.zeros(2)).entropy())
    assert offer_of(source) == "normal"


@pytest.mark.parametrize("key", MIXTURES)
def test_a_sum_of_gaussians_is_the_targets_own_density(key):
    target = build(TargetSpec(key))
    weights, means, covariances = target.mixture()
    x = target.sample(40, np.random.default_rng(0)) * 1.2
    offset = x[:, None] - means
    squares = np.einsum("nmi,mij,nmj->nm", offset, np.linalg.inv(covariances), offset)
    logs = np.log(weights) - 0.5 * squares - 0.5 * np.linalg.slogdet(2 * np.pi * covariances)[1]
    assert logsumexp(logs, axis=1) == pytest.approx(target.log_density(x), abs=1e-6)
    assert weights.sum() == pytest.approx(1)
    assert offer_of(target) == "density"


@pytest.mark.parametrize("key", ["checkerboard", "pinwheel"])
def test_a_density_that_vanishes_somewhere_offers_samples_only(key):
    assert offer_of(build(TargetSpec(key))) == "samples"


def test_a_source_of_another_dimension_is_refused_in_words():
    class Solid:
        dim = 3

    with pytest.raises(UserError, match="The source Pinwheel has 2 dimensions and the target has 3"):
        build_source(TargetSpec("pinwheel", name="Pinwheel"), Solid())
