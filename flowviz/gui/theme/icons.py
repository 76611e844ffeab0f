"""Icons: small stroked SVGs from resources/icons, coloured from the tokens when they are loaded."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QObject, QSize, Qt
from PySide6.QtGui import QAction, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication
from shiboken6 import isValid

from flowviz.core.resources import resource
from flowviz.gui.theme.theme import current_tokens, current_zoom

_PROPERTY = "flowvizIcon"
_SIZE = 18


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
    return _coloured(name, colour, True)


def _coloured(name: str, colour: str, can_be_checked: bool) -> QIcon:
    tokens = current_tokens()
    checked = (colour or tokens.accent) if can_be_checked else ""
    application = QApplication.instance()
    ratio = application.devicePixelRatio() if isinstance(application, QApplication) else 1.0
    ratio *= current_zoom()
    return QIcon(_icon(name, colour or tokens.text, checked, tokens.border, ratio))


@lru_cache(maxsize=256)
def _icon(name: str, plain: str, checked: str, disabled: str, ratio: float) -> QIcon:
    """Only what will be seen is drawn: one size, at the screen's resolution; checked only where one can check."""
    result = QIcon()
    looks = [(plain, QIcon.Mode.Normal, QIcon.State.Off), (disabled, QIcon.Mode.Disabled, QIcon.State.Off)]
    if checked and checked != plain:
        looks.append((checked, QIcon.Mode.Normal, QIcon.State.On))
    for colour, mode, state in looks:
        picture = pixmap(name, colour, round(_SIZE * ratio))
        picture.setDevicePixelRatio(ratio)
        result.addPixmap(picture, mode, state)
    return result


def set_icon(target: QAbstractButton | QAction, name: str, colour_token: str = "") -> None:
    """Give a button or an action an icon that follows the theme; `colour_token` is a field of Tokens."""
    target.setProperty(_PROPERTY, f"{name}|{colour_token}")
    colour = str(getattr(current_tokens(), colour_token)) if colour_token else ""
    target.setIcon(_coloured(name, colour, target.isCheckable()))


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
