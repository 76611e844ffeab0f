"""Point clouds and meshes from files: what is read, and what is drawn from it."""

import math
import re

import numpy as np
import pytest

from flowviz.core.errors import FileError, UserError
from flowviz.core.spec import TargetSpec
from flowviz.targets import HasLogDensity, build, dim_of
from flowviz.targets._solid import Solid, Surface
from flowviz.targets.loading import LoadOptions, load_target, target_from_text
from tests.targets.shape_files import CUBE, CUBE_FACES, ball, obj, off, ply, stl

CLOUD = np.random.default_rng(0).normal(size=(200, 3)).round(5) * [1, 2, 3] + [10, 0, -5]


def _load(folder, name, data, **options):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return load_target(path, LoadOptions(**options))


def _table(rows, delimiter=",", header="") -> str:
    lines = [delimiter.join(f"{number:.9g}" for number in row) for row in rows]
    return "\n".join(([header] if header else []) + lines)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ply", ply(CLOUD)),
        ("a.ply", ply(CLOUD, binary=True)),
        ("a.obj", obj(CLOUD)),
        ("a.off", off(CLOUD)),
        ("a.xyz", _table(CLOUD, " ")),
        ("a.xyz", "200\nwater\n" + "\n".join(f"C {x:.9g} {y:.9g} {z:.9g}" for x, y, z in CLOUD)),
        ("a.csv", _table(CLOUD)),
        ("a.tsv", _table(CLOUD, "\t", "a\tb\tc")),
    ],
)
def test_a_cloud_of_points_comes_back_as_written(tmp_path, name, data):
    spec = _load(tmp_path, name, data).spec
    np.testing.assert_allclose(spec.data["points"], CLOUD, rtol=1e-6)
    assert dim_of(spec) == build(spec).dim == 3


def test_arrays_of_three_columns_are_points_of_space(tmp_path):
    np.save(tmp_path / "a.npy", CLOUD)
    np.savez(tmp_path / "b.npz", x=CLOUD[:, 0], y=CLOUD[:, 1], z=CLOUD[:, 2])
    for name in ("a.npy", "b.npz"):
        np.testing.assert_array_equal(load_target(tmp_path / name).spec.data["points"], CLOUD)


def test_points_in_space_are_standardised_as_those_of_the_plane(tmp_path):
    x = build(_load(tmp_path, "a.csv", _table(CLOUD)).spec).sample(50_000, np.random.default_rng(0))
    assert math.sqrt(float((x.std(axis=0) ** 2).mean())) == pytest.approx(1.5, rel=0.03)
    assert x.std(axis=0)[2] == pytest.approx(3 * x.std(axis=0)[0], rel=0.2)  # one scale for all: shapes stay


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ply", lambda w: ply(CLOUD, weights=w)),
        ("a.ply", lambda w: ply(CLOUD, weights=w, binary=True)),
        ("a.xyz", lambda w: _table(np.column_stack([CLOUD, w]), " ")),
        ("a.csv", lambda w: _table(np.column_stack([w, CLOUD]), header="weights,x,y,z")),
    ],
)
def test_a_fourth_column_says_how_much_each_point_counts(tmp_path, name, data):
    weights = np.where(np.arange(200) < 20, 9.0, 1.0)
    loaded = _load(tmp_path, name, data(weights))
    assert re.search(r"(column|property) \S.* says how much each", " ".join(loaded.notes))
    target = build(loaded.spec)
    drawn = target.frame.to_data(target.sample(20_000, np.random.default_rng(1)))
    heavy = np.isin(drawn[:, 0].round(3), CLOUD[:20, 0].round(3))
    assert heavy.mean() == pytest.approx(0.5, abs=0.02)  # 20 of weight 9 against 180 of weight 1


