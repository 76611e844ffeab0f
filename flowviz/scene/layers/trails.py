"""Where particles come from: the last stretch of their trajectories, fading with age."""

from __future__ import annotations

from collections.abc import Mapping

from flowviz.core.queries import Query
from flowviz.core.spec import Array
from flowviz.scene._base_paths import shown_paths, shown_query
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Lines, Mark
from flowviz.scene.motion import trail


@LAYERS.register("trails")
class TrailsLayer(Layer):
    """Fading trails behind some of the particles."""

    label = "Trajectories"
    summary = "The way that some of the particles have come, fading with age."
    order = 50
    number = 3

    def query(self, moment: Moment) -> Query | None:
        """The same transport as the particles'."""
        return shown_query(moment)

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """One line a trajectory, transparent at its tail."""
        paths, times = shown_paths(moment, answer)
        options = moment.options
        if options.trails < 1 or options.trail_length <= 0:
            return ()
        lines, age = trail(paths[:, : options.trails], times, moment.t, options.trail_length)
        return (Lines(lines, "trails", 0.5 * options.point_size, 0.75 * (1.0 - age) ** 1.4),)
