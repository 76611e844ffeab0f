"""The blocks as a picture: divergence behind every block against its envelope, and below what each block moves."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from flowviz.gui.theme.theme import current_tokens, mix, zoomed
from flowviz.scene.block_story import BlockChain, BlockRow, figure, sentence, spread
from flowviz.scene.ticks import log_ticks

_LEFT, _RIGHT = 44, 10
_LEAST_KL = 1e-4
_TITLES = ("KL(pₖ ‖ N(0, I)), nats", "KL up to a constant (entropy unknown)")


def kl_range(chain: BlockChain, before: BlockChain) -> tuple[float, float] | None:
    """Decimal logarithms between which the measured divergences lie, at least one decade; None without any."""
    values = [row.kl for row in (*chain.rows, *before.rows)] + [chain.kl_data]
    positive = [value for value in values if value is not None and value > _LEAST_KL]
    if not positive:
        return None
    high = math.log10(max(positive)) + 0.08
    return min(math.log10(min(positive)) - 0.2, high - 1.0), high


class BlockChart(QWidget):
    """Points at the joints between blocks, bars between them; Left and Right choose a block once it has the focus.

    Signals:
        block_chosen(int): the person chose a block.
    """

    block_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("KL and distance of every block")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(112)
        self.chain = BlockChain((), None, False)
        self.before = BlockChain((), None, False)
        self.chosen = 0

    def sizeHint(self) -> QSize:
        """As large as there is room."""
        return QSize(280, 200)

    def show_chain(self, chain: BlockChain, before: BlockChain, chosen: int) -> None:
        """Show the blocks, those of the round before as outlines, and which block is chosen."""
        if (chain, before, chosen) != (self.chain, self.before, self.chosen):
            self.chain, self.before, self.chosen = chain, before, chosen
            self.setAccessibleDescription(sentence(chain, chosen)[0])
            self.update()

    # -- the person -----------------------------------------------------------------------------------------

    def block_at(self, x: float) -> int | None:
        """The block whose bar stands at x, or None beside the plot."""
        count, wide = len(self.chain.rows), self.width() - _LEFT - _RIGHT
        place = math.floor((x - _LEFT) / max(1, wide) * count)
        return place if 0 <= place < count else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a block."""
        block = self.block_at(event.position().x())
        if block is not None:
            self.block_chosen.emit(block)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right choose the block before and after."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self.chain.rows:
            super().keyPressEvent(event)
        else:
            self.block_chosen.emit(min(max(0, self.chosen + step), len(self.chain.rows) - 1))

    def event(self, event: QEvent) -> bool:
        """Keep the arrows from being shortcuts; tell of the block under the pointer."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and not event.modifiers():
                event.accept()
                return True
        elif event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            block = self.block_at(event.pos().x())
            words = "" if block is None else sentence(self.chain, block)[0]
            QToolTip.showText(event.globalPos(), f"<p>{words}</p>" if words else "", self)
            return True
        return super().event(event)

    # -- the picture ----------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Both halves."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(zoomed(11 if self.height() < 260 else 13))
        painter.setFont(font)
        _Picture(self, painter).paint()
        painter.end()


class _Picture:
    """One painting: where things stand, and the strokes."""

    def __init__(self, chart: BlockChart, painter: QPainter) -> None:
        self.chart, self.painter, self.tokens = chart, painter, current_tokens()
        self.rows, self.count = chart.chain.rows, max(1, len(chart.chain.rows))
        line = painter.fontMetrics().height()
        wide, tall = chart.width() - _LEFT - _RIGHT, chart.height() - 3 * line - 8
        upper = round(tall * 0.65)
        self.line = line
        self._limits = (-1.0, 0.0)
        self.kl = QRectF(_LEFT, line + 2, wide, upper)
        self.bars = QRectF(_LEFT, 2 * line + 6 + upper, wide, tall - upper)

    def x(self, joint: float) -> float:
        """Where the joint behind that many blocks stands."""
        return self.kl.left() + joint / self.count * self.kl.width()

    def y(self, kl: float) -> float:
        """Where a divergence stands on the logarithmic axis."""
        low, high = self._limits
        return self.kl.bottom() - (math.log10(max(kl, 1e-12)) - low) / (high - low) * self.kl.height()

    def paint(self) -> None:
        """Everything."""
        tokens, chart = self.tokens, self.chart
        if self.rows:
            band = QRectF(self.x(chart.chosen), self.kl.top(), self.kl.width() / self.count, 0)
            band.setBottom(self.bars.bottom())
            self.painter.fillRect(band, QColor(mix(tokens.panel, tokens.accent, 0.26 if chart.hasFocus() else 0.13)))
        self._bars()
        self._divergence()
        self._axis()

    def _words(self, box: QRectF, text: str, colour: str, align: Qt.AlignmentFlag) -> None:
        self.painter.setPen(QColor(colour))
        self.painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, text)

    def _title(self, above: QRectF, text: str) -> None:
        box = QRectF(4, above.top() - self.line - 2, self.chart.width() - 4 - _RIGHT, self.line)
        self._words(box, text, self.tokens.muted, Qt.AlignmentFlag.AlignLeft)

    def _frame(self, box: QRectF) -> None:
        self.painter.setPen(QPen(QColor(self.tokens.border), 1))
        self.painter.drawLine(box.bottomLeft(), box.topLeft())
        self.painter.drawLine(box.bottomLeft(), box.bottomRight())

    # KL

    def _divergence(self) -> None:
        chain, tokens = self.chart.chain, self.tokens
        self._title(self.kl, _TITLES[chain.is_relative])
        self._frame(self.kl)
        limits = kl_range(chain, self.chart.before)
        if limits is None:
            self._words(self.kl, "KL appears when a block is trained", tokens.muted, Qt.AlignmentFlag.AlignHCenter)
            return
        low, high = self._limits = limits
        self._legend()
        for tick in log_ticks(low, high, max(2, int(self.kl.height() // 20))):
            place = self.y(10**tick)
            if place > self.kl.bottom() - self.line / 2:
                continue  # its number would touch the title below
            self.painter.setPen(QPen(QColor(mix(tokens.panel, tokens.border, 0.6)), 1))
            self.painter.drawLine(QPointF(self.kl.left(), place), QPointF(self.kl.right(), place))
            box = QRectF(0, place - self.line / 2, _LEFT - 5, self.line)
            self._words(box, f"{10**tick:.3g}", tokens.muted, Qt.AlignmentFlag.AlignRight)
        self.painter.save()
        self.painter.setClipRect(self.kl.adjusted(-6, -6, 6, 4))
        self._envelope()
        self._points_before()
        self._points()
        self._exact()
        self.painter.restore()

    def _legend(self) -> None:
        text, metrics = "allowed by theory", self.painter.fontMetrics()
        wide = metrics.horizontalAdvance(text)
        box = QRectF(self.kl.right() - wide, self.kl.top() - self.line - 2, wide, self.line)
        title = (
            metrics.horizontalAdvance("KL up to a constant (entropy unknown)") if self.chart.chain.is_relative else 110
        )
        if box.left() - 26 < 8 + title:
            box.moveTop(self.kl.top() + 1)
        self.painter.setPen(self._bound_pen())
        self.painter.drawLine(QPointF(box.left() - 24, box.center().y()), QPointF(box.left() - 5, box.center().y()))
        self._words(box, text, self.tokens.muted, Qt.AlignmentFlag.AlignRight)
        if any(row.info.exact_kl is not None for row in self.rows):
            box.moveTop(max(box.bottom(), self.kl.top()))
            self.painter.setPen(QPen(QColor(self.tokens.text), 1.4))
            self.painter.drawRect(QRectF(box.left() - 18, box.center().y() - 4.5, 9, 9))
            self._words(box, "in closed form", self.tokens.muted, Qt.AlignmentFlag.AlignLeft)

    def _bound_pen(self) -> QPen:
        return QPen(QColor(self.tokens.good), 2, Qt.PenStyle.DashLine)

    def _envelope(self) -> None:
        start = self.chart.chain.kl_data
        if start is None or start <= 0:
            return
        line = QPolygonF([QPointF(self.x(0), self.y(start))])
        for index, row in enumerate(self.rows):
            if row.envelope is None:
                break
            line.append(QPointF(self.x(index + 1), self.y(row.envelope)))
        self.painter.setPen(self._bound_pen())
        self.painter.drawPolyline(line)

    def _points_before(self) -> None:
        before = self.chart.before
        if before.is_relative:
            return  # its unknown constant is another
        wide = self.kl.width() / max(1, len(before.rows))
        points = [(i + 1, row.kl) for i, row in enumerate(before.rows) if row.kl is not None and row.kl > _LEAST_KL]
        self.painter.setPen(QPen(QColor(self.tokens.muted), 1.2))
        self.painter.setBrush(QColor(self.tokens.panel))
        for joint, kl in points:
            self.painter.drawEllipse(QPointF(self.kl.left() + joint * wide, self.y(kl)), 3.2, 3.2)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)

    def _points(self) -> None:
        chain, painter, tokens = self.chart.chain, self.painter, self.tokens
        joints: list[tuple[float, float, BlockRow | None]] = []
        if chain.kl_data is not None:
            joints.append((self.x(0), chain.kl_data, None))
        joints += [(self.x(i + 1), row.kl, row) for i, row in enumerate(self.rows) if row.kl is not None]
        places = [QPointF(x, min(self.y(max(kl, _LEAST_KL)), self.kl.bottom())) for x, kl, _ in joints]
        painter.setPen(QPen(QColor(tokens.accent), 1.5))
        painter.drawPolyline(QPolygonF(places))
        for place, (_, kl, row) in zip(places, joints, strict=True):
            passed = row is not None and row.is_passed
            colour = QColor(tokens.warning if passed else tokens.accent)
            painter.setPen(QPen(QColor(tokens.panel), 1))
            painter.setBrush(colour)
            if kl <= _LEAST_KL:
                painter.setBrush(QColor(tokens.panel))
                painter.setPen(QPen(colour, 1.5))
                painter.drawPolygon(_triangle(place - QPointF(0, 4), 1))
            elif passed:
                painter.drawPolygon(_triangle(place, -1))
            else:
                painter.drawEllipse(place, 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _exact(self) -> None:
        """A hollow square where an exactly trained chain of blocks would stand."""
        self.painter.setPen(QPen(QColor(self.tokens.text), 1.4))
        for index, row in enumerate(self.rows):
            kl = row.info.exact_kl
            if kl is not None:
                place = QPointF(self.x(index + 1), min(self.y(max(kl, _LEAST_KL)), self.kl.bottom()))
                self.painter.drawRect(QRectF(place.x() - 4.5, place.y() - 4.5, 9, 9))

    # bars

    def _bars(self) -> None:
        tokens, painter, box = self.tokens, self.painter, self.bars
        before = [row.info for row in self.chart.before.rows]
        costs = [b.w2_squared or 0.0 for b in (*(row.info for row in self.rows), *before)]
        costs += [row.info.exact_w2_squared or 0.0 for row in self.rows]
        most = max(costs, default=0.0)
        now, then = spread([row.info for row in self.rows]), spread(before)
        title = "W₂² of each block"
        title += f", max/min {figure(now)}" if now is not None else ""
        title += f" (was {figure(then)})" if now is not None and then is not None else ""
        self._title(box, title)
        self._frame(box)
        if most <= 0:
            return
        tick = QRectF(0, box.top() - 2, _LEFT - 5, self.line)
        self._words(tick, figure(most), tokens.muted, Qt.AlignmentFlag.AlignRight)
        for index, row in enumerate(self.rows):
            bar = self._bar(index, self.count, row.info.w2_squared, most)
            if bar is None:
                continue
            strong = row.info.status == "training"
            painter.fillRect(bar, QColor(tokens.accent if strong else mix(tokens.panel, tokens.accent, 0.6)))
            if row.info.is_free:
                painter.fillRect(bar, Qt.BrushStyle.BDiagPattern)
        painter.setPen(QPen(QColor(tokens.text), 1.2, Qt.PenStyle.DashLine))
        for index, block in enumerate(before):
            bar = self._bar(index, len(before), block.w2_squared, most)
            if bar is not None:
                painter.drawRect(bar)
        painter.setPen(QPen(QColor(tokens.text), 1.6))
        for index, row in enumerate(self.rows):
            bar = self._bar(index, self.count, row.info.exact_w2_squared, most)
            if bar is not None:
                painter.drawLine(bar.topLeft() - QPointF(1, 0), bar.topRight() + QPointF(1, 0))

    def _bar(self, index: int, count: int, cost: float | None, most: float) -> QRectF | None:
        if cost is None:
            return None
        box = self.bars
        wide = box.width() / count
        gap = min(3.0, 0.12 * wide)
        height = max(1.0, box.height() * cost / most)
        return QRectF(box.left() + index * wide + gap, box.bottom() - height, wide - 2 * gap, height)

    def _axis(self) -> None:
        top = self.bars.bottom() + 2
        wide = self.bars.width() / self.count
        every = max(1, math.ceil(self.painter.fontMetrics().horizontalAdvance("00 ") / max(1.0, wide)))
        for index, row in enumerate(self.rows):
            if index % every == 0:
                box = QRectF(self.bars.left() + index * wide - 10, top, wide + 20, self.line)
                chosen = index == self.chart.chosen
                colour = self.tokens.text if chosen else self.tokens.muted
                text = "free" if row.info.is_free and wide > 24 else str(index + 1)
                self._words(box, text, colour, Qt.AlignmentFlag.AlignHCenter)
        self._words(QRectF(4, top, _LEFT, self.line), "data", self.tokens.muted, Qt.AlignmentFlag.AlignLeft)


def _triangle(place: QPointF, direction: int) -> QPolygonF:
    """A triangle about a place that points down (1) or up (-1)."""
    corners = ((-5, -4 * direction), (5, -4 * direction), (0, 5 * direction))
    return QPolygonF([place + QPointF(x, y) for x, y in corners])
