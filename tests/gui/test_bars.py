"""The bars above the stage keep their words readable however narrow the window is."""

import pytest
from PySide6.QtWidgets import QPushButton

from flowviz.gui.widgets.bars import Bar


@pytest.fixture
def bar(qtbot):
    bar = Bar("restart")
    qtbot.addWidget(bar)
    for text in ("Keep as it is", "Restart to apply"):
        bar.add_button(text, lambda: None)
    bar.say("Changed: target, source.", "The run on the stage stays as it was until it is restarted.")
    return bar


def test_buttons_stand_beside_the_words_where_there_is_room_and_below_them_where_there_is_not(bar, qtbot):
    button = next(button for button in bar.findChildren(QPushButton) if button.text() == "Restart to apply")
    for wide, is_below in ((900, False), (340, True), (900, False)):
        bar.resize(wide, bar.heightForWidth(wide))
        qtbot.waitUntil(lambda below=is_below: (_top(bar, button) >= _bottom(bar)) == below, timeout=2000)
        assert bar._text.width() > 0.4 * wide


def _top(bar, widget):
    return widget.mapTo(bar, widget.rect().topLeft()).y()


def _bottom(bar):
    return bar._text.mapTo(bar, bar._text.rect().bottomLeft()).y()
