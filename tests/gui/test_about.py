"""The About box and the log."""

from PySide6.QtWidgets import QApplication, QPushButton

from flowviz import __version__
from flowviz.core.about import about_text, components
from flowviz.core.resources import resource
from flowviz.gui import log
from flowviz.gui.widgets.about import AboutBox, LogBox


def press(box, text):
    next(button for button in box.findChildren(QPushButton) if button.text() == text).click()


def test_the_about_box_names_versions_licences_and_how_to_replace_qt(qtbot):
    box = AboutBox()
    qtbot.addWidget(box)
    words = box.text.toPlainText()
    assert "Lesser General Public License, version 3" in words and "replace by your own build" in words
    assert "ffmpeg" in words and "GNU General Public License" in words
    press(box, "Copy")
    copied = QApplication.clipboard().text()
    assert copied == about_text() and f"flowviz {__version__}" in copied


def test_what_is_shipped_is_listed_with_its_versions_and_what_developers_use_is_not():
    found = {component.name: component for component in components()}
    assert found["PySide6-Essentials"].licence == "LGPL-3.0-only" and found["numpy"].version
    assert "pytest" not in found and all(component.licence for component in found.values())


def test_the_texts_of_the_licences_are_shipped():
    texts = {path.name: path.read_text() for path in resource("licences").iterdir()}
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in texts["LGPL-3.0.txt"]
    assert "GNU GENERAL PUBLIC LICENSE" in texts["GPL-3.0.txt"]


def test_the_log_is_shown_with_its_place_newest_lines_last(qtbot, tmp_path, monkeypatch):
    path = tmp_path / "flowviz.log"
    monkeypatch.setattr(log, "log_path", lambda: path)
    assert "Nothing" in log.log_text()
    path.write_bytes(b"x" * 300_000 + b"\nthe last line\n")
    box = LogBox()
    qtbot.addWidget(box)
    assert box.text.toPlainText().strip().endswith("the last line") and len(box.text.toPlainText()) < 250_000


def test_the_menu_opens_both(window, qtbot):
    from PySide6.QtWidgets import QDialog

    rows = {row.text: row for row in window.table.rows if hasattr(row, "text")}
    for text in ("Show log", "About flowviz"):
        rows[text].run()
        (shown,) = [box for box in window.findChildren(QDialog) if box.isVisible()]
        shown.close()
