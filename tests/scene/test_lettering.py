"""The strip below a film's stage."""

import pytest

from flowviz.core.drawing import Words
from flowviz.scene.lettering import Frame
from flowviz.scene.letters import length
from flowviz.scene.tokens import THEMES

TITLE = "JKO flow on measurements of people in the second survey of the northern region.csv"
CLOCK = "t = 0.50   step 1,200   block 8 of 8"


def strip(width, height, title):
    """Title and clock of a film's strip."""
    items = Frame(width, height, THEMES["dark"], ("title", "clock")).moving(title, CLOCK, 0.5)
    return [item for item in items if isinstance(item, Words)]


@pytest.mark.parametrize("size", [(360, 640), (640, 360), (720, 720), (3840, 2160)])
@pytest.mark.parametrize("title", [TITLE, "CNF on Two moons"])
def test_a_title_never_runs_into_the_clocks(size, title):
    words, clock = strip(*size, title)
    assert words.x + length(words.text, words.size, True) < clock.x - length(clock.text, clock.size)
    assert clock.text == CLOCK and title.startswith(words.text.removesuffix("…"))


def test_a_title_is_whole_where_there_is_room_and_keeps_its_beginning_where_there_is_none():
    assert strip(1280, 720, TITLE)[0].text == TITLE
    assert strip(360, 640, TITLE)[0].text.startswith("JKO flow") and strip(360, 640, TITLE)[0].text.endswith("…")
