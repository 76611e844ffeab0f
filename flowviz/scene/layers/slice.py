"""Space cut open: the density on a movable plane."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flowviz.core.queries import DensityQuery, Query
from flowviz.core.spec import Array
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene._space_density import in_volume, reference_density, slice_extent
from flowviz.scene.layers.density import EXACT_CELLS, cloud_of, glow, many_query, recorded_time
from flowviz.scene.marks import Mark, Sheet


@LAYERS.register("slice")
class SliceLayer(Layer):
    """A heat map of the density on the plane that stands across one axis; bright as in DensityLayer."""

    label = "Density slice"
    summary = "The density on a plane through space, which can be moved along any axis."
    order = 15
    number = 7
    dims = frozenset({3})

    def query(self, moment: Moment) -> Query | None:
        """Many particles, which serve every slice; or the exact log-density on this one."""
        options = moment.options
        if options.density != "exact" or moment.volume is None:
            return many_query(moment)
        place = in_volume(options.slice_place, options.slice_axis, moment.volume)
        edges = slice_extent(moment.volume, options.slice_axis)
        time = recorded_time(moment)
        return DensityQuery(edges, EXACT_CELLS, time, options.solver, options.slice_axis, place)

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """One sheet, of the estimate until the exact answer is there."""
        if moment.volume is None:
            return ()
        axis = moment.options.slice_axis
        place = in_volume(moment.options.slice_place, axis, moment.volume)
        if answer is not None and "log_density" in answer:
            density, extent = np.exp(np.minimum(answer["log_density"], 30.0)), slice_extent(moment.volume, axis)
        else:
            density, extent = cloud_of(moment, moment.volume, answer).slice(axis, place)
        values = glow(density, reference_density(moment.frame, moment.volume))
        return (Sheet(values, axis, place, extent),)