@pytest.mark.parametrize(
    ("called", "options"), [("weights", {}), ("Sample weight", {}), ("density", {"weights": "density"})]
)
def test_a_weights_column_beside_x_and_y_weighs_points_of_the_plane(tmp_path, called, options):
    loaded = _load(tmp_path, "a.csv", f"x,y,{called}\n0,0,1\n1,5,3\n2,1,0\n3,3,0\n", **options)
    target = build(loaded.spec)
    assert target.dim == 2 and f"The column {called} says how much each point counts." in loaded.notes
    drawn = target.frame.to_data(target.sample(4000, np.random.default_rng(0)))
    assert (drawn[:, 1] > 4).mean() == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("c.ply", ply(CUBE, CUBE_FACES)),
        ("c.ply", ply(CUBE, CUBE_FACES, binary=True)),
        ("c.obj", obj(CUBE, CUBE_FACES)),
        ("c.off", off(CUBE, CUBE_FACES)),
        ("c.stl", stl(CUBE, CUBE_FACES)),
        ("c.stl", stl(CUBE, CUBE_FACES, binary=False)),
    ],
)
def test_a_cube_is_drawn_on_its_surface_and_in_its_volume(tmp_path, name, data):
    surface = build(_load(tmp_path, name, data, params={"thickness": 0.0}).spec)
    x = surface.frame.to_data(surface.sample(6000, np.random.default_rng(0)))
    on_side = np.minimum(np.abs(x), np.abs(x - 2)) < 1e-9
    assert on_side.any(axis=1).all()
    assert np.mean(np.abs(x[:, 0]) < 1e-9) == pytest.approx(1 / 6, abs=0.02)
    volume = build(_load(tmp_path, name, data, params={"fill": "volume", "standardise": "off"}).spec)
    assert isinstance(volume, HasLogDensity) and not isinstance(surface, HasLogDensity)
    assert volume.entropy() == pytest.approx(math.log(8), abs=1e-9)
    inside = volume.sample(6000, np.random.default_rng(0))
    assert inside.min() > 0 and inside.max() < 2
    np.testing.assert_allclose(inside.mean(axis=0), 1.0, atol=0.03)
    logs = volume.log_density(np.array([[1.0, 1, 1], [0.5, 0.5, 0.5], [1, 1, 2.1], [-0.1, 1, 1], [9, 9, 9]]))
    np.testing.assert_allclose(logs, [-math.log(8), -math.log(8), -np.inf, -np.inf, -np.inf])


def test_the_volume_of_a_ball_has_its_moments_and_its_density_is_one_over_it():
    vertices, faces = ball(18)
    spec = TargetSpec("mesh", {"fill": "volume"}, {"vertices": 5 * vertices + 7, "faces": faces})
    target = build(spec)
    x = target.frame.to_data(target.sample(15_000, np.random.default_rng(0)))
    r = np.linalg.norm(x - 7, axis=1)
    assert r.mean() == pytest.approx(0.75 * 5, rel=0.01)  # the mean radius of a ball is 3/4 of its own
    entropy = target.entropy() + target.frame.log_volume
    assert entropy == pytest.approx(math.log(4 / 3 * math.pi * 125), abs=0.03)
    assert np.all(target.log_density(target.sample(2000, np.random.default_rng(1))) == -target.entropy())


def test_a_cavity_is_empty_whichever_way_its_triangles_are_turned():
    outer, faces = ball()
    for turned in (faces, faces[:, ::-1]):
        corners = np.concatenate([outer[faces], 0.6 * outer[turned]])
        solid = Solid(corners)
        r = np.linalg.norm(solid.sample(5000, np.random.default_rng(0)), axis=1)
        assert r.min() > 0.55
        signed = np.einsum("ni,ni->n", outer[faces][:, 0], np.cross(outer[faces][:, 1], outer[faces][:, 2])).sum() / 6
        assert solid.volume == pytest.approx(abs(signed) * (1 - 0.6**3), rel=0.02)


