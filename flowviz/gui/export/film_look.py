"""How a film looks: theme, background, what stands around the stage, layers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, cast

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFormLayout, QLabel

from flowviz.core.film import FilmSpec, Part
from flowviz.gui.export.rows import boxes, choice, row
from flowviz.scene.resolve import layers

_THEMES = (("Dark", "dark", ""), ("Light", "light", ""))
_BACKGROUNDS = (
    ("Background of the theme", "theme", ""),
    ("White", "#ffffff", ""),
    ("Black", "#000000", ""),
    ("Transparent", "transparent", "For slides and editing programs; WebM, WebP, GIF, PNG, SVG and PDF have it"),
)
_PARTS: tuple[tuple[Part, str, str], ...] = (
    ("title", "Title", "Method and target, below the stage"),
    ("clock", "Clocks", "Flow time and training step, below the stage"),
    ("legend", "Legend", "What the colours mean"),
    ("scale", "Scale", "Numbers along the edges"),
    ("curves", "Curves", "Distances and losses beside the stage, or below it in an upright film"),
)
_DITHERS = (
    ("Colours: even pattern", "bayer", "Smooth shades that stand still"),
    ("Colours: diffused", "diffuse", "Smoothest in one picture; may shimmer"),
    ("Colours: plain", "none", "Smallest file; shades in bands"),
)


class FilmLook(QObject):
    """The lower part of a film's form.

    Args:
        form: where the rows go.
        offered: keys of the layers that can show something of the run.
    """

    changed = Signal()

    def __init__(self, form: QFormLayout, offered: Collection[str]) -> None:
        super().__init__(form)
        self._form = form
        self._theme = choice("Theme", _THEMES)
        self._background = choice("Background", _BACKGROUNDS)
        self._dither = choice("Dither", _DITHERS)
        parts, self._parts = boxes(_PARTS, "film_part", 3)
        shown = [(key, layer.label, layer.summary) for key, layer in layers() if key in offered]
        self._layer_place, self._layers = boxes(shown, "film_layer", 2)
        form.addRow("Look", row(self._theme, self._background))
        form.addRow("GIF", self._dither)
        form.addRow("With", parts)
        form.addRow("Layers", self._layer_place)
        self._captured = QLabel("Those of each key frame, and its stage mode")
        self._captured.setProperty("role", "muted")
        form.addRow("Layers", self._captured)
        for combo in (self._theme, self._background, self._dither):
            combo.currentIndexChanged.connect(self.changed)
        for box in (*self._parts.values(), *self._layers.values()):
            box.toggled.connect(self.changed)

    def show_spec(self, film: FilmSpec) -> None:
        """Show a film's choices."""
        for combo, data in (
            (self._theme, film.theme),
            (self._background, film.background),
            (self._dither, film.dither),
        ):
            combo.setCurrentIndex(max(0, combo.findData(data)))
        for key, box in self._parts.items():
            box.setChecked(key in film.parts)
        for key, box in self._layers.items():
            box.setChecked(key in film.layers)

    def set_abilities(self, has_alpha: bool, dithers: bool) -> None:
        """What the chosen format can do."""
        place = self._background.findData("transparent")
        cast(Any, self._background.model()).item(place).setEnabled(has_alpha)
        if not has_alpha and self._background.currentIndex() == place:
            self._background.setCurrentIndex(0)
        self._form.setRowVisible(self._dither, dithers)

    def show_layers(self, wanted: bool) -> None:
        """Whether there are layers to choose; key frames bring their own."""
        self._form.setRowVisible(self._layer_place, wanted)
        self._form.setRowVisible(self._captured, not wanted)

    def on(self, film: FilmSpec) -> FilmSpec:
        """The film with these choices."""
        return replace(
            film,
            theme=self._theme.currentData(),
            background=self._background.currentData(),
            dither=self._dither.currentData(),
            parts=tuple(key for key, _, _ in _PARTS if self._parts[key].isChecked()),
            layers=tuple(key for key, box in self._layers.items() if box.isChecked()),
        )
