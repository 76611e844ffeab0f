import numpy as np
import pytest
from scipy.stats import chi2

from flowviz.core.frames import Frame
from flowviz.core.queries import DensityQuery, FieldQuery, TransportQuery
from flowviz.scene._layer import Moment
from flowviz.scene._space_density import Cloud, model_cloud
from flowviz.scene.layers.field import SPACE_CELLS, slice_points
from flowviz.scene.marks import Arrows, Lines, Points, Room, Sheet, Shell
from flowviz.scene.options import StageOptions, options_from_mapping, options_to_mapping
from flowviz.scene.painter import paint
from flowviz.scene.panels import view_of
from flowviz.scene.resolve import layers, queries, resolve
from flowviz.scene.smoothing import smooth_volume
from flowviz.scene.tokens import DARK

VOLUME = ((-4.0, -4.0, -4.0), (4.0, 4.0, 4.0))
TIMES = np.linspace(0, 1, 5)


def frame(n=3000):
    """Standard normal particles that all move up by one."""
    start = np.random.default_rng(0).normal(size=(n, 3))
    return Frame(7, 1.0, "", TIMES, (start + TIMES[:, None, None] * np.array([0, 0, 1.0])).astype(np.float32))


FRAME = frame()


def moment(*shown, t=0.0, **options):
    chosen = StageOptions(frozenset(shown), particles=3000, **options)
    return Moment(FRAME, t, chosen, FRAME.paths[-1, :100], VOLUME_EXTENT, VOLUME)


VOLUME_EXTENT = (-4.0, 4.0, -4.0, 4.0)


def gaussian(cells=48):
    """N(0, I) at the cell centres of a grid over VOLUME."""
    x = -4 + (np.arange(cells) + 0.5) * 8 / cells
    z, y, x = np.meshgrid(x, x, x, indexing="ij")
    return np.exp(-(x**2 + y**2 + z**2) / 2) / (2 * np.pi) ** 1.5


@pytest.mark.parametrize("mass", [0.5, 0.9])
def test_the_surface_of_a_gaussian_is_the_sphere_that_holds_the_mass(mass):
    cloud = Cloud(gaussian().astype(np.float32), VOLUME)
    points, normals = cloud.surface(cloud.mass_level(mass))
    radius = np.linalg.norm(points, axis=1)
    assert radius.mean() == pytest.approx(np.sqrt(chi2.ppf(mass, 3)), rel=0.01)
    assert radius.std() < 0.01
    assert np.einsum("ij,ij->i", normals, points / radius[:, None]).min() > 0.995


def test_the_estimate_is_a_density_with_the_points_covariance_widened_by_the_kernel():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(4000, 3)) * [0.9, 0.6, 0.4] + [0.5, -0.5, 0.2]
    grid = smooth_volume(points, VOLUME, 40, 0.3)
    centres = -4 + (np.arange(40) + 0.5) * 0.2
    weights = grid.astype(float) * 0.2**3
    assert weights.sum() == pytest.approx(1, abs=1e-3)
    for axis, sum_over in ((0, (0, 1)), (1, (0, 2)), (2, (1, 2))):
        share = weights.sum(axis=sum_over)
        mean = share @ centres
        assert mean == pytest.approx(points[:, axis].mean(), abs=0.01)
        # linear sharing between two cells adds a variance of at most a sixth of a cell's square, twice over
        variance = share @ (centres - mean) ** 2
        assert variance == pytest.approx(points[:, axis].var() + 0.3**2 + 0.2**2 / 6, abs=0.01)


def test_a_models_density_is_made_finer_without_a_shift():
    coarse = np.log(gaussian(24)).astype(np.float32)
    cloud = model_cloud(coarse, VOLUME)
    assert cloud.values.shape == (48, 48, 48)
    inside = (slice(6, -6),) * 3
    np.testing.assert_allclose(np.log(cloud.values)[inside], np.log(gaussian(48))[inside], atol=2e-3)


def test_a_slice_of_the_grid_is_the_density_on_that_plane():
    cloud = Cloud(gaussian().astype(np.float32), VOLUME)
    plane, extent = cloud.slice("y", 0.75)
    assert extent == (-4, 4, -4, 4)
    x = -4 + (np.arange(48) + 0.5) * 8 / 48
    expected = np.exp(-(x[None] ** 2 + x[:, None] ** 2 + 0.75**2) / 2) / (2 * np.pi) ** 1.5
    np.testing.assert_allclose(plane, expected, atol=2e-4)


def test_every_layer_shows_space_and_says_what_it_must_ask():
    everything = [key for key, layer in layers() if 3 in layer.dims]
    asked = queries(moment(*everything))
    assert isinstance(asked["field"], FieldQuery) and asked["field"].points.shape == (SPACE_CELLS**2, 3)
    assert isinstance(asked["grid"], TransportQuery) and asked["grid"].points.shape[1] == 3
    answers = {
        "field": {"velocity": np.ones((5, SPACE_CELLS**2, 3), np.float32)},
        "grid": {"paths": np.stack([asked["grid"].points] * 5), "times": TIMES, "nfe": np.array(4)},
    }
    (panel,) = resolve(moment(*everything), answers).panels
    assert {type(mark) for mark in panel.marks} == {Room, Shell, Sheet, Points, Lines, Arrows}
    picture = paint(panel.marks, view_of(panel, 200, 160, {}), 200, 160, DARK)
    assert len(np.unique(picture.reshape(-1, 4), axis=0)) > 500


def test_exact_densities_are_asked_for_on_a_grid_over_space_and_on_the_slice():
    asked = queries(moment("density", "slice", density="exact", slice_axis="x", slice_place=99.0))
    assert asked["density"].extent == (-4, 4, -4, 4, -4, 4) and asked["density"].axis is None
    assert asked["slice"] == DensityQuery(VOLUME_EXTENT, asked["slice"].resolution, 0.0, axis="x", place=4.0)


def test_the_slice_of_the_density_is_where_the_options_put_it():
    (sheet,) = [m for m in resolve(moment("slice", slice_axis="x", slice_place=1.0), {}).marks if isinstance(m, Sheet)]
    assert (sheet.axis, sheet.place) == ("x", 1.0)
    (middle,) = [m for m in resolve(moment("slice", slice_axis="x"), {}).marks if isinstance(m, Sheet)]
    assert middle.values.max() > sheet.values.max() > 0.1
    points = slice_points(VOLUME, "y", 1.5)
    assert np.all(points[:, 1] == 1.5) and np.ptp(points[:, 0]) > 7 and np.ptp(points[:, 2]) > 7


def test_the_surfaces_move_with_the_particles():
    heights = []
    for t in (0.0, 1.0):
        shells = [mark for mark in resolve(moment("density", t=t), {}).marks if isinstance(mark, Shell)]
        assert len(shells) == 2, "one for each mass level"
        assert np.ptp(shells[0].points[:, 2]) > np.ptp(shells[1].points[:, 2])
        heights.append(shells[1].points[:, 2].mean())
    assert heights[1] - heights[0] == pytest.approx(1, abs=0.1)


def test_the_slice_survives_as_plain_options():
    options = StageOptions(slice_axis="y", slice_place=-0.5, inner_mass=0.3, outer_mass=0.8)
    assert options_from_mapping(options_to_mapping(options)) == options
