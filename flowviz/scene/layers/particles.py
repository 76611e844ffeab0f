"""Probability as a cloud of particles."""

from __future__ import annotations

from collections.abc import Mapping

from flowviz.core.queries import Query
from flowviz.core.spec import Array
from flowviz.scene._base_paths import shown_paths, shown_query
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Mark, Points
from flowviz.scene.motion import at_time


@LAYERS.register("particles")
class ParticlesLayer(Layer):
    """The particles where they are at t."""

    label = "Particles"
    summary = "Noise on its way to data (or data on its way back to noise) at the shown flow time."
    order = 60
    number = 2

    def query(self, moment: Moment) -> Query | None:
        """Their transport, unless the frame has recorded it."""
        return shown_query(moment)

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """One dot each; many dots are drawn a little smaller and fainter, so that structure stays visible."""
        paths, times = shown_paths(moment, answer)
        crowd = min(1.0, (4000 / max(1, paths.shape[1])) ** 0.25)
        size = moment.options.point_size * max(0.6, crowd)
        return (Points(at_time(paths, times, moment.t), "particles", size, 0.85 * crowd),)
