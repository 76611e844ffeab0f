"""The signed field of a density ratio."""

import numpy as np
import pytest

from flowviz.scene.layers.log_ratio import LogRatioLayer
from flowviz.scene.marks import Heatmap, Words

CELLS = 40


class Place:
    """The source's points about (-1, -1), where the flow begins; it carries them to (-1, 1); the target's at (1, 1)."""

    extent = (-2.0, 2.0, -2.0, 2.0)
    target_points = np.random.default_rng(0).normal((1.0, 1.0), 0.2, (500, 2))

    class frame:  # noqa: N801
        paths = np.random.default_rng(1).normal(0.0, 0.2, (2, 500, 2)) + np.array([[[-1.0, -1.0]], [[-1.0, 1.0]]])


def marks(ratio, **more):
    return LogRatioLayer().marks(Place(), {"log_ratio": np.asarray(ratio, np.float32), **more})


def at(values, x, y):
    return values[int((y + 2) * 10), int((x + 2) * 10)]


def test_each_sign_has_a_colour_and_words_and_equal_densities_have_none():
    ratio = np.zeros((CELLS, CELLS))
    ratio[:15, :15], ratio[25:, 25:] = -8.0, 8.0
    positive, negative, words = marks(ratio)
    assert isinstance(positive, Heatmap) and isinstance(negative, Heatmap) and isinstance(words, Words)
    assert positive.colours != negative.colours
    assert at(positive.values, 1, 1) > 0.9 and at(negative.values, -1, -1) > 0.9
    assert np.count_nonzero(positive.values) == np.count_nonzero(negative.values) == 15 * 15
    assert "blue: source likelier" in words.texts[0]


@pytest.mark.parametrize(("after_flow", "seen", "empty"), [(False, (-1, -1), (-1, 1)), (True, (-1, 1), (-1, -1))])
def test_the_field_fades_out_where_neither_sample_has_points(after_flow, seen, empty):
    positive, _, words = marks(np.full((CELLS, CELLS), 8.0), after_flow=np.asarray(after_flow))
    assert at(positive.values, 1, 1) > 0.9 and at(positive.values, *seen) > 0.9
    assert at(positive.values, *empty) < 0.01 and at(positive.values, 1, -1) < 0.01
    assert ("source after the flow" in words.texts[0]) == after_flow


def test_nothing_is_drawn_before_the_answer_is_there():
    assert LogRatioLayer().marks(Place(), None) == ()
