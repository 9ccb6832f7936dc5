"""What joins the levels of class paths, and what only looks as if it did."""

import pytest
from catalog_files import fill, read

from huse_tf.catalog.class_paths import ClassPaths, of_columns, recognise
from huse_tf.semantic_graph import graph_from_tree

TREE = ("home|chairs", "home|tables", "shoes|boots", "shoes|heels")
FLAT = ("Shirts", "Trousers", "Bags", "Shoes", "Hats")


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


def rows(names, each=2):
    """Reads as many products of each class."""
    cells = [f'"{name}"' for name in names for _ in range(each)]
    return "image,text,class\n" + "\n".join(
        f"{i % 6}.jpg,t{i},{cell}" for i, cell in enumerate(cells)
    )


@pytest.mark.parametrize("mark", ["<", ">", "/", "|", "::", "->", "›"])
@pytest.mark.parametrize("blanks", ["", " "])
def test_each_mark_with_and_without_blanks(folder, mark, blanks):
    joint = blanks + mark + blanks
    names = [name.replace("|", joint) for name in TREE]
    catalog = read(folder, rows(names))
    assert catalog.separator == joint
    assert catalog.class_names == tuple(sorted(names))
    assert f"class paths: 2 levels, joined by {joint!r}" in catalog.summary()
    graph = graph_from_tree(catalog.class_names, catalog.separator)
    assert graph.tolist()[0] == [0, 0.5, 1, 1]


def test_uneven_trees_and_blanks(folder):
    """A first level may be a class by itself; a few cells lack the blanks."""
    names = ["Home", "Home > Chairs", "Home > Chairs >  Oak", "Home>Tables"]
    names += [f"Home > Thing {i}" for i in range(9)]
    catalog = read(folder, rows(names))
    assert catalog.separator == " > "
    assert {"Home > Tables", "Home > Chairs > Oak"} < set(catalog.class_names)
    assert "1 to 3 levels, joined by ' > '" in catalog.summary()


def test_a_slash_inside_of_a_level_is_not_cut(folder):
    names = ["Home > Towels/Cloths", "Home > Salt/Pepper", "Shoes > A/B"]
    catalog = read(folder, rows(names))
    assert catalog.separator == " > "
    assert catalog.class_names == tuple(sorted(names))


def test_a_mark_at_either_end_is_no_level(folder):
    catalog = read(folder, rows(["/men/shoes/", "/men/hats/", "/women/shoes/"]))
    assert catalog.class_names == ("men/hats", "men/shoes", "women/shoes")


@pytest.mark.parametrize(
    "name", ["T/C shirts", "24/7", "Sizes < 10", "Cups > 1 l", "a|b", "A::B"]
)
def test_a_mark_by_chance_is_said_and_not_cut(folder, name):
    catalog = read(folder, rows([*FLAT, name]))
    assert name in catalog.class_names
    assert catalog.separator not in "".join(catalog.class_names)
    summary = catalog.summary()
    assert "class paths" not in summary
    assert f"1 of 6 class names have '{mark_of(name)}', such as {name!r}" in summary


def mark_of(name):
    return next(mark for mark in ("::", "/", "<", ">", "|") if mark in name)


def test_slashes_that_share_no_first_level_are_names():
    """As "/" stands in names of one level, it needs what a tree has."""
    names = ["Tops/Tees", "Skirts/Shorts", "Jeans/Pants", "Bags"]
    assert recognise(names).levels("Tops/Tees") == ["Tops/Tees"]
    assert recognise(["T/C shirts", "T/C pants", *FLAT]).mark == "<"
    tree = recognise(["Men/Tees", "Men/Jeans", "Women/Tees", "Bags"])
    assert tree.levels("Men/Tees") == ["Men", "Tees"]


def test_the_key_decides_where_it_is_set(folder):
    names = ["a > b", "a > c"]
    assert read(folder, rows(names), class_separator="/").separator == "/"
    by_key = read(folder, rows(["a>b > x", "a>b > y"]), class_separator=" > ")
    assert by_key.class_names == ("a>b > x", "a>b > y")
    assert ClassPaths(" > ").name("a>b >  x") == "a>b > x"
    assert ClassPaths("<").name(" a  b<c ") == "a b<c"
    assert ClassPaths("<").name("a<<b") == ClassPaths("<").name("a<") == ""


def test_several_columns_are_one_path(folder):
    """Empty ones at the end are levels that a class does not have."""
    content = "image,text,a,b,c\n0.jpg,t,Home,T/C < 1,\n1.jpg,u,Home,,\n2.jpg,v,,x,\n"
    keys = {"class_columns": ("a", "b", "c"), "min_class_size": 1}
    catalog = read(folder, content, **keys)
    assert catalog.separator == ">"
    assert catalog.class_names == ("Home", "Home>T/C < 1")
    assert [row.reason for row in catalog.rejected] == [
        "empty class, or an empty level in its path"
    ]
    assert of_columns([("a", "b")], "auto").mark == "<"


def test_several_classes_in_one_cell_are_named(folder):
    names = ["a<b", "c<d", "a<e", "a<b, c<d", "Food, drink<tea", "Food, drink<milk"]
    summary = read(folder, rows(names)).summary()
    assert "2 products have several classes in one cell, such as 'a<b, c<d'" in summary
    flat = read(folder, rows(["hats", "mugs", "hats; mugs", "salt, pepper"])).summary()
    assert "2 products have several classes in one cell, such as 'hats; mugs'" in flat
    lists = read(folder, rows(["red;hat", "red;mug", "blue;hat"])).summary()
    assert "several classes in one cell, such as 'red;hat'" in lists
    assert "several" not in read(folder, rows(TREE)).summary()


SIMILAR = ["Home<Café"] * 3 + ["home<Cafe\u0301"] + ["Home< café"] + ["Home<Chairs"] * 2


def test_classes_that_differ_in_spelling_alone_are_named(folder):
    catalog = read(folder, rows(SIMILAR), min_class_size=1)
    assert len(catalog.class_names) == 4
    line = "2 classes differ from others in case, blanks or Unicode form alone, such as"
    assert f"{line} 'Home<café' from 'Home<Café'; data.join" in catalog.summary()


def test_and_joined_where_a_key_says_so(folder):
    catalog = read(folder, rows(SIMILAR), join_similar_classes=True)
    assert catalog.class_names == ("Home<Café", "Home<Chairs")
    assert "from 'Home<Café': joined" in catalog.summary()
    assert not catalog.rejected


def test_a_level_of_few_is_spelled_as_most_spell_it(folder):
    names = ["Home<Chairs"] * 4 + ["home<Tables"] * 2 + ["x<y"]
    catalog = read(folder, rows(names), join_similar_classes=True)
    assert catalog.class_names == ("Home<Chairs", "Home<Tables", "x<y")
