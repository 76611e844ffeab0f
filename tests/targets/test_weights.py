"""A column of a table that says how much each row counts: taken where its name means nothing else, else offered."""

import numpy as np
import pytest

from flowviz.core.errors import UserError
from flowviz.targets.loading import LoadOptions, load_target, target_from_text

PEOPLE = "age,weight,height\n31,82,180\n44,61,165\n25,70,172\n60,75,168\n"
PLACES = "x,y,{}\n0,0,1\n1,5,3\n2,1,4\n3,3,2\n"


@pytest.fixture
def saved(tmp_path):
    def save(text, name="t.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return save


def test_the_weight_of_people_is_a_measurement_like_their_age(saved):
    loaded = load_target(saved(PEOPLE))
    np.testing.assert_array_equal(loaded.spec.data["points"][0], [31, 82, 180])
    assert set(loaded.spec.data) == {"points"} and not any("counts" in note for note in loaded.notes)


@pytest.mark.parametrize("called", ["weight", "mass", "density", "count"])
def test_a_column_that_may_be_weights_is_not_taken_but_offered_by_a_sentence(saved, called):
    loaded = load_target(saved(PLACES.format(called)))
    assert set(loaded.spec.data) == {"points"}
    said = f"The column {called} was not used. If it says how much each point counts, choose it as Weights"
    assert any(note.startswith(said) for note in loaded.notes)


@pytest.mark.parametrize("called", ["weights", "sample_weight", "Sampling Weights", "fnlwgt", "case-weight"])
def test_a_column_whose_name_means_nothing_else_is_taken_and_named(saved, called):
    loaded = load_target(saved(PLACES.format(called)))
    np.testing.assert_array_equal(loaded.spec.data["weights"], [1, 3, 4, 2])
    assert f"The column {called} says how much each point counts." in loaded.notes


def test_the_command_line_names_the_column_of_weights_or_none(saved):
    path = saved(PLACES.format("weight"))
    for words in ("weights=weight", "x,y,weights=3", "1,2, weights = weight"):
        loaded = target_from_text(f"{path}#{words}")
        np.testing.assert_array_equal(loaded.spec.data["weights"], [1, 3, 4, 2])
        assert loaded.spec.data["points"].shape == (4, 2)
    path = saved(PLACES.format("weights"))
    for words in ("weights=none", "x,y", "x,y,weights=none"):
        assert set(target_from_text(f"{path}#{words}").spec.data) == {"points"}


def test_principal_components_are_made_of_the_other_columns(saved):
    path = saved("a,b,c,w\n1,2,5,1\n2,1,3,2\n4,4,4,3\n0,3,1,1\n")
    loaded = load_target(path, LoadOptions(("pca2",), weights="w"))
    np.testing.assert_array_equal(loaded.spec.data["weights"], [1, 2, 3, 1])
    assert any("principal components of 3 columns" in note for note in loaded.notes)


def test_weights_that_are_not_there_are_refused_by_their_name(saved):
    with pytest.raises(UserError, match=r"t\.csv has no column heft\. Its columns: x, y, weight"):
        target_from_text(f"{saved(PLACES.format('weight'))}#x,y,weights=heft")
