"""The menu behind the layers' chips: made when it is opened, whole in the plane and in space, and it tells what was
chosen."""

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QComboBox, QSlider

from flowviz.gui.panels.display_menu import DisplayMenu
from flowviz.gui.state.options import OptionsState


@pytest.fixture
def menu(qapp, qtbot):
    menu = DisplayMenu(OptionsState())
    qtbot.addWidget(menu)
    return menu


def opened(menu, qtbot, dim):
    """The form, in a menu that is open in so many dimensions."""
    menu.offer_for(dim)
    menu.popup(QPoint(0, 0))
    qtbot.waitExposed(menu)
    return menu.findChild(QSlider).parentWidget()


def slider(menu, name):
    return next(slider for slider in menu.findChildren(QSlider) if slider.accessibleName() == name)


def test_it_is_empty_until_it_is_opened(menu, qtbot):
    assert menu.findChildren(QSlider) == []
    assert opened(menu, qtbot, 2).isVisible()


@pytest.mark.parametrize("dims", [(2, 3, 2), (3, 2, 3)])
def test_its_rows_have_their_room_in_the_plane_and_in_space_again_and_again(menu, qtbot, dims):
    for dim in dims:
        form = opened(menu, qtbot, dim)
        assert slider(menu, "Inner surface").isVisible() == (dim == 3)
        qtbot.waitUntil(lambda form=form: form.height() == form.sizeHint().height() <= menu.height(), timeout=2000)
        menu.hide()


def test_it_tells_in_the_options_own_units_and_shows_what_is_chosen_elsewhere(menu, qtbot):
    opened(menu, qtbot, 2)
    told = []
    menu.options_chosen.connect(told.append)
    slider(menu, "Particles").setValue(30)
    slider(menu, "Trail length").setValue(4)
    assert told == [{"particles": 3000}, {"trail_length": pytest.approx(0.2)}]
    menu._options.update(density="exact", particles=4500)
    assert menu.findChild(QComboBox).currentData() == "exact"
    assert slider(menu, "Particles").value() == 45
    assert len(told) == 2, "what is only shown is not told again"
