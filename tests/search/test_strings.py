"""A column of strings on disk."""

from huse_tf.search.strings import Strings, StringWriter


def test_what_was_written_is_read(tmp_path):
    texts = ["red dress", "", "Café 鞋 😀", "two\nlines", "half \udce9", ""]
    with StringWriter(tmp_path, "titles") as column:
        for text in texts:
            column.add(text)
    strings = Strings(tmp_path, "titles")
    assert len(strings) == len(texts)
    assert [strings[i] for i in (5, 3, 0, 2, 4, 1)] == [
        texts[i] for i in (5, 3, 0, 2, 4, 1)
    ]


def test_empty_strings_alone(tmp_path):
    with StringWriter(tmp_path, "titles") as column:
        column.add("")
    assert Strings(tmp_path, "titles")[0] == ""
