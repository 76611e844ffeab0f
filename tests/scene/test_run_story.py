import pytest

from flowviz.scene.run_story import story

FLOORS = {"w2": (0.1, 0.08, 0.12)}


@pytest.mark.parametrize(
    ("metric", "values", "words"),
    [
        ("nll", {"nll": 2.81}, "0.50 nats above the entropy"),
        ("nll", {"nll": 2.315}, "As likely as the target itself"),
        ("nll", {"nll": 2.0}, "0.31 nats better than possible"),
        ("w2", {"w2": 0.11}, "cannot be told from the target"),
        ("w2", {"w2": 0.4}, "4.0 times the distance between two samples"),
        ("inversion_error", {"inversion_error": 2e-6}, "accurate enough"),
        ("inversion_error", {"inversion_error": 0.2}, "more solver steps"),
        ("npe", {"npe": 0.04, "straightness": 0.99}, "4 % more energy than an optimal transport"),
        ("npe", {"npe": 0.04, "straightness": 0.99}, "nearly straight, so few solver steps are enough"),
        ("npe", {"npe": 0.9, "straightness": 0.5}, "bend a lot"),
    ],
)
def test_every_curve_says_in_words_what_it_shows(metric, values, words):
    assert words in story(metric, values, FLOORS, entropy=2.31)


def test_what_is_not_known_is_not_told():
    assert story("nll", {}, {}) == ""
    assert story("", {"nll": 2.0}, {}) == ""
    assert story("mmd", {"mmd": 1.0}, {}) == ""
    assert "not known" in story("nll", {"nll": 2.0}, {}, entropy=None)
