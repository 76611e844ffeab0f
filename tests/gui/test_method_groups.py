"""The list of methods: families under headings, each method with its sentence."""

from PySide6.QtCore import Qt

from flowviz.core.backend import Choice
from flowviz.core.method_groups import METHOD_GROUPS
from flowviz.gui.panels.method import by_family
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
