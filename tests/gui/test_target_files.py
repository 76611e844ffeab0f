"""Files, dropped things and pasted ones become targets, or a sentence."""

from pathlib import Path

import numpy as np
import pytest
from given import picture, settled, table, told
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QWidget

from flowviz.gui.control.files import FileDrops, Given, what_is
from flowviz.targets import build
from tests.targets.shape_files import CUBE, CUBE_FACES, ply


def test_an_image_file_becomes_the_target_and_gets_a_tile(panel, qtbot, tmp_path):
    picture(tmp_path / "square.png")
    with qtbot.waitSignal(panel.target_changed):
        panel.intake.open_path(str(tmp_path / "square.png"))
    assert panel.heard[-1].key == "image"
    assert panel.heard[-1].name == "square.png"
    points = build(panel.heard[-1]).sample(200, np.random.default_rng(0))
    assert np.ptp(points[:, 0]) < 4
    assert panel.gallery.tiles["image"].isChecked()
    panel.gallery.tiles["two_moons"].click()
    qtbot.waitUntil(lambda: panel.heard[-1].key == "two_moons", timeout=5000)
    panel.gallery.tiles["image"].click()
    qtbot.waitUntil(lambda: panel.heard[-1].key == "image", timeout=5000)


def choose(panel, box, text):
    """Pick an entry of a combo box as a person does."""
    box = panel.findChild(QComboBox, box)
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())


def test_a_table_of_three_columns_lies_in_space_and_offers_the_choice(panel, qtbot, tmp_path):
    with qtbot.waitSignal(panel.target_changed):
        panel.intake.open_path(table(tmp_path / "t.csv"))
    boxes = [panel.findChild(QComboBox, f"column_{axis}") for axis in "xyz"]
    assert [box.currentText() for box in boxes] == ["a", "b", "c"] and boxes[2].isVisible()
    assert panel.browser.dimension.key == "3"
    three = panel.heard[-1].data["points"]
    with qtbot.waitSignal(panel.target_changed):
        choose(panel, "column_way", "2 columns")
    assert not boxes[2].isVisible() and panel.browser.dimension.key == "2"
    with qtbot.waitSignal(panel.target_changed):
        choose(panel, "column_y", "c")
    np.testing.assert_array_equal(panel.heard[-1].data["points"], three[:, [0, 2]])
    panel.undo_stack().undo()
    assert boxes[1].currentText() == "b"


def test_principal_components_are_offered_with_the_share_of_variance_that_they_keep(panel, qtbot, tmp_path):
    with qtbot.waitSignal(panel.target_changed):
        panel.intake.open_path(table(tmp_path / "t.csv", columns=5))
    assert len(panel.heard[-1].data["points"][0]) == 2
    with qtbot.waitSignal(panel.target_changed):
        choose(panel, "column_way", "3 principal components")
    assert panel.heard[-1].data["points"].shape == (200, 3)
    words = "The first 3 principal components of 5 columns keep "
    qtbot.waitUntil(lambda: any(words in label.text() for label in panel.findChildren(QLabel)), timeout=5000)
    assert not any(panel.findChild(QComboBox, f"column_{axis}").isVisible() for axis in "xyz")


def test_the_column_of_weights_is_a_choice_that_shows_what_was_taken(panel, qtbot, tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("x,y,weight\n0,0,1\n1,5,3\n2,1,4\n3,3,2\n")
    with qtbot.waitSignal(panel.target_changed):
        panel.intake.open_path(str(path))
    box = panel.findChild(QComboBox, "column_weights")
    assert box.isVisible() and box.currentText() == "none" and "weights" not in panel.heard[-1].data
    with qtbot.waitSignal(panel.target_changed):
        choose(panel, "column_weights", "weight")
    assert box.currentText() == "weight"
    np.testing.assert_array_equal(panel.heard[-1].data["weights"], [1, 3, 4, 2])
    with qtbot.waitSignal(panel.target_changed):
        choose(panel, "column_x", "y")  # another axis keeps the weights
    np.testing.assert_array_equal(panel.heard[-1].data["weights"], [1, 3, 4, 2])
    panel.undo_stack().undo()
    panel.undo_stack().undo()
    assert box.currentText() == "none"


def test_two_columns_need_no_choice_and_dropped_rows_are_said(panel, qtbot, tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_text("x,y\n1,2\n3,nan\n2,5\n4,4\n")
    with qtbot.waitSignal(panel.target_changed):
        panel.intake.open_path(str(path))
    settled(panel, qtbot)
    assert panel.findChild(QComboBox, "column_y") is None
    said = " ".join(label.text() for label in panel.findChildren(QLabel))
    assert "1 row with a missing number was dropped" in said
    assert "3 points" in said


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("empty.csv", b"", "empty"),
        ("one.csv", b"1\n2\n3\n", "one column"),
        ("words.txt", b"some words\nand more words\n", "numbers"),
        ("broken.png", b"not a picture", "broken.png"),
        ("unknown.docx", b"1 2", "does not read"),
    ],
)
def test_bad_files_give_a_sentence_and_leave_the_target(panel, qtbot, tmp_path, name, content, word):
    (tmp_path / name).write_bytes(content)
    with told(panel, qtbot):
        panel.intake.open_path(str(tmp_path / name))
    assert word in panel.notices[-1]
    assert panel.heard == []
    assert panel._controller.target.key == "two_moons"
    assert panel.gallery.tiles["two_moons"].isChecked()


