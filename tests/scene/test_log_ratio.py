"""The signed field of a density ratio."""

import numpy as np

from flowviz.scene.layers.log_ratio import LogRatioLayer
from flowviz.scene.marks import Heatmap, Words


class Somewhere:
    extent = (-1.0, 1.0, -1.0, 1.0)


def test_each_sign_has_a_colour_and_words_and_equal_densities_have_none():
    ratio = np.array([[-8.0, 0.0], [0.0, 8.0]], np.float32)
    positive, negative, words = LogRatioLayer().marks(Somewhere(), {"log_ratio": ratio})
    assert isinstance(positive, Heatmap) and isinstance(negative, Heatmap) and isinstance(words, Words)
    assert positive.colours != negative.colours
    assert positive.values[1, 1] > 0.9 and negative.values[0, 0] > 0.9
    assert np.count_nonzero(positive.values) == np.count_nonzero(negative.values) == 1
    assert "blue: source" in words.texts[0]


def test_nothing_is_drawn_before_the_answer_is_there():
    assert LogRatioLayer().marks(Somewhere(), None) == ()
