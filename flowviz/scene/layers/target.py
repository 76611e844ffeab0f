"""What is to be learnt."""

from __future__ import annotations

from collections.abc import Mapping

from flowviz.core.spec import Array
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Mark, Points


@LAYERS.register("target")
class TargetLayer(Layer):
    """Draws of the target, quiet behind everything that moves."""

    label = "Target samples"
    summary = "Points drawn from the distribution that the flow learns."
    order = 20
    number = 1

    def query(self, moment: Moment) -> None:
        """The moment carries the target's points itself."""

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """Small muted dots."""
        size = 0.85 * moment.options.point_size
        points = moment.target_points
        return (Points(points if points.shape[1] == moment.dim else points[:, : moment.dim], "target", size, 0.55),)
