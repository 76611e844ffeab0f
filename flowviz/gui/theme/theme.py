"""The look of the window: one table of tokens becomes a palette, a style sheet and plot colours."""

from __future__ import annotations

import re
import string
from dataclasses import asdict
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from flowviz.core.resources import resource
from flowviz.gui.application import Application
from flowviz.scene.tokens import DARK, THEMES, ThemeName, Tokens

ThemeChoice = Literal["light", "dark", "system"]
_PROPERTY = "flowvizTheme"
_ZOOM = "flowvizZoom"
ZOOMS = (0.75, 0.85, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0)
_RADII = re.compile(r"(border-radius: )(\d+)px")
_PIXELS = re.compile(r"(?<![\w.])(\d+)px(?! (?:solid|dashed))")


def current_tokens() -> Tokens:
    """The colours in use now."""
    application = QApplication.instance()
    name = application.property(_PROPERTY) if application else None
    return THEMES.get(str(name), DARK)  # type: ignore[call-overload, no-any-return]


def current_zoom() -> float:
    """How many times larger than usual the interface is."""
    application = QApplication.instance()
    zoom = application.property(_ZOOM) if application else None
    return float(zoom) if isinstance(zoom, float) else 1.0


def zoomed(size: float) -> int:
    """A size in points as it is in the interface now."""
    return max(1, round(size * current_zoom()))


def mix(first: str, second: str, share: float) -> str:
    """A colour between two: `share` of the second."""
    a, b = QColor(first), QColor(second)
    parts = [round(x + (y - x) * share) for x, y in zip(a.getRgb()[:3], b.getRgb()[:3], strict=True)]  # type: ignore[index]
    return QColor(*parts).name()


def palette_of(tokens: Tokens) -> QPalette:
    """Qt's palette in these colours."""
    palette = QPalette()
    role = QPalette.ColorRole
    table = {
        role.Window: tokens.window,
        role.WindowText: tokens.text,
        role.Base: tokens.raised if tokens.name == "dark" else tokens.panel,
        role.AlternateBase: tokens.panel,
        role.Text: tokens.text,
        role.Button: tokens.raised,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.danger,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.accent_text,
        role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text,
        role.PlaceholderText: tokens.muted,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.accent,
        role.Mid: tokens.border,
        role.Midlight: tokens.raised,
        role.Dark: tokens.border,
        role.Light: tokens.raised,
        role.Shadow: tokens.stage,
    }
    for key, colour in table.items():
        palette.setColor(key, QColor(colour))
    faded = QColor(mix(tokens.muted, tokens.window, 0.45))
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, faded)
    return palette


def style_sheet(tokens: Tokens, zoom: float = 1.0) -> str:
    """The style sheet of resources/theme/style.qss in these colours, its letters and paddings `zoom` times as large."""
    template = string.Template(resource("theme/style.qss").read_text(encoding="utf-8"))
    words = {name: value for name, value in asdict(tokens).items() if isinstance(value, str)}
    words["hover"] = mix(tokens.raised, tokens.text, 0.09)
    words["pressed"] = mix(tokens.raised, tokens.text, 0.16)
    words["faded"] = mix(tokens.muted, tokens.window, 0.45)
    words["accent_hover"] = mix(tokens.accent, tokens.text, 0.15)
    words["accent_soft"] = mix(tokens.panel, tokens.accent, 0.18)
    words["danger_soft"] = mix(tokens.panel, tokens.danger, 0.14)
    words["warning_soft"] = mix(tokens.panel, tokens.warning, 0.14)
    words["chevron"] = resource(f"theme/chevron-{tokens.name}.svg").as_posix()
    words["close"] = resource(f"theme/close-{tokens.name}.svg").as_posix()
    words["check"] = resource(f"theme/check-{tokens.name}.svg").as_posix()
    sheet = template.substitute(words | _slider_sizes(zoom))
    # A radius above half of what it rounds is ignored, and what it rounds may have become a pixel smaller.
    if zoom != 1.0:
        sheet = _RADII.sub(lambda size: f"{size[1]}{max(1, int(int(size[2]) * zoom - 0.5))} px", sheet)
        sheet = _PIXELS.sub(lambda size: f"{round(int(size[1]) * zoom)}px", sheet)
    return sheet.replace(" px", "px")


