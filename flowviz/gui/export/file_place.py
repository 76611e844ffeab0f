"""Where an exported file goes: its name and its format, which follow each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QSettings, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget


class FilePlace(QWidget):
    """A file name, a format and a Browse button.

    Args:
        formats: labels by suffix, the best first.
        key: names the settings and the widgets ("film", "data").
        stem: of the suggested name.
        title: of the file dialog.

    Signals:
        changed(): the name or the format is another.
    """

    changed = Signal()

    def __init__(
        self, formats: Mapping[str, str], key: str, stem: str, title: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._key, self._stem, self._title = key, stem, title
        self._agreed = ""
        self._suggested = Path()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        self.path_edit = QLineEdit()
        self.path_edit.setAccessibleName("File name")
        self.path_edit.setObjectName(f"{key}_path")
        self.format = QComboBox()
        self.format.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.format.setAccessibleName("Format")
        self.format.setObjectName(f"{key}_format")
        self.browse_button = QPushButton("Browse…")
        line.addWidget(self.path_edit, 1)
        line.addWidget(self.format)
        line.addWidget(self.browse_button)
        self._formats: Mapping[str, str] = {}
        self.set_formats(formats)
        self.suggest()
        self.path_edit.textChanged.connect(self._path_changed)
        self.format.currentIndexChanged.connect(self._format_chosen)
        self.browse_button.clicked.connect(self._browse)

    @property
    def suffix(self) -> str:
        """Of the chosen format."""
        return str(self.format.currentData())

    @property
    def path(self) -> Path:
        """The file named, with the format's suffix where the person left it out."""
        path = Path(self.path_edit.text().strip()).expanduser()
        return path.with_name(path.name + self.suffix) if path.name and not path.suffix else path

    def set_formats(self, formats: Mapping[str, str]) -> None:
        """Offer these; the name follows where its suffix is not among them."""
        if dict(formats) == dict(self._formats):
            return
        old, self._formats = Path(self.path_edit.text().strip()), formats
        blocked = self.format.blockSignals(True)
        self.format.clear()
        for suffix, label in formats.items():
            self.format.addItem(label, suffix)
        self.format.setCurrentIndex(max(0, self.format.findData(old.suffix.lower())))
        self.format.blockSignals(blocked)
        if old.name and old.suffix.lower() not in formats:
            self.path_edit.setText(str(old.with_suffix(self.suffix)))

    def suggest(self) -> None:
        """A free name in the folder, and with the format, of the last time."""
        settings = QSettings()
        suffix = str(settings.value(f"{self._key}/suffix", ""))
        if suffix not in self._formats:
            suffix = next(iter(self._formats))
        self.format.setCurrentIndex(self.format.findData(suffix))
        folder = Path(str(settings.value(f"{self._key}/folder", str(Path.home()))))
        self._suggest_in(folder if folder.is_dir() else Path.home())

    def name_after(self, stem: str) -> None:
        """Suggest names with another stem, unless the person has named the file."""
        self._stem = stem
        now = Path(self.path_edit.text().strip())
        if now.name and now.with_suffix("") == self._suggested.with_suffix(""):
            self._suggest_in(now.parent)

    def _suggest_in(self, folder: Path) -> None:
        path, number = folder / f"{self._stem}{self.suffix}", 2
        while path.exists():
            path, number = folder / f"{self._stem} {number}{self.suffix}", number + 1
        self._suggested = path
        self.path_edit.setText(str(path))

    def remember(self) -> None:
        """Begin with this folder and format the next time."""
        settings = QSettings()
        settings.setValue(f"{self._key}/folder", str(self.path.parent))
        settings.setValue(f"{self._key}/suffix", self.path.suffix.lower())
        self._agreed = ""

    def may_write(self) -> bool:
        """Whether nothing is lost by writing, or the person has agreed; asking counts as the first of two presses."""
        if not self.path.exists() or self._agreed == str(self.path):
            return True
        self._agreed = str(self.path)
        return False

    @Slot()
    def _path_changed(self) -> None:
        index = self.format.findData(Path(self.path_edit.text().strip()).suffix.lower())
        if index >= 0 and index != self.format.currentIndex():
            blocked = self.format.blockSignals(True)
            self.format.setCurrentIndex(index)
            self.format.blockSignals(blocked)
        self.changed.emit()

    @Slot()
    def _format_chosen(self) -> None:
        path = Path(self.path_edit.text().strip())
        if path.suffix.lower() in self._formats and path.suffix.lower() != self.suffix:
            self.path_edit.setText(str(path.with_suffix(self.suffix)))
            return
        self.changed.emit()

    @Slot()
    def _browse(self) -> None:
        filters = {f"{label} (*{suffix})": suffix for suffix, label in self._formats.items()}
        before = f"{self._formats[self.suffix]} (*{self.suffix})"
        given, after = QFileDialog.getSaveFileName(self, self._title, str(self.path), ";;".join(filters), before)
        if not given:
            return
        path, suffix = Path(given), filters.get(after, self.suffix)
        if path.suffix.lower() not in self._formats:
            path = path.with_name(path.name + suffix)
        elif path.suffix.lower() == self.suffix:  # the type was chosen anew, the name was not
            path = path.with_suffix(suffix)
        self.path_edit.setText(str(path))
        self._agreed = str(path) if path == Path(given) else ""  # the file dialog has asked already
        self.changed.emit()