def test_a_file_that_is_not_there_gives_a_sentence(panel, qtbot, tmp_path):
    with told(panel, qtbot):
        panel.intake.open_path(str(tmp_path / "gone.csv"))
    assert "gone.csv" in panel.notices[-1]


def test_what_was_wrong_with_a_file_is_taken_back_when_another_one_is_opened(panel, qtbot, tmp_path):
    with told(panel, qtbot):
        panel.intake.open_path(str(tmp_path / "gone.csv"))
    (tmp_path / "good.csv").write_text("1,2\n3,4\n5,7\n")
    with qtbot.waitSignal(panel.target_changed):
        panel.intake.open_path(str(tmp_path / "good.csv"))
    assert panel.notices[-1] == " "


def test_of_several_dropped_files_the_first_is_opened_and_the_others_are_said(panel, qtbot, tmp_path):
    for name in ("first.csv", "second.csv"):
        (tmp_path / name).write_text("1,2\n3,4\n5,7\n")
    with qtbot.waitSignal(panel.target_changed):
        panel.intake.take(Given("file", path=str(tmp_path / "first.csv"), more=1))
    assert panel.heard[-1].name == "first.csv"
    assert "2 files" in panel.notices[-1]


def drop(window, mime):
    kinds = {"buttons": Qt.MouseButton.LeftButton, "modifiers": Qt.KeyboardModifier.NoModifier}
    place, action = QPointF(20, 20), Qt.DropAction.CopyAction
    enter = QDragEnterEvent(place.toPoint(), action, mime, kinds["buttons"], kinds["modifiers"])
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        QApplication.sendEvent(window, QDropEvent(place, action, mime, kinds["buttons"], kinds["modifiers"]))
    return enter.isAccepted()


def test_an_image_dropped_on_the_window_becomes_the_target(panel, qtbot, tmp_path):
    picture(tmp_path / "dropped.png")
    window = QWidget()
    qtbot.addWidget(window)
    FileDrops(window, panel.intake.take)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "dropped.png"))])
    with qtbot.waitSignal(panel.target_changed):
        assert drop(window, mime)
    assert panel.heard[-1].name == "dropped.png"
    assert not drop(window, QMimeData())


def test_a_dropped_run_is_handed_to_the_window(panel, qtbot):
    with qtbot.waitSignal(panel.run_file_given) as heard:
        panel.intake.open_path("/somewhere/run.flowviz")
    assert heard.args == ["/somewhere/run.flowviz"]


def test_a_pasted_picture_numbers_and_words_become_targets(panel, qtbot):
    clipboard = QGuiApplication.clipboard()
    clipboard.setImage(picture(None))
    with qtbot.waitSignal(panel.target_changed):
        panel.intake.paste()
    assert panel.heard[-1].key == "image"
    clipboard.setText("1.5\t2\n3\t4.25\n-1\t0\n")
    with qtbot.waitSignal(panel.target_changed):
        panel.intake.paste()
    assert panel.heard[-1].key == "points"
    assert panel.heard[-1].data["points"].shape == (3, 2)
    clipboard.setText("Hello")
    with qtbot.waitSignal(panel.target_changed):
        panel.intake.paste()
    assert (panel.heard[-1].key, panel.heard[-1].params["text"]) == ("text", "Hello")
    clipboard.clear()
    panel.intake.paste()
    assert "could become a target" in panel.notices[-1]


def test_what_is_given_is_recognised():
    def text(words):
        mime = QMimeData()
        mime.setText(words)
        return what_is(mime).kind

    assert text("1,2\n3,4") == "numbers"
    assert text("x;y\n1,5;2\n2,5;3\n1e-3;4") == "numbers"
    assert text("1 2") == "words"
    assert text("two words") == "words"
    assert text("") == "nothing"
    assert text(str(Path(__file__))) == "file"
    assert what_is(None).kind == "nothing"


def test_a_mesh_is_opened_and_filled_in_the_form(panel, qtbot, tmp_path):
    (tmp_path / "cube.ply").write_bytes(ply(CUBE, CUBE_FACES))
    with qtbot.waitSignal(panel.target_changed, timeout=20000):
        panel.intake.open_path(str(tmp_path / "cube.ply"))
    assert panel.heard[-1].key == "mesh" and panel.browser.dimension.key == "3"
    with qtbot.waitSignal(panel.target_changed, timeout=20000):
        choose(panel, "field_fill", "volume")
    expected = f"12 triangles · entropy {build(panel.heard[-1]).entropy():.3f} nats"
    qtbot.waitUntil(lambda: any(expected in label.text() for label in panel.findChildren(QLabel)), timeout=5000)


def test_an_open_mesh_cannot_be_filled_and_the_form_says_why(panel, qtbot, tmp_path):
    (tmp_path / "open.ply").write_bytes(ply(CUBE, CUBE_FACES[1:]))
    with qtbot.waitSignal(panel.target_changed, timeout=20000):
        panel.intake.open_path(str(tmp_path / "open.ply"))
    choose(panel, "field_fill", "volume")
    words = "open.ply is not closed (3 open edges)"
    qtbot.waitUntil(lambda: any(words in label.text() for label in panel.findChildren(QLabel)), timeout=5000)
    assert panel.heard[-1].params.get("fill", "surface") == "surface"
