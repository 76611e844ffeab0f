"""What one can do, as a table: every row becomes a menu entry and a shortcut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

from flowviz.gui.theme.icons import set_icon


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that one can do.

    Attributes:
        id: unique name.
        menu: the menu it stands in ("File", "View/Theme"); a lone "-" as text draws a line.
        text: what it is called.
        run: what happens.
        shortcuts: keys, the first one is shown.
        icon: its icon, or "".
        enabled_when: whether it can be done now.
        checked_when: for entries that are on or off.
    """

    id: str
    menu: str
    text: str
    run: Callable[[], object]
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    enabled_when: Callable[[], bool] | None = None
    checked_when: Callable[[], bool] | None = None


def separator(menu: str) -> Action:
    """A line in a menu."""
    return Action("", menu, "-", lambda: None)


_TAKEN = frozenset("FRDABXYZ")
"""Letters that mean something else with Alt: key frames (as in napari-animation) and views along the axes."""


def _with_mnemonic(name: str) -> str:
    """A menu's name whose first free letter opens it with Alt."""
    place = next((i for i, letter in enumerate(name.upper()) if letter not in _TAKEN), None)
    return name if place is None else f"{name[:place]}&{name[place:]}"


class ActionTable(QObject):
    """The menus and shortcuts of a window, made from a table."""

    def __init__(self, window: QMainWindow, table: Sequence[Action]) -> None:
        super().__init__(window)
        self._window = window
        self.rows = tuple(table)
        self.actions: dict[str, QAction] = {}
        self._menus: dict[str, QMenu] = {}
        self._icons = {row.id: row.icon for row in table if row.icon}
        for row in table:
            if row.text == "-":
                self.menu(row.menu).addSeparator()
            else:
                self._add(row)

    def menu(self, path: str) -> QMenu:
        """The menu at "View" or "View/Theme"."""
        if path not in self._menus:
            parent, _, name = path.rpartition("/")
            place = self.menu(parent) if parent else self._window.menuBar()
            menu = place.addMenu(name if parent else _with_mnemonic(name))
            menu.aboutToShow.connect(self.refresh)
            menu.aboutToShow.connect(lambda: self._draw_icons(menu))
            if not parent:
                menu.aboutToHide.connect(self.release)
            self._menus[path] = menu
        return self._menus[path]

    def _add(self, row: Action) -> None:
        action = QAction(row.text, self._window)
        action.setShortcuts([QKeySequence(keys) for keys in row.shortcuts])
        action.setCheckable(row.checked_when is not None)
        action.setObjectName(row.id)
        action.triggered.connect(lambda *_: self._run(row))
        self.menu(row.menu).addAction(action)
        self._window.addAction(action)  # its keys work without the menu bar too, when one presents
        self.actions[row.id] = action

    def _run(self, row: Action) -> None:
        if row.enabled_when is None or row.enabled_when():
            row.run()
        self._tick()

    @Slot()
    def refresh(self) -> None:
        """A menu opens: grey out what cannot be done now; tick what is on."""
        for row in self.rows:
            if row.id in self.actions and row.enabled_when is not None:
                self.actions[row.id].setEnabled(row.enabled_when())
        self._tick()

    def _draw_icons(self, menu: QMenu) -> None:
        """Icons of a menu are drawn when it is first opened."""
        for action in menu.actions():
            icon = self._icons.pop(action.objectName(), "")
            if icon:
                set_icon(action, icon)

    def _tick(self) -> None:
        for row in self.rows:
            if row.id in self.actions and row.checked_when is not None:
                self.actions[row.id].setChecked(row.checked_when())

    @Slot()
    def release(self) -> None:
        """Grey entries would swallow their shortcuts: wake all when the menu is gone; `run` asks again."""
        for action in self.actions.values():
            action.setEnabled(True)


_TEXT = (QLineEdit, QTextEdit, QPlainTextEdit)
_HOLDS_ARROWS = (QAbstractSlider, QComboBox, QAbstractItemView, QTabBar)
_NOT_IN_NUMBERS = {
    *(code for code in range(int(Qt.Key.Key_A), int(Qt.Key.Key_Z) + 1) if code != Qt.Key.Key_E),
    *range(int(Qt.Key.Key_F1), int(Qt.Key.Key_F35) + 1),
    int(Qt.Key.Key_Space),
}
_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)


class ShortcutGuard(QObject):
    """Leaves plain keys to the widget that has the focus where it needs them itself.

    Text fields keep every plain key, number fields those that numbers are made of; sliders, lists and tabs keep
    the arrows; a button that was reached with Tab keeps Space. It filters the focused widget only, so it costs nothing.
    """

    def __init__(self, application: QApplication, parent: QObject) -> None:
        super().__init__(parent)
        self._filtered: QWidget | None = None
        application.focusChanged.connect(self._focus_changed)

    @Slot(QWidget, QWidget)
    def _focus_changed(self, old: QWidget | None, new: QWidget | None) -> None:
        if old is not None:
            old.removeEventFilter(self)
        if new is not None:
            new.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim the key for the focused widget before it becomes a shortcut."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            held = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
            if not held and self._needs(watched, event.key()):
                event.accept()
                return True
            if not held and isinstance(watched, QAbstractSpinBox):
                event.ignore()  # the field itself would claim all that can be typed
                return True
        return False

    @staticmethod
    def _needs(widget: QObject, key: int) -> bool:
        if isinstance(widget, QAbstractSpinBox):
            return key not in _NOT_IN_NUMBERS
        if isinstance(widget, _TEXT):
            return not Qt.Key.Key_F1 <= key <= Qt.Key.Key_F35
        if isinstance(widget, QComboBox) and widget.isEditable():
            return True
        if isinstance(widget, _HOLDS_ARROWS):
            return key in _ARROWS or key == Qt.Key.Key_Space
        return isinstance(widget, QAbstractButton) and key == Qt.Key.Key_Space
