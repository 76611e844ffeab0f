"""Forms made from declared parameters."""

from dataclasses import dataclass

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QLineEdit, QSlider, QWidget

from flowviz.core.errors import ParameterError
from flowviz.core.params import fields_of, param
from flowviz.gui.widgets.param_editors import NumberBox
from flowviz.gui.widgets.param_form import RESTART_MARK, ParamForm


@dataclass(frozen=True)
class Params:
    rate: float = param(1e-3, "Learning rate", lo=1e-5, hi=1.0, log=True, live=True, help="How far each step goes.")
    width: int = param(64, "Width", lo=8, hi=512, unit="units", group="Network")
    bends: float = param(0.5, "Bends", lo=0.0, hi=1.0, group="Network")
    exact: bool = param(True, "Exact divergence", group="Network")
    solver: str = param("rk4", "Solver", choices=("euler", "rk4"), group="Solver")
    note: str = param("hello", "Note", group="Solver")
    seed: int = param(0, "Seed", lo=0, group="Solver")


@pytest.fixture
def form(qtbot):
    form = ParamForm(fields_of(Params))
    qtbot.addWidget(form)
    form.resize(260, form.sizeHint().height())
    form.show()
    return form


def number(form, name):
    return form.findChild(NumberBox, f"field_{name}")


def test_a_form_shows_the_defaults_in_their_declared_types(form):
    assert form.values() == {
        "rate": 1e-3,
        "width": 64,
        "bends": 0.5,
        "exact": True,
        "solver": "rk4",
        "note": "hello",
        "seed": 0,
    }
    assert isinstance(form.values()["width"], int)


def test_each_kind_gets_its_control(form):
    assert form.findChild(QCheckBox, "field_exact")
    assert form.findChild(QComboBox, "field_solver")
    assert form.findChild(QLineEdit, "field_note")
    assert form.findChild(QSlider, "slider_rate")
    assert not form.findChild(QSlider, "slider_seed")


def test_every_control_has_an_accessible_name(form):
    for control in form.findChildren(QWidget):
        if control.focusPolicy() & Qt.FocusPolicy.TabFocus and control.objectName().startswith(("field_", "slider_")):
            assert control.accessibleName()


def test_a_slider_on_a_log_scale_moves_by_ratios(form, qtbot):
    slider = form.findChild(QSlider, "slider_rate")
    slider.setValue(500)
    assert form.values()["rate"] == pytest.approx(10**-2.5, rel=0.01)
    slider.setValue(slider.maximum())
    assert form.values()["rate"] == 1.0


def test_changing_a_control_says_name_and_value_and_a_program_change_says_nothing(form, qtbot):
    heard = []
    form.value_changed.connect(lambda name, value: heard.append((name, value)))
    form.set_values({"width": 128, "exact": False, "solver": "euler", "unknown": 3})
    assert heard == []
    number(form, "width").setValue(256)
    form.findChild(QCheckBox, "field_exact").click()
    form.findChild(QComboBox, "field_solver").setCurrentText("rk4")
    form.findChild(QLineEdit, "field_note").setText("bye")
    assert heard == [("width", 256), ("exact", True), ("solver", "rk4"), ("note", "bye")]


def test_small_numbers_survive_typing_and_are_written_as_people_do(form, qtbot):
    box = number(form, "rate")
    box.lineEdit().selectAll()
    qtbot.keyClicks(box.lineEdit(), "2e-4")
    qtbot.keyClick(box.lineEdit(), Qt.Key.Key_Return)
    assert form.values()["rate"] == pytest.approx(2e-4)
    assert box.text() == "0.0002"


def test_a_number_out_of_range_is_said_while_typing_and_brought_back(form, qtbot):
    box = number(form, "width")
    box.lineEdit().selectAll()
    qtbot.keyClicks(box.lineEdit(), "9000")
    assert "from 8 to 512" in " ".join(label.text() for label in form.findChildren(QLabel, "fieldError"))
    assert box.property("invalid") is True
    qtbot.keyClick(box.lineEdit(), Qt.Key.Key_Return)
    assert form.values()["width"] == 512
    assert box.property("invalid") is False


def test_the_arrows_step_one_two_five_on_a_log_scale(form):
    box = number(form, "rate")
    seen = []
    for _ in range(3):
        box.stepBy(1)
        seen.append(round(box.value(), 6))
    assert seen == [0.002, 0.005, 0.01]


def test_an_error_turns_the_field_red_until_it_changes(form):
    form.set_error("width", "512 units need more memory than there is.")
    assert number(form, "width").property("invalid") is True
    assert any(label.isVisible() and "memory" in label.text() for label in form.findChildren(QLabel, "fieldError"))
    number(form, "width").setValue(32)
    assert number(form, "width").property("invalid") is False
    assert not any(label.isVisible() for label in form.findChildren(QLabel, "fieldError"))


def test_fields_that_need_a_restart_are_marked_where_others_are_live(form, qtbot):
    texts = [label.text() for label in form.findChildren(QLabel, "fieldLabel")]
    assert "Learning rate" in texts
    assert f"Width{RESTART_MARK}" in texts
    plain = ParamForm(tuple(f for f in fields_of(Params) if not f.live))
    qtbot.addWidget(plain)
    assert not any(RESTART_MARK in label.text() for label in plain.findChildren(QLabel, "fieldLabel"))


def test_groups_get_one_heading_each(form):
    assert [label.text() for label in form.findChildren(QLabel, "formHeading")] == ["Network", "Solver"]


def test_the_form_fits_a_narrow_panel(form):
    assert form.minimumSizeHint().width() <= 240


def test_wrong_values_are_refused(form):
    with pytest.raises(ParameterError):
        form.set_values({"width": "wide"})


def test_suggestions_make_a_text_an_editable_list(qtbot):
    form = ParamForm(fields_of(Params), {"note": "Sans"}, suggestions={"note": ("Sans", "Serif")})
    qtbot.addWidget(form)
    box = form.findChild(QComboBox, "field_note")
    assert box.isEditable()
    assert box.count() == 2
    assert form.values()["note"] == "Sans"


def test_the_wheel_scrolls_the_panel_and_leaves_unfocused_controls_alone(form):
    box = number(form, "width")
    where = QPointF(box.rect().center())
    event = QWheelEvent(
        where, box.mapToGlobal(where), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, event)
    assert form.values()["width"] == 64
