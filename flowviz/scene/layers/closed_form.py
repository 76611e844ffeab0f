"""What the picture should be where it has a closed form: the exact law at t between two Gaussians, as outlines."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from flowviz.core.queries import ClosedFormQuery, Query
from flowviz.core.spec import Array
from flowviz.scene._base_paths import shown_paths
from flowviz.scene._layer import LAYERS, Layer, Moment, foot_of
from flowviz.scene.marks import Lines, Mark, Words
from flowviz.scene.motion import at_time

TIMES = 65
"""Flow times at which the exact law is asked for; between them its moments are taken to be linear."""
CORNERS = 96
RADII = {2: (1.1774, 2.1460), 3: (1.5382, 2.5003)}
"""In standard deviations: the ellipse (ellipsoid) of that size holds 50 % and 90 % of a Gaussian in so many dimensions,
the square root of the quantiles of chi^2."""
_KNOWN = ("solid: exact, 50 % and 90 % of the mass", "dashed: the Gaussian of the particles")
_ENDS = ("no closed form of this method's way: its ends", "dashed: the Gaussian of the particles")


@LAYERS.register("closed_form")
class ClosedFormLayer(Layer):
    """The ellipses around 50 % and 90 % of the exact law at t, and the way of its mean.

    Beside it, dashed, the 90 % ellipse of a Gaussian with mean and covariance of the recorded particles: trained
    exactly, a flow makes them one. In space each ellipsoid is drawn by its ellipses in the planes of its axes. The ends
    are faint. Between other ends than two Gaussians there is nothing to draw.
    """

    label = "Closed form"
    summary = "The exact law at t between two Gaussians, beside what the particles make of it."
    order = 58
    number = 11
    shortcut = "G"
    ability = ClosedFormQuery.needs

    def query(self, moment: Moment) -> Query | None:
        """The law at all times: one answer for the whole clock."""
        times = tuple(float(t) for t in np.linspace(0, 1, TIMES))
        return ClosedFormQuery(times, moment.options.direction == "encode")

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """Outlines and a line of words; nothing until the answer is there."""
        if answer is None or "ends_mean" not in answer:
            return ()
        radii = RADII[moment.dim]
        marks: list[Mark] = [
            Lines(outline(mean, covariance, radii[1:]), "muted", 1.2, 0.55)
            for mean, covariance in zip(answer["ends_mean"], answer["ends_covariance"], strict=True)
        ]
        paths, times = shown_paths(moment, None)
        points = at_time(paths, times, moment.t).astype(np.float64)
        dashed = _dashes(outline(points.mean(axis=0), np.cov(points.T), radii[1:]))
        marks.append(Lines(dashed, "particles", 2.0, 0.95))
        if "mean" in answer:
            known = np.linspace(0, 1, len(answer["mean"]))
            mean, covariance = (at_time(answer[name], known, moment.t) for name in ("mean", "covariance"))
            marks.append(Lines(answer["mean"][None].astype(np.float32), "good", 1.2, 0.6))
            marks.append(Lines(outline(mean, covariance, radii), "good", 2.2, 0.95))
        if moment.options.mode != "compare":  # the words are too long for small panels
            words, foot = _KNOWN if "mean" in answer else _ENDS, np.repeat(foot_of(moment), 2, axis=0)
            marks.append(Words(foot, words, "text", offsets=np.array([[0.0, 31.0], [0.0, 16.0]])))
        return tuple(marks)


def outline(mean: Array, covariance: Array, radii: tuple[float, ...]) -> Array:
    """Closed lines (m, CORNERS + 1, d) at these distances, in standard deviations, from the mean (d,) of a Gaussian.

    In the plane an ellipse each; in space three each, in the planes of two of its axes.
    """
    values, axes = np.linalg.eigh(covariance)
    arms = (axes * np.sqrt(np.clip(values, 0, None))).T
    angle = np.linspace(0, 2 * np.pi, CORNERS + 1)[:, None]
    rings = [np.cos(angle) * a + np.sin(angle) * b for a, b in itertools.combinations(arms, 2)]
    return np.stack([mean + radius * ring for radius in radii for ring in rings]).astype(np.float32)


def _dashes(lines: Array) -> Array:
    """Every second pair of pieces of lines (m, k, d), as lines of three points."""
    parts = [lines[:, i : i + 3] for i in range(0, lines.shape[1] - 2, 4)]
    return np.concatenate(parts)
