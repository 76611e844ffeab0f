"""Who is paired with whom: the couples of source and data points that a method learns its velocity from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flowviz.core.queries import CouplingQuery, Query
from flowviz.core.spec import Array
from flowviz.scene._base_paths import SHOWN_SEED
from flowviz.scene._layer import LAYERS, Layer, Moment, foot_of
from flowviz.scene.marks import Lines, Mark, Points, Words

PAIRS = 128
STEPS = 9
"""Points along a line, whose opacity grows from source to data."""


@LAYERS.register("coupling")
class CouplingLayer(Layer):
    """A line for every pair, faint at the source and full at the data, and what the pairing costs.

    The cost is the mean squared distance of the pairs; beside it stands that of the same points paired at random, which
    no optimal coupling of a minibatch exceeds (Tong et al. 2023, arXiv 2302.00482, section 3.2).
    """

    label = "Coupling"
    summary = "Which source point a method pairs with which data point to learn from, and what that costs."
    order = 45
    number = 9
    ability = CouplingQuery.needs

    def query(self, moment: Moment) -> Query | None:
        """The same points whatever the clocks say."""
        return CouplingQuery(PAIRS, SHOWN_SEED)

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """Lines, their ends, and a sentence; nothing until the answer is there."""
        if answer is None or "pairs" not in answer:
            return ()
        begin, end = (answer["pairs"][:, i, : moment.dim] for i in range(2))
        share = np.linspace(0, 1, STEPS, dtype=np.float32)
        paths = begin[:, None] + share[None, :, None] * (end - begin)[:, None]
        size = moment.options.point_size
        return (
            Lines(paths, "accent", 0.35 * size, 0.12 + 0.55 * share),
            Points(begin, "accent", size, 0.35),
            Points(end, "accent", 1.3 * size, 0.9),
            Words(foot_of(moment), (cost_words(answer),), "text", offsets=np.array([[0.0, 16.0]])),
        )


def cost_words(answer: Mapping[str, Array]) -> str:
    """What the pairing costs, beside what a random one costs."""
    cost, random = float(answer["cost"]), float(answer["random_cost"])
    words = f"mean squared distance of the pairs {cost:.3g}"
    return words if abs(cost - random) < 0.005 * random else f"{words}, paired at random {random:.3g}"
