"""What came, went and changed between two catalogues, row by row."""

import dataclasses
import json

import numpy as np
import pytest
from catalog_files import fill, read
from small_runs import ROOT

from huse_tf.config import load_config
from huse_tf.errors import InputError
from huse_tf.run import changes
from huse_tf.run.folder import RunFolder
from huse_tf.run.rows import compare, read_rows, rows_of, trained_on, write_rows

HEADER = "image,text,class,split\n"
ROWS = [
    "0.jpg,a cup,cup,train",
    "1.jpg,a cup,cup,test",
    "2.jpg,a hat,hat,train",
    "3.jpg,a hat,hat,validation",
]


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


def catalogue(folder, *rows, **changed):
    catalog = read(folder, HEADER + "\n".join(rows), min_class_size=1)
    return dataclasses.replace(catalog, **changed)


def growth(folder, *rows):
    then = rows_of(catalogue(folder, *ROWS))
    return compare(then, rows_of(catalogue(folder, *rows)))


def counts(found):
    return found.added, found.removed, len(found.changed), len(found.moved)


def test_rows_that_come_and_go_are_growth(folder):
    found = growth(folder, "4.jpg,new,hat,train", *ROWS[1:], "5.jpg,new,cup,test")
    assert counts(found) == (2, 1, 0, 0) and found.is_growth


def test_another_order_is_no_change(folder):
    found = growth(folder, *reversed(ROWS))
    assert counts(found) == (0, 0, 0, 0) and found.is_growth


def test_another_text_or_class_is_a_change_of_that_row(folder):
    """Row 3 has another text, row 4 another class; a new row stands before them."""
    rows = ["5.jpg,new,cup,train", ROWS[0], "1.jpg,a mug,cup,test"]
    catalog_rows = [*rows, "2.jpg,a hat,cup,train", ROWS[3]]
    found = growth(folder, *catalog_rows)
    assert counts(found) == (1, 0, 2, 0) and found.changed.tolist() == [2, 3]
    assert not found.is_growth
    (new, changed) = found.lines(catalogue(folder, *catalog_rows))
    assert new == "1 of 4 rows new"
    assert changed == "2 rows have another text or class, such as row 4"


def test_another_split_is_a_move(folder):
    found = growth(folder, *ROWS[:3], "3.jpg,a hat,hat,train")
    assert counts(found) == (0, 0, 0, 1) and not found.is_growth


def test_one_picture_in_two_rows_is_told_by_its_texts(folder):
    """One of the two goes, and the other gets another text: one gone, one changed."""
    twice = ["0.jpg,a mug,cup,train", *ROWS]
    then = rows_of(catalogue(folder, *twice))
    now = rows_of(catalogue(folder, "0.jpg,a jug,cup,train", *ROWS[1:]))
    assert counts(compare(then, now)) == (0, 1, 1, 0)
    assert counts(compare(then, rows_of(catalogue(folder, *ROWS)))) == (0, 1, 0, 0)


def test_a_catalogue_that_lacks_most_rows_is_another(folder):
    few = growth(folder, ROWS[0], ROWS[2], "4.jpg,x,cup,train")
    assert few.removed == 2 and few.is_growth
    fewer = growth(folder, ROWS[0], "4.jpg,x,hat,train", "5.jpg,y,cup,train")
    assert fewer.removed == 3 and not fewer.is_growth


def test_an_id_names_a_row_wherever_it_stands(folder):
    ids = np.array(["a", "b", "c", "d"], object)
    then = rows_of(catalogue(folder, *ROWS, ids=ids, has_ids=True))
    turned = catalogue(folder, *reversed(ROWS), ids=ids[::-1], has_ids=True)
    assert counts(compare(then, rows_of(turned))) == (0, 0, 0, 0)
    other = catalogue(folder, *ROWS, ids=ids[::-1], has_ids=True)
    assert counts(compare(then, rows_of(other))) == (4, 4, 0, 0)


def test_rows_are_read_back(folder):
    rows = rows_of(catalogue(folder, *ROWS))
    path = folder / "rows.npz"
    assert read_rows(path) is None
    write_rows(path, rows)
    again = read_rows(path)
    assert counts(compare(again, rows)) == (0, 0, 0, 0)
    assert again.splits.tolist() == [0, 2, 0, 1]
    path.write_bytes(path.read_bytes()[:100])
    assert read_rows(path) is None


def test_which_rows_were_trained_on(folder):
    """By picture, whatever its text is now: rows 2 and 4 were; 5.jpg is new."""
    then = rows_of(catalogue(folder, *ROWS))
    now = rows_of(catalogue(folder, "5.jpg,x,cup,test", "0.jpg,y,hat,test", *ROWS[1:]))
    assert trained_on(then, now).tolist() == [False, True, False, True, False]


@pytest.fixture
def begun(folder):
    """A run folder as `describe` leaves it, as far as the catalogue goes."""
    run = RunFolder(folder / "run")
    run.path.mkdir()
    catalog = catalogue(folder, *ROWS)
    run.classes_file.write_text("cup\nhat\n")
    run.catalog_file.write_text(json.dumps(changes.catalog_facts(catalog)))
    write_rows(run.rows_file, rows_of(catalog))
    lines = [f"data.csv={catalog.csv}", f"data.images={catalog.image_root}"]
    load_config(ROOT / "config.ini", [*lines, "data.class_separator=<"]).save(
        run.config_file
    )
    return run


def test_a_run_goes_on_with_new_products(folder, begun, capsys):
    changes.check_catalog(begun, catalogue(folder, *ROWS))
    assert capsys.readouterr().out == ""
    grown = catalogue(folder, *ROWS, "4.jpg,x,cup,train", "5.jpg,y,hat,test")
    changes.check_catalog(begun, grown)
    assert "2 of 4 rows new; no other row changed, and none its split" in (
        capsys.readouterr().out
    )
    with pytest.raises(InputError, match="2 of 4 rows new; fingerprint: "):
        changes.check_catalog(begun, grown, grows=False)


def test_a_run_goes_on_with_nothing_else_unasked(folder, begun, capsys):
    moved = catalogue(folder, *ROWS[:3], "3.jpg,a hat,hat,test")
    with pytest.raises(InputError, match="1 rows have another split, such as row 5"):
        changes.check_catalog(begun, moved)
    begun.accept_changes = True
    changes.check_catalog(begun, moved)
    assert "accepted: 1 rows have another split" in capsys.readouterr().out
    classes = catalogue(folder, *ROWS, "4.jpg,x,shoe,train", "5.jpg,y,shoe,train")
    with pytest.raises(InputError) as error:
        changes.check_catalog(begun, classes)
    assert "new in the class list: shoe" in str(error.value)
    assert f"begin a new run with `start_from` {begun.path}" in str(error.value)


def test_a_run_of_an_earlier_version_kept_no_rows(folder, begun):
    begun.rows_file.unlink()
    grown = catalogue(folder, *ROWS, "4.jpg,x,cup,train", "5.jpg,y,hat,test")
    with pytest.raises(InputError, match="was started on another catalogue .finger"):
        changes.check_catalog(begun, grown)
