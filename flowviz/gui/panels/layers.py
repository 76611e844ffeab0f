"""The row above the stage: layers as chips (with their colours: the legend), and how to look."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QLinearGradient, QPainter, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from flowviz.gui.bridge.paint_thread import Picture
from flowviz.gui.panels.display_menu import DisplayMenu
from flowviz.gui.panels.slice_strip import SliceStrip
from flowviz.gui.state.options import OptionsState
from flowviz.gui.theme.theme import current_tokens, mix
from flowviz.gui.widgets.bars import flat_button
from flowviz.gui.widgets.flow_layout import FlowLayout
from flowviz.scene.marks import Volume
from flowviz.scene.resolve import layers, modes

_SHORT = {
    "target": "Target",
    "trails": "Trails",
    "field": "Velocity",
    "grid": "Grid",
    "slice": "Slice",
    "anomaly": "Anomaly",
    "coupling": "Pairs",
    "closed_form": "Exact",
}
_COLOURS = {
    "slice": "warning",
    "target": "target",
    "particles": "particles",
    "trails": "trails",
    "field": "field",
    "anomaly": "danger",
    "coupling": "accent",
    "closed_form": "good",
}
_LOOP_TIP = "Draw a loop that the flow carries (O, or Shift+drag)"
_FLAT_TIP = "A loop is drawn in Flow, Four-up or Compare (O, or Shift+drag); Journey and Strip show where it is carried"
_NO_LOOP_TIP = "A loop encloses no mass in space: it is drawn on flows in the plane"


def swatch(key: str, on: bool) -> QIcon:
    """A small sign in the layer's colour: dot, line, heat, arrow or grid."""
    tokens = current_tokens()
    picture = QPixmap(32, 32)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor(getattr(tokens, _COLOURS.get(key, "accent")) if on else mix(tokens.muted, tokens.panel, 0.5))
    pen = painter.pen()
    pen.setColor(colour)
    pen.setWidth(3)
    painter.setPen(pen)
    if "density" in key:
        gradient = QLinearGradient(4, 28, 28, 4)
        gradient.setColorAt(0, QColor(mix(tokens.panel, tokens.accent, 0.15)))
        gradient.setColorAt(1, colour)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(gradient)
        painter.drawRoundedRect(5, 5, 22, 22, 5, 5)
    elif key == "trails":
        painter.drawLine(5, 24, 16, 19)
        painter.drawLine(16, 19, 27, 7)
    elif key == "coupling":
        painter.drawLine(7, 24, 25, 8)
        painter.setBrush(colour)
        painter.drawEllipse(3, 20, 7, 7)
        painter.drawEllipse(21, 4, 9, 9)
    elif key == "closed_form":
        painter.translate(16, 16)
        painter.rotate(-35)
        painter.drawEllipse(QPoint(0, 0), 13, 7)
    elif key == "slice":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon([QPoint(3, 20), QPoint(12, 9), QPoint(29, 13), QPoint(20, 25)])
    elif key == "field":
        painter.drawLine(6, 26, 25, 7)
        painter.drawLine(25, 7, 15, 8)
        painter.drawLine(25, 7, 24, 17)
    elif "grid" in key:
        pen.setColor(QColor(tokens.grid) if on else colour)
        painter.setPen(pen)
        for place in (9, 22):
            painter.drawLine(place, 4, place, 28)
            painter.drawLine(4, place, 28, place)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(7, 7, 18, 18)
    painter.end()
    return QIcon(picture)


class LayerBar(QFrame):
    """Chips that switch layers; `tools` are the buttons for all modes, which stand beside the tabs above.

    Signals:
        layer_toggled(str key).
        options_chosen(object): a dict of StageOptions changes.
        fit_requested().
        loop_requested(): draw a loop, or rather not.
    """

    layer_toggled = Signal(str)
    options_chosen = Signal(object)
    fit_requested = Signal()
    loop_requested = Signal()

    def __init__(self, options: OptionsState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("layerBar")
        self._options = options
        self.chips: dict[str, QToolButton] = {}
        self._volume: Volume | None = None
        self._abilities: frozenset[str] = frozenset()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(8, 5, 8, 5)
        rows.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(4)
        rows.addLayout(row)
        self.slice_strip = SliceStrip()
        self.slice_strip.options_chosen.connect(self.options_chosen)
        rows.addWidget(self.slice_strip)
        holder = QWidget()
        flow = FlowLayout(holder, gap=3)
        flow.setContentsMargins(0, 0, 0, 0)
        for key, layer in layers():
            chip = QToolButton()
            chip.setProperty("chip", True)
            chip.setCheckable(True)
            chip.setText(_SHORT.get(key, layer.label))
            chip.setIconSize(QSize(16, 16))
            chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            chip.setAccessibleName(f"Layer {layer.label}")
            chip.setToolTip(f"{layer.label}: {layer.summary} ({layer.key})")
            chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            chip.setProperty("layer", key)
            chip.clicked.connect(self._chip_clicked)
            flow.addWidget(chip)
            self.chips[key] = chip
        row.addWidget(holder, 1)
        self.tools = QWidget()
        tools = QHBoxLayout(self.tools)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(2)
        self.loop_button = flat_button("lasso", "Draw a loop", _LOOP_TIP)
        self.loop_button.setCheckable(True)
        self.loop_button.clicked.connect(self.loop_requested)
        tools.addWidget(self.loop_button)
        self.fit_button = flat_button("fit", "Fit the view", "Bring everything into view (A, double click)")
        self.fit_button.clicked.connect(self.fit_requested)
        tools.addWidget(self.fit_button)
        self.more_button = flat_button("options", "Display options", "How many particles, length of trails, density")
        self.more_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = DisplayMenu(options, self)
        self._menu.options_chosen.connect(self.options_chosen)
        self.more_button.setMenu(self._menu)
        tools.addWidget(self.more_button)
        options.changed.connect(self.refresh)
        self.refresh()

    @Slot(object)
    def show_picture(self, picture: Picture) -> None:
        """The stage shows a plane or space: offer what can be seen there."""
        if picture.volume != self._volume:
            self._volume = picture.volume
            self.refresh()
        can_draw = any(panel.link == "plane" for panel in picture.scene.panels)
        tip = _NO_LOOP_TIP if self._volume is not None else _LOOP_TIP if can_draw else _FLAT_TIP
        if tip != self.loop_button.toolTip():
            self.loop_button.setToolTip(tip)

    def offer_for(self, abilities: frozenset[str]) -> None:
        """Offer the layers that a method with these abilities can fill."""
        if abilities != self._abilities:
            self._abilities = abilities
            self.refresh()

    @Slot()
    def _chip_clicked(self) -> None:
        self.layer_toggled.emit(str(self.sender().property("layer")))

    @Slot(bool)
    def show_loop_mode(self, draws: bool) -> None:
        """Whether the next drag draws a loop."""
        self.loop_button.setChecked(draws)

    @Slot()
    def refresh(self) -> None:
        """Show the options as they are, in the theme's colours."""
        value = self._options.value
        known = dict(modes())[value.mode].layers
        dim = 2 if self._volume is None else 3
        for key, layer in layers():
            chip = self.chips[key]
            chip.setVisible(layer.fits(dim, self._abilities))
            chip.setEnabled(known is None or key in known)
            on = key in value.layers
            sign = f"{key}{on}{current_tokens().name}"
            if chip.property("sign") != sign:
                chip.setProperty("sign", sign)
                chip.setChecked(on)
                chip.setIcon(swatch(key, on))
            chip.setChecked(on)
        self.slice_strip.show_options(value, self._volume)
        self._menu.offer_for(dim)