def test_a_surface_with_weights_is_denser_where_they_are_larger():
    corners = np.array([[[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]])
    x = Surface(corners, np.array([[0.0, 1.0, 0.0]])).sample(40_000, np.random.default_rng(0))
    # the density is proportional to x: E x = int x^2 / int x over the triangle = (1/12) / (1/6)
    assert x[:, 0].mean() == pytest.approx(0.5, abs=0.005)
    assert x[:, 1].mean() == pytest.approx(0.25, abs=0.005)


def test_triangles_count_by_their_area():
    corners = np.array([[[0.0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 0, 5], [3, 0, 5], [0, 3, 5]]])
    x = Surface(corners).sample(20_000, np.random.default_rng(0))
    assert np.mean(x[:, 2] > 1) == pytest.approx(0.9, abs=0.01)


def test_the_thickness_of_a_surface_is_noise_in_units_of_the_stage():
    target = build(TargetSpec("mesh", {"thickness": 0.1}, {"vertices": CUBE[:4], "faces": CUBE_FACES[:2]}))
    assert target.sample(20_000, np.random.default_rng(0))[:, 0].std() == pytest.approx(0.1, rel=0.03)


HOSTILE = {
    ("a.ply", b""): r"a\.ply is empty",
    ("a.ply", b"solid words, and no ply"): r"a\.ply is no PLY file",
    ("a.ply", ply(CLOUD)[:60]): r"header is cut short",
    ("a.ply", ply(CLOUD)[:-2000]): r"a\.ply is cut short: its header promises 200 vertices, and it holds 1\d\d",
    ("a.ply", ply(CLOUD, binary=True)[:-7]): r"a\.ply cannot be read as PLY: it is cut short or damaged",
    ("a.ply", ply(CLOUD).replace(b"vertex 200", b"vertex " + b"9" * 40)): r"its header promises 9",
    ("a.ply", ply(CLOUD, binary=True).replace(b"vertex 200", b"vertex 2000000000000")): r"promises 2,000,000,000,000",
    ("a.ply", ply([[0, 0, 0], [1, 2, 3], [4, 5, 6]]).replace(b"1 2 3", b"1 2 mouse")): r"a\.ply cannot be read as PLY",
    ("a.ply", ply([[0, 0, 0], [1, np.inf, 3], [4, 5, 6]])): r"a\.ply, row 2 of the numbers holds an infinite number",
    ("a.ply", ply([[0, np.nan, 0], [1, np.nan, 3]])): r"Every row of a\.ply lacks a number",
    ("a.ply", ply(CLOUD, weights=np.full(200, -1.0))): r"a\.ply has the weight -1 at point 1",
    ("a.ply", ply(CLOUD, weights=np.zeros(200))): r"All weights of a\.ply are zero",
    ("a.ply", ply(CUBE * np.nan, CUBE_FACES)): r"a triangle with a corner at no finite place",
    ("a.obj", b"# nothing but words\n"): r"a\.obj holds no points that can be read as OBJ",
    ("a.obj", b"v 1 2 3\nv 4 5 6\nv 1 1 1\nf 1 2 9\n"): r"a\.obj cannot be read as OBJ",
    ("a.obj", b"\x00\xff\xfe garbage \x80" * 50): r"a\.obj",
    ("a.obj", obj([[1, 1, 1]] * 5)): r"All 5 points of a\.obj are equal",
    ("a.obj", obj([[1, 1, 1], [2, 2, 2], [3, 3, 3]], [(0, 1, 2)])): r"no surface: its triangles have no area",
    ("a.off", off(CUBE, CUBE_FACES)[:30]): r"a\.off cannot be read as OFF",
    ("a.off", off(CUBE, [(0, 1, 99)])): r"a\.off cannot be read as OFF",
    ("a.stl", stl(CUBE, CUBE_FACES)[:-30]): r"a\.stl is cut short or damaged: its header promises 12 .* 11\.",
    ("a.stl", b"\0" * 80 + b"\xff\xff\xff\x7f" + b"\0" * 50): r"promises 2,147,483,647 triangles, and it holds 1\.",
    ("a.stl", b"solid a\nfacet normal"): r"a\.stl holds no points",
    ("a.xyz", b"1 2 3\n4 5 six\n7 8 9\n"): r"a\.xyz, line 2, column 3 holds the text 'six'",
}  # fmt: skip


@pytest.mark.parametrize(("name", "data"), HOSTILE, ids=[f"{name}-{index}" for index, (name, _) in enumerate(HOSTILE)])
def test_a_bad_shape_is_refused_in_one_sentence_that_names_it(tmp_path, name, data):
    with pytest.raises(UserError, match=HOSTILE[name, data]) as caught:
        _load(tmp_path, name, data)
    assert "\n" not in str(caught.value)


def test_every_cut_of_a_shape_is_refused_or_loaded_and_never_a_traceback(tmp_path):
    for name, data in (("a.ply", ply(CUBE, CUBE_FACES, binary=True)), ("a.off", off(CUBE, CUBE_FACES)),
                       ("a.stl", stl(CUBE, CUBE_FACES)), ("a.obj", obj(CUBE, CUBE_FACES))):  # fmt: skip
        for cut in range(1, len(data), max(1, len(data) // 12)):
            try:
                _load(tmp_path, name, data[:cut])
            except UserError as error:
                assert name in str(error) or "mesh" in str(error)


def test_the_volume_of_an_open_shape_is_refused_and_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match=r"a\.ply is not closed \(3 open edges\), so that it has no inside\. Let"):
        _load(tmp_path, "a.ply", ply(CUBE, CUBE_FACES[1:]), params={"fill": "volume"})


def test_no_other_file_is_opened_for_a_material(tmp_path, monkeypatch):
    (tmp_path / "secret.mtl").write_text("newmtl a\n")
    opened = []
    monkeypatch.setattr("builtins.open", lambda name, *rest, **more: opened.append(name))
    spec = _load(tmp_path, "a.obj", b"mtllib secret.mtl\nusemtl a\n" + obj(CUBE, CUBE_FACES)).spec
    assert spec.key == "mesh" and not [name for name in opened if "secret" in str(name)]


def test_columns_of_a_shape_are_refused(tmp_path):
    (tmp_path / "a.ply").write_bytes(ply(CLOUD))
    with pytest.raises(UserError, match="holds a shape and has no columns"):
        target_from_text(f"{tmp_path}/a.ply#x,y")


# ---- many columns ---------------------------------------------------------------------------------------------


def _many(folder, scale=1.0):
    """Five columns of which three directions vary more: variances 16, 9, 6.25 and twice 1.44."""
    rng = np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    rows = rng.normal(size=(4000, 5)) * [4, 3, 2.5, 1.2, 1.2] @ turn.T * scale
    path = folder / "many.csv"
    path.write_text(_table(rows, header="a,b,c,d,e"))
    return path, rows


def test_principal_components_are_those_of_a_singular_value_decomposition(tmp_path):
    path, rows = _many(tmp_path)
    loaded = target_from_text(f"{path}#pca3")
    centred = rows - rows.mean(axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    reference = centred @ axes[:3].T
    found = loaded.spec.data["points"]
    np.testing.assert_allclose(np.abs(found), np.abs(reference), atol=1e-4)
    share = (values[:3] ** 2).sum() / (values**2).sum()
    assert f"keep {100 * share:.1f} % of their variance." in " ".join(loaded.notes)
    assert dim_of(target_from_text(f"{path}#PCA2").spec) == 2


def test_columns_in_other_units_are_scaled_before_they_are_turned(tmp_path):
    path, rows = _many(tmp_path, np.array([1, 1000, 1, 1, 1]))
    loaded = target_from_text(f"{path}#pca3")
    assert "after each was scaled to the same spread" in " ".join(loaded.notes)
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    variances = np.linalg.eigvalsh(np.cov(scaled, rowvar=False))[::-1]
    np.testing.assert_allclose(loaded.spec.data["points"].var(axis=0), variances[:3], rtol=1e-3)


def test_three_columns_are_chosen_by_name(tmp_path):
    path, rows = _many(tmp_path)
    loaded = target_from_text(f"{path}#e,1,c")
    np.testing.assert_allclose(loaded.spec.data["points"], rows[:, [4, 0, 2]], rtol=1e-6)


def test_columns_called_x_y_and_z_are_taken_from_many(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(_table(np.column_stack([np.arange(200), CLOUD[:, ::-1]]), header="time,z,y,x"))
    loaded = load_target(path)
    np.testing.assert_allclose(loaded.spec.data["points"], CLOUD, rtol=1e-6)
    assert loaded.notes[0] == "a.csv has 4 columns; x, y and z were taken as x, y and z."


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ("pca3", "2 columns of numbers, too few for 3 components"),
        ("a,b,c,d", "4 columns were chosen"),
        ("a", "1 column"),
    ],
)
def test_a_wrong_choice_of_columns_says_what_would_be_right(tmp_path, columns, sentence):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3,5\n4,4\n")
    with pytest.raises(UserError, match=sentence):
        target_from_text(f"{path}#{columns}")


def test_points_of_space_on_a_plane_are_blurred_and_that_is_said(tmp_path):
    flat = CLOUD.copy()
    flat[:, 2] = 0.3 * flat[:, 0] - flat[:, 1]
    loaded = _load(tmp_path, "a.csv", _table(flat))
    assert "on one plane" in loaded.notes[0] and loaded.spec.params["jitter"] > 0
    assert "is constant: all points lie on one plane" in _load(tmp_path, "b.csv", _table(CLOUD * [1, 0, 1])).notes[0]


def test_weights_of_a_table_that_are_negative_are_refused(tmp_path):
    with pytest.raises(FileError, match=r"a\.csv has the weight -2 at point 2"):
        _load(tmp_path, "a.csv", "x,y,z,weights\n1,2,3,1\n4,5,7,-2\n")
