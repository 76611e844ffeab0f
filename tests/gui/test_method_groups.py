"""The list of methods: families under headings, each method with its sentence."""

from PySide6.QtCore import Qt

from flowviz.core.backend import Choice
from flowviz.core.method_groups import METHOD_GROUPS
from flowviz.core.spec import TargetSpec
from flowviz.gui.panels.method import by_family, why_not_from
from flowviz.gui.widgets.grouped_box import GroupedBox


def choices():
    return [
        Choice("gradient", "Gradient flow", "Goes down.", group="Without a network"),
        Choice("cnf", "CNF", "Fits.", group="Likelihood"),
        Choice("other", "Other", "Is new."),
        Choice("jko", "JKO", "Steps.", group="Likelihood"),
    ]


def test_methods_of_a_family_stand_together_in_the_order_of_the_families():
    assert [entry.key for entry in by_family(choices())] == ["cnf", "jko", "gradient", "other"]
    assert METHOD_GROUPS[0] == "Likelihood"


def test_headings_are_read_but_never_chosen(qtbot):
    box = GroupedBox()
    qtbot.addWidget(box)
    box.set_entries(by_family(choices()))
    assert box.keys() == ["cnf", "jko", "gradient", "other"]
    headings = [i for i in range(box.count()) if box.itemData(i) is None]
    assert [box.itemText(i) for i in headings] == ["Likelihood", "Without a network", ""]
    assert all(box.model().flags(box.model().index(i, 0)) == Qt.ItemFlag.NoItemFlags for i in headings)
    box.setCurrentIndex(box.findData("cnf"))
    qtbot.keyClick(box, Qt.Key.Key_Down)
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentData() == "gradient"


def test_the_sentence_of_a_method_is_there_for_screen_readers(qtbot):
    box = GroupedBox()
    qtbot.addWidget(box)
    box.set_entries(by_family(choices()))
    assert box.itemData(box.findData("jko"), Qt.ItemDataRole.AccessibleDescriptionRole) == "Steps."


def test_methods_that_cannot_begin_from_a_source_are_grey_and_say_why():
    methods = [Choice("fm", "FM", "", source_need="samples"), Choice("cnf", "CNF", "", source_need="density"),
               Choice("jko", "JKO", "", source_need="normal")]  # fmt: skip
    assert why_not_from(None, methods) == {}
    assert list(why_not_from(TargetSpec("eight_gaussians"), methods)) == ["jko"]
    reasons = why_not_from(TargetSpec("points", name="my points"), methods)
    assert list(reasons) == ["cnf", "jko"]
    assert (
        reasons["cnf"] == "CNF needs a source whose density is known and smooth everywhere; that of my points is not."
    )


def test_a_grey_method_is_not_chosen_and_comes_back_with_its_sentence(qtbot):
    box = GroupedBox()
    qtbot.addWidget(box)
    box.set_entries(by_family(choices()))
    place, words = box.findData("jko"), Qt.ItemDataRole.AccessibleDescriptionRole
    box.set_reasons({"jko": "Not from here."})
    assert not box.model().item(place).isEnabled() and box.itemData(place, words) == "Not from here."
    box.setCurrentIndex(box.findData("cnf"))
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentData() == "gradient"
    box.set_reasons({})
    assert box.model().item(place).isEnabled() and box.itemData(place, words) == "Steps."
