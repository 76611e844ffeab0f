import numpy as np
import pytest

from flowviz.core.frames import Frame
from flowviz.scene._layer import Moment
from flowviz.scene.layers.closed_form import RADII, ClosedFormLayer, outline
from flowviz.scene.marks import Lines, Words
from flowviz.scene.options import StageOptions

TIMES = np.linspace(0, 1, 5)
PATHS = np.random.default_rng(0).normal(size=(5, 400, 2)).astype(np.float32)
MOMENT = Moment(Frame(1, 0.0, "", TIMES, PATHS), 0.5, StageOptions(), np.zeros((3, 2)), (-4, 4, -4, 4))
ENDS = {"ends_mean": np.zeros((2, 2)), "ends_covariance": np.stack([np.eye(2)] * 2)}


@pytest.mark.parametrize("dim", [2, 3])
def test_outlines_hold_half_and_nine_tenths_of_a_gaussian(dim):
    rng = np.random.default_rng(1)
    root = rng.normal(size=(dim, dim))
    x = rng.normal(size=(60_000, dim)) @ root.T
    lengths = np.sqrt(np.einsum("ni,ij,nj->n", x, np.linalg.inv(root @ root.T), x))
    assert [np.mean(lengths < radius) for radius in RADII[dim]] == pytest.approx([0.5, 0.9], abs=0.01)
    lines = outline(np.zeros(dim), root @ root.T, RADII[dim][:1])
    assert len(lines) == (1 if dim == 2 else 3)
    along = np.sqrt(np.einsum("mki,ij,mkj->mk", lines, np.linalg.inv(root @ root.T), lines))
    assert along == pytest.approx(RADII[dim][0], rel=1e-4)


def test_the_exact_law_at_t_is_drawn_between_its_two_ends():
    moving = {"mean": np.array([[0.0, 0.0], [2.0, 0.0]]), "covariance": np.stack([np.eye(2)] * 2)}
    marks = ClosedFormLayer().marks(MOMENT, ENDS | moving)
    exact = [mark for mark in marks if isinstance(mark, Lines) and mark.colour == "good"][-1]
    assert exact.paths[0].mean(axis=0) == pytest.approx([1.0, 0.0], abs=0.05)
    assert "exact" in next(mark for mark in marks if isinstance(mark, Words)).texts[0]


def test_a_method_without_an_exact_path_shows_the_ends_and_says_so():
    marks = ClosedFormLayer().marks(MOMENT, ENDS)
    assert not [mark for mark in marks if getattr(mark, "colour", "") == "good"]
    assert "no closed form" in next(mark for mark in marks if isinstance(mark, Words)).texts[0]
    assert ClosedFormLayer().marks(MOMENT, None) == ()
