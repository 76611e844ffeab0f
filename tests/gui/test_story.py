"""A sentence shows as many of its lines as there is room for, from the first on, and all of it in its tool tip."""

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget

from flowviz.gui.widgets.story import Story

TEXT = "The particles spend 313 % more energy than an optimal transport; their paths bend a lot (NFE < 24)."


@pytest.fixture
def story(qtbot):
    page = QWidget()
    qtbot.addWidget(page)
    story = Story()
    story.setText(TEXT)
    QVBoxLayout(page).addWidget(story)
    page.show()
    page.resize(260, 400)
    qtbot.waitUntil(lambda: story.width() > 100, timeout=5000)
    yield story


def test_a_sentence_asks_for_all_its_lines_at_its_width(story):
    narrow, lines = story.sizeHint().height(), story.lines()
    assert len(lines) > 1 and " ".join(lines) == TEXT and not story.is_cut
    assert narrow == len(lines) * story.fontMetrics().lineSpacing()
    assert all(story.fontMetrics().horizontalAdvance(line) <= story.width() for line in lines)
    story.resize(2000, 100)
    assert story.lines() == [TEXT] and story.sizeHint().height() == story.minimumSizeHint().height()


def test_with_less_room_the_end_is_left_out_and_said_by_the_tool_tip(story):
    story.setToolTip("More.")
    assert story.said_at_length() == "More."
    whole = story.lines()
    for most in (2, 1):
        story.resize(story.width(), most * story.fontMetrics().lineSpacing())
        lines = story.lines()
        assert len(lines) == most and lines[:-1] == whole[: most - 1]
        assert lines[-1].endswith("…") and " ".join(whole[most - 1 :]).startswith(lines[-1][:-1].rstrip())
        assert story.is_cut
    assert story.said_at_length() == f"<p>{TEXT.replace('<', '&lt;')}</p>More."
