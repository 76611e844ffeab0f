"""The JKO tab: what every block did to the divergence, how far it moved the samples, and a sentence about one."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.run import RunState
from flowviz.gui.widgets.block_chart import BlockChart
from flowviz.gui.widgets.block_page import BlockPage, Blocks
from flowviz.gui.widgets.story import Story
from flowviz.scene.block_story import chain_of, sentence

_EMPTY = (
    "KL behind every block against its bound, and how far each block moves the samples.\n"
    "It appears here as soon as a run trains."
)
_RELATIVE = "The entropy of this target is unknown, so KL is known up to a constant: the lowest point is drawn at 0."


class JkoPage(BlockPage):
    """Chart and sentence of the blocks of the frame under the cursor."""

    def __init__(self, run: RunState, cursor: CursorState, parent: QWidget | None = None) -> None:
        super().__init__(run, cursor, _EMPTY, parent)
        self.setObjectName("jkoPage")
        self.column.setContentsMargins(6, 5, 2, 5)
        self.column.setSpacing(3)
        self.chart = BlockChart()
        self.chart.block_chosen.connect(self.block_chosen)
        self.column.addWidget(self.chart, 1)
        self.words = Story()
        self.words.setAccessibleName("What the block did")
        self.words.setMargin(3)
        self.words.setProperty("role", "story")
        self.column.addWidget(self.words)
        self._follow()

    def _shown_with_blocks(self) -> tuple[QWidget, ...]:
        return (self.chart, self.words)

    def _show_blocks(self, blocks: Blocks, before: Blocks, chosen: int | None) -> None:
        run = self._run
        chain = chain_of(blocks, run.entropy)
        chosen = chain.newest if chosen is None else chosen
        self.chart.show_chain(chain, chain_of(before, run.entropy), chosen)
        text, warns = sentence(chain, chosen)
        self.words.setToolTip(f"<p>{_RELATIVE}</p>" if chain.is_relative else "")
        if self.words.text() != text or self.words.property("warns") != warns:
            self.words.setText(text)
            self.words.setProperty("warns", warns)
            self.words.style().unpolish(self.words)
            self.words.style().polish(self.words)
