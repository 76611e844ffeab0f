"""Where the target is likelier than the source, and where it is the other way round."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flowviz.core.queries import LogRatioQuery, Query
from flowviz.core.spec import Array
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Heatmap, Mark, Words
from flowviz.scene.smoothing import bandwidth, smooth_density

CELLS = 96
SCALE = 4.0
"""Log-ratio (nats) that reaches three quarters of the full colour."""
FEW = 0.5
"""Points under one kernel at which the field has half of its colour."""


@LAYERS.register("log_ratio")
class LogRatioLayer(Layer):
    """A signed field: orange where the target is likelier, blue where the source is, nothing where they agree.

    Strength is tanh(|log-ratio| / 4): small ratios stay visible and large ones never clip. Orange and blue stay apart
    under all common colour blindness (Okabe & Ito 2008), and the words below say which is which. Where neither sample
    has points nobody was asked, and the field fades out.
    """

    label = "Log-ratio"
    summary = "Logarithm of the target's density over the source's: orange where positive, blue where negative."
    order = 12
    number = 10
    dims = frozenset({2})
    ability = LogRatioQuery.needs

    def query(self, moment: Moment) -> Query | None:
        """One answer for every t."""
        return LogRatioQuery(moment.extent, CELLS)

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """Two heat maps, one for each sign, and what their colours mean; nothing until the answer is there."""
        if answer is None or "log_ratio" not in answer:
            return ()
        after_flow = bool(answer.get("after_flow", False))
        strength = np.tanh(answer["log_ratio"].astype(np.float32) / np.float32(SCALE))
        strength *= _presence(moment, after_flow, len(strength))
        words = f"orange: target likelier    blue: {'source after the flow' if after_flow else 'source'} likelier"
        place = np.array([[(moment.extent[0] + moment.extent[1]) / 2, moment.extent[2]]])
        return (
            Heatmap(np.maximum(strength, 0), moment.extent, "series1"),
            Heatmap(np.maximum(-strength, 0), moment.extent, "series0"),
            Words(place, (words,), "text", offsets=np.array([[0.0, 16.0]])),
        )


def _presence(moment: Moment, after_flow: bool, cells: int) -> Array:
    """How far there are points of the target or the source near each cell (cells, cells), 0 to 1."""
    paths = moment.frame.paths
    total = np.zeros((cells, cells), np.float32)
    for points in (moment.target_points, paths[-1] if after_flow else paths[0]):
        width = bandwidth(len(points))
        kernel = np.float32(len(points) * 2 * np.pi * width**2)
        total += kernel * smooth_density(points[:, :2], moment.extent, cells, width)
    return np.asarray(total / (total + np.float32(FEW)))
