"""Key frames as marks on both clocks: pressed to go there, and changed or deleted from their menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QPoint, Slot
from PySide6.QtWidgets import QMenu, QWidget

from flowviz.gui.control.keyframes import KeyFrameController
from flowviz.gui.widgets.track import Mark, Track

if TYPE_CHECKING:
    from flowviz.core.film import KeyFrame


class Tracks(Protocol):
    """What the marks need of the clocks' panel."""

    def tracks(self) -> tuple[Track, Track]: ...
    def flow_value(self, t: float) -> int: ...


class KeyMarks(QObject):
    """Shows the key frames on the tracks of flow time and of training.

    Args:
        keys: the key frames, and what one can do with them.
        clocks: the panel with both tracks.
        window: owns the menu.
    """

    def __init__(self, keys: KeyFrameController, clocks: Tracks, window: QWidget) -> None:
        super().__init__(window)
        self._keys, self._clocks, self._window = keys, clocks, window
        self.menu: QMenu | None = None
        for track in clocks.tracks():
            track.mark_chosen.connect(keys.go)
            track.mark_menu_requested.connect(self._open_menu)
            track.mark_deleted.connect(keys.delete)
        keys.state.changed.connect(self._show)

    @Slot()
    def _show(self) -> None:
        state, count = self._keys.state, len(self._keys.state.all)
        flow, training = self._clocks.tracks()
        tips = [_tip(key, place, count) for place, key in enumerate(state.keys)]
        places = [place == state.current for place in range(count)]
        values = [self._clocks.flow_value(key.t) for key in state.keys]
        flow.set_marks([Mark(*mark) for mark in zip(values, tips, places, strict=True)])
        steps = [key.step for key in state.keys]
        training.set_marks([Mark(*mark) for mark in zip(steps, tips, places, strict=True)])

    @Slot(int, object)
    def _open_menu(self, place: int, where: QPoint) -> None:
        self._keys.state.go(place)  # current from now on, and the stage stays as it is
        if self.menu is not None:
            self.menu.deleteLater()
        self.menu = QMenu(self._window)
        self.menu.addSection(f"Key frame {place + 1}")
        self.menu.addAction("Go there", lambda: self._keys.go(place))
        self.menu.addAction("Replace by what is on the stage now", self._keys.replace)
        self.menu.addAction("Delete", self._keys.delete)
        self.menu.popup(where)


def _tip(key: KeyFrame, place: int, count: int) -> str:
    look = f", {key.mode}" if key.mode and key.mode != "flow" else ""
    return (
        f"Key frame {place + 1} of {count}: t = {key.t:.2f}, step {key.step:,}{look}\n"
        "Press to go there; Delete or a right click takes it out"
    )