def _slider_sizes(zoom: float) -> dict[str, str]:
    """Of groove and knob: both even, so that the knob is a circle in the middle of its groove at any size."""
    half_groove, half_knob = max(1, round(2 * zoom)), round(7 * zoom)
    sizes = {
        "slider": 2 * half_knob + 1,
        "groove": 2 * half_groove,
        "knob": 2 * half_knob,
        "half_knob": half_knob,
        "overhang": half_knob - half_groove,
    }
    return {name: f"{size} px" for name, size in sizes.items()}  # the space keeps them from being zoomed again


class Theme(QObject):
    """Dark, light, or what the system says; and how large everything is.

    Args:
        application: what is dressed.
        choice: what the person chose.
        is_dressed: put the style sheet on at once. Qt polishes a widget again whenever it gets another parent: a
            window that is made first and dressed then, by `dress`, opens sooner.

    Signals:
        changed(): colours or sizes are others now; `current_tokens()` and `current_zoom()` say which.
    """

    changed = Signal()

    def __init__(self, application: QApplication, choice: ThemeChoice = "system", is_dressed: bool = True) -> None:
        super().__init__()
        self._application = application
        self._choice = choice
        self._is_dressed = is_dressed
        if not isinstance(application, Application):
            application.setStyle(QStyleFactory.create("Fusion"))
        application.styleHints().colorSchemeChanged.connect(self._system_changed)
        self._apply()

    @property
    def choice(self) -> ThemeChoice:
        """What the person chose."""
        return self._choice

    @property
    def tokens(self) -> Tokens:
        """The colours in use."""
        return current_tokens()

    def dress(self) -> None:
        """Put the style sheet on, if that has waited for the widgets to be made."""
        if not self._is_dressed:
            self._is_dressed = True
            self._put_sheet_on()

    def choose(self, choice: ThemeChoice) -> None:
        """Change the look now."""
        self._choice = choice
        self._apply()

    def zoom_by(self, places: int) -> None:
        """Go along the table of sizes; 0 places is the usual size."""
        near = min(range(len(ZOOMS)), key=lambda i: abs(ZOOMS[i] - current_zoom()))
        self.set_zoom(ZOOMS[max(0, min(len(ZOOMS) - 1, near + places))] if places else 1.0)

    def set_zoom(self, zoom: float) -> None:
        """Make the interface so many times as large as usual, 0.75 to 2."""
        zoom = min(ZOOMS[-1], max(ZOOMS[0], float(zoom)))
        if zoom != current_zoom():
            self._application.setProperty(_ZOOM, zoom)
            self._apply(anew=True)

    @Slot()
    def _system_changed(self) -> None:
        if self._choice == "system":
            self._apply()

    def _name(self) -> ThemeName:
        if self._choice != "system":
            return self._choice
        scheme = self._application.styleHints().colorScheme()
        return "light" if scheme == Qt.ColorScheme.Light else "dark"

    def _apply(self, anew: bool = False) -> None:
        from flowviz.gui.theme.icons import refresh_icons
        from flowviz.gui.theme.sizes import refresh_sizes

        name = self._name()
        if self._application.property(_PROPERTY) == name and not anew:
            return
        self._application.setProperty(_PROPERTY, name)
        tokens = THEMES[name]
        self._application.setPalette(palette_of(tokens))
        if self._is_dressed:
            self._put_sheet_on()
        refresh_icons(self._application)
        if anew:
            refresh_sizes(self._application, current_zoom())
        self.changed.emit()

    def _put_sheet_on(self) -> None:
        self._application.setStyleSheet(style_sheet(self.tokens, current_zoom()))
