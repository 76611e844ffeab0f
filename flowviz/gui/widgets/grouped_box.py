"""A combo box of many choices: under headings, each with a sentence that says what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate, QWidget

from flowviz.gui.theme.theme import current_tokens

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyleOptionViewItem

_SUMMARY, _OWN_SUMMARY = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
_MARGIN = 8
_WIDTH = 380
_WORDS = Qt.TextFlag.TextWordWrap


class Entry(NamedTuple):
    """A choice: what it stands for, its heading, its name, and a sentence."""

    key: str
    group: str
    label: str
    summary: str


class GroupedBox(QComboBox):
    """Choices under headings; `currentData` is the key of the chosen one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reasons: dict[str, str] = {}
        self.setItemDelegate(_Delegate(self))
        self.view().setMinimumWidth(_WIDTH)
        self.view().setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMaxVisibleItems(24)

    def set_entries(self, entries: Iterable[Entry]) -> None:
        """Offer these, entries of one group beside each other."""
        self.clear()
        self._reasons = {}
        model, last = self.model(), ""
        assert isinstance(model, QStandardItemModel)
        for entry in entries:
            if entry.group != last:
                heading = QStandardItem(entry.group)
                heading.setFlags(Qt.ItemFlag.NoItemFlags)
                model.appendRow(heading)
                last = entry.group
            self.addItem(entry.label, entry.key)
            for role in (_SUMMARY, _OWN_SUMMARY):
                self.setItemData(self.count() - 1, entry.summary, role)
            self.setItemData(self.count() - 1, entry.summary, Qt.ItemDataRole.AccessibleDescriptionRole)

    def set_reasons(self, reasons: Mapping[str, str]) -> None:
        """Grey out the choices that cannot be made now, each with the sentence that says why."""
        if reasons == self._reasons:
            return
        model, self._reasons = self.model(), dict(reasons)
        assert isinstance(model, QStandardItemModel)
        for i in range(self.count()):
            if self.itemData(i) is not None:
                reason = reasons.get(self.itemData(i), "")
                model.item(i).setEnabled(not reason)
                words = reason or self.itemData(i, _OWN_SUMMARY)
                self.setItemData(i, words, _SUMMARY)
                self.setItemData(i, words, Qt.ItemDataRole.AccessibleDescriptionRole)

    def keys(self) -> list[str]:
        """Of the choices, in order."""
        return [key for i in range(self.count()) if (key := self.itemData(i)) is not None]


class _Delegate(QStyledItemDelegate):
    """Draws a heading, or a choice with its sentence below."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Room for the wrapped sentence."""
        fonts = QFontMetrics(option.font)
        summary = index.data(_SUMMARY)
        if summary is None:
            return QSize(_WIDTH, round(1.9 * fonts.height()))
        small = QFontMetrics(_small(option.font))
        text = small.boundingRect(QRect(0, 0, _WIDTH - 5 * _MARGIN, 1000), _WORDS, summary)
        return QSize(_WIDTH, fonts.height() + text.height() + _MARGIN)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The heading or the two lines."""
        from PySide6.QtWidgets import QStyle  # with more enums than any other class: when first painted

        summary, palette = index.data(_SUMMARY), option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected) and summary is not None
        painter.save()
        painter.fillRect(option.rect, palette.highlight() if chosen else palette.base())
        ink = palette.color(QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        muted = ink if chosen else QColor(current_tokens().muted)  # a style sheet's own is too pale to read from afar
        if not option.state & QStyle.StateFlag.State_Enabled:
            ink = muted
        if summary is None:
            painter.setFont(_heading(option.font))
            painter.setPen(muted)
            room = option.rect.adjusted(_MARGIN, 0, -_MARGIN, -3)
            painter.drawText(room, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, index.data())
        else:
            room = option.rect.adjusted(2 * _MARGIN, _MARGIN // 2, -_MARGIN, 0)
            painter.setFont(option.font)
            painter.setPen(ink)
            painter.drawText(room, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, index.data())
            painter.setFont(_small(option.font))
            painter.setPen(muted)
            below = room.adjusted(0, QFontMetrics(option.font).height(), 0, 0)
            painter.drawText(below, _WORDS | Qt.AlignmentFlag.AlignTop, summary)
        painter.restore()


def _small(font: QFont) -> QFont:
    result = QFont(font)
    if font.pointSizeF() > 0:
        result.setPointSizeF(0.9 * font.pointSizeF())
    else:
        result.setPixelSize(max(1, round(0.9 * font.pixelSize())))
    return result


def _heading(font: QFont) -> QFont:
    result = _small(font)
    result.setBold(True)
    return result
