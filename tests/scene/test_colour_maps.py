import numpy as np
import pytest

from flowviz.scene.colour_maps import colour_map, mix, rgb, token_rgb
from flowviz.scene.tokens import DARK, LIGHT


def lightness(table):
    """CIE L* of (n, 3) sRGB in [0, 255]: an independent measure of perceived brightness."""
    c = table / 255.0
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


@pytest.mark.parametrize("tokens", [DARK, LIGHT])
@pytest.mark.parametrize("name", ["density", "heat", "cividis", "particles"])
def test_a_map_starts_at_the_stage_and_changes_brightness_steadily(name, tokens):
    table = colour_map(name, tokens)
    assert table.shape == (256, 3) and np.abs(table[0] - rgb(tokens.stage)).max() < 1
    steps = np.diff(lightness(table.astype(float)))
    sign = 1 if tokens is DARK else -1
    assert (sign * steps > -0.05).all(), "no band is darker than the one before"
    assert np.abs(steps).max() < 4 * np.abs(steps).mean(), "no jump"


def test_mixing_goes_from_one_colour_to_the_other():
    assert mix("#102030", "#ffffff", 0.0) == "#102030"
    assert mix("#102030", "#ffffff", 1.0) == "#ffffff"


def test_an_unknown_colour_is_an_error():
    with pytest.raises(KeyError):
        token_rgb(DARK, "chartreuse")
