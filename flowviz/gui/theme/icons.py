"""Icons: small stroked SVGs from resources/icons, coloured from the tokens when they are loaded."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QObject, QSize, Qt
from PySide6.QtGui import QAction, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication
from shiboken6 import isValid

from flowviz.core.resources import resource
from flowviz.gui.theme.theme import current_tokens

_PROPERTY = "flowvizIcon"
_SIZES = (18, 36)


@lru_cache(maxsize=128)
def _svg(name: str) -> str:
    return resource(f"icons/{name}.svg").read_text(encoding="utf-8")


def pixmap(name: str, colour: str, size: int) -> QPixmap:
    """One icon in one colour; `size` in device pixels.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    text = _svg(name).replace("currentColor", colour)
    picture = QPixmap(QSize(size, size))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(text.encode())).render(painter)
    painter.end()
    return picture


def icon(name: str, colour: str = "") -> QIcon:
    """The icon in the theme's text colour (or a colour "#rrggbb"), muted when disabled, accented when checked."""
    tokens = current_tokens()
    return QIcon(_icon(name, colour or tokens.text, colour or tokens.accent, tokens.border))


@lru_cache(maxsize=256)
def _icon(name: str, plain: str, checked: str, disabled: str) -> QIcon:
    result = QIcon()
    for size in _SIZES:
        result.addPixmap(pixmap(name, plain, size), QIcon.Mode.Normal, QIcon.State.Off)
        if checked != plain:
            result.addPixmap(pixmap(name, checked, size), QIcon.Mode.Normal, QIcon.State.On)
        result.addPixmap(pixmap(name, disabled, size), QIcon.Mode.Disabled, QIcon.State.Off)
    return result


def set_icon(target: QAbstractButton | QAction, name: str, colour_token: str = "") -> None:
    """Give a button or an action an icon that follows the theme; `colour_token` is a field of Tokens."""
    target.setProperty(_PROPERTY, f"{name}|{colour_token}")
    target.setIcon(icon(name, str(getattr(current_tokens(), colour_token)) if colour_token else ""))


def refresh_icons(application: QApplication) -> None:
    """Colour all icons again after the theme changed."""
    targets: list[QObject] = [w for w in application.allWidgets() if isinstance(w, QAbstractButton)]
    for window in application.topLevelWidgets():
        targets += window.findChildren(QAction)
    for target in targets:
        value = target.property(_PROPERTY) if isValid(target) else None
        if isinstance(value, str) and isinstance(target, QAbstractButton | QAction):
            name, _, token = value.partition("|")
            set_icon(target, name, token)
