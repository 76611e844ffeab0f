"""One history: whatever a person changes is named in the Edit menu, undone and redone."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QSlider

from flowviz.core.spec import TargetSpec
from flowviz.gui.state.history import History


def edit_entry(window, word):
    """The words of Undo or Redo in the Edit menu."""
    menu = window.table.menu("Edit")
    return next(action.text() for action in menu.actions() if action.text().startswith(word))


def choose(window, word):
    """Choose Undo or Redo in the Edit menu."""
    next(action for action in window.table.menu("Edit").actions() if action.text().startswith(word)).trigger()
    QApplication.processEvents()


def test_whatever_was_changed_is_undone_step_by_step(window, qtbot, scripted):
    assert isinstance(next(a for a in window.table.menu("Edit").actions() if a.text() == "Undo"), QAction)
    draft, slider = window.draft, window.method_panel.findChild(QSlider, "slider_rate")
    window.ends.target.choose(TargetSpec("rings", name="Rings"), "Target: Rings")
    rate = draft.params["cnf"]["rate"]
    place = slider.value()
    for further in (1, 2, 3):
        slider.setValue(place + 10 * further)
    assert draft.params["cnf"]["rate"] > rate
    assert edit_entry(window, "Undo") == "Undo Learning rate"
    window.method_panel.seed_chosen.emit(7)
    window.ends.target.begin(0.0, 0.0)
    window.ends.target.move(1.0, 1.0)
    window.ends.target.end()
    window.method_panel.method_chosen.emit("jko")
    assert edit_entry(window, "Undo") == "Undo Method: JKO flow"
    assert (draft.method, draft.target.key, draft.seed) == ("jko", "drawing", 7)

    window.stage.setFocus()
    qtbot.keyClick(window.stage, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert draft.method == "cnf"
    assert edit_entry(window, "Undo") == "Undo Brush stroke" and edit_entry(window, "Redo") == "Redo Method: JKO flow"
    choose(window, "Undo")
    assert draft.target.key == "rings"
    choose(window, "Undo")
    assert draft.seed == 0
    choose(window, "Undo")
    assert draft.params["cnf"]["rate"] == rate, "three moves of one slider are one step"
    assert window.method_panel.form.findChild(QSlider, "slider_rate").value() == place
    choose(window, "Undo")
    assert draft.target.key == "pinwheel" and edit_entry(window, "Undo") == "Undo"
    for _ in range(5):
        choose(window, "Redo")
    assert (draft.method, draft.target.key, draft.seed) == ("jko", "drawing", 7)

    # keeping a run as it is puts everything back, and is itself a step
    window.run_controller.restart()
    scripted.train(5)
    qtbot.waitUntil(lambda: window.run.step == 5, timeout=5000)
    window.method_panel.seed_chosen.emit(8)
    window._keep_as_it_is()
    assert draft.seed == 7 and edit_entry(window, "Undo") == "Undo Keep as it is"
    choose(window, "Undo")
    assert draft.seed == 8

    # a removed run comes back
    window.run_controller.restart()
    window.runs_controller.rename(1, "first")
    window.runs_controller.remove(1)
    assert [entry.number for entry in window.runs.entries] == [2]
    assert edit_entry(window, "Undo") == "Undo Remove first"
    choose(window, "Undo")
    assert [entry.name for entry in window.runs.entries] == ["first", "Run 2"]
    choose(window, "Undo")
    assert window.runs.entry(1).name == "Run 1"


def test_steps_with_equal_keys_in_a_row_become_one(qapp):
    values, history = [0], History()
    for new, key in ((1, "a"), (2, "a"), (3, "b"), (4, "")):
        old = values[-1]
        history.do("x", lambda new=new: values.append(new), lambda old=old: values.append(old), key)
    assert history.stack.count() == 3
    for _ in range(3):
        history.stack.undo()
    assert values[-3:] == [3, 2, 0]
    history.stack.redo()
    assert values[-1] == 2


def test_the_run_on_the_stage_is_copied_as_a_script(window, qtbot, scripted):
    window.choices.set_param("width", 32)
    window.run_controller.restart()
    scripted.train(5)
    qtbot.waitUntil(lambda: window.run.step == 5, timeout=5000)
    window.choices.set_seed(3)
    window.table.actions["copy_python"].trigger()
    script = QApplication.clipboard().text()
    assert "FlowSpec('cnf', {'width': 32})" in script and "seed=0" in script and "TargetSpec('pinwheel'" in script
    compile(script, "script.py", "exec")
    assert "repeats CNF on Pinwheel is on the clipboard" in window.notice_bar.words
