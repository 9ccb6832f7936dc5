"""What a run writes is read back as text before its first step."""

import numpy as np
import pytest
from catalog_files import fill, read
from small_runs import ROOT

from huse_tf.config import load_config
from huse_tf.errors import InputError
from huse_tf.run import changes
from huse_tf.run.folder import RunFolder
from huse_tf.run.written import read_back
from huse_tf.semantic_graph import graph_from_tree, read_graph

NAMES = ("0101", "1", "1.0", "NA", "class", "null", "true", "ü, ş")


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


def described(folder, names=NAMES, **keys):
    """Reads a row or two of each class and writes what a run of it is about."""
    rows = [f'{i % 6}.jpg,t{i},"{name}"' for i, name in enumerate(names * 2)]
    catalog = read(folder, "image,text,class\n" + "\n".join(rows))
    config = load_config(ROOT / "config.ini", [f"{k}={v}" for k, v in keys.items()])
    config = config.settled(catalog.separator)
    graph = graph_from_tree(catalog.class_names, catalog.separator)
    run = RunFolder(folder / "run")
    run.path.mkdir()
    changes.describe(run, config, catalog, graph, {}, {})
    return run, catalog, graph


def test_classes_that_look_like_numbers_or_truth(folder):
    run, catalog, graph = described(folder)
    assert catalog.class_names == NAMES == run.read_classes()
    np.testing.assert_array_equal(read_graph(run.graph_file, NAMES), graph)
    assert run.rejected_file.read_text().splitlines() == ["row,image,text,class,reason"]


def test_a_class_that_a_file_cannot_hold_is_named_before_the_first_step(folder):
    run, _, graph = described(folder)
    with pytest.raises(InputError, match=r"class 'a\\nb' is read back as '0101'"):
        read_back(run, ["a\nb", *NAMES[1:]], graph)
    with pytest.raises(InputError, match="class 'more' is read back as None"):
        read_back(run, [*NAMES, "more"], graph)
    with pytest.raises(InputError, match="distances are not read back as they were"):
        read_back(run, NAMES, graph / 2)


def test_the_separator_that_was_recognised_is_kept(folder):
    """It goes on where it is recognised again, and is a change where it is another."""
    run, catalog, _ = described(folder, ("a > b", "a > c"))
    assert run.load_config().data.class_separator == catalog.separator == " > "
    auto = load_config(ROOT / "config.ini")
    assert auto.data.class_separator == "auto"
    changes.check_config(run, auto)
    changes.check_catalog(run, catalog)
    other = load_config(ROOT / "config.ini", ["data.class_separator=<"])
    with pytest.raises(InputError, match=r'class_separator: " > " here, < there'):
        changes.check_config(run, other)

    text = run.config_file.read_text()
    assert 'class_separator = " > "' in text
    run.config_file.write_text(text.replace('" > "', "<"))
    changes.check_config(run, auto)
    with pytest.raises(InputError, match=r"data.class_separator: < then,  >  now"):
        changes.check_catalog(run, catalog)
