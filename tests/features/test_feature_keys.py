"""Names of contents, looked up by the million."""

import numpy as np

from huse_tf.features.keys import KeyTable, as_keys, digest, text_ids, text_keys


def test_keys_are_found_with_zero_bytes_and_twins():
    """The first of two equal keys; keys that differ only in trailing zeros differ."""
    base = np.zeros((5, 16), np.uint8)
    base[1, 0] = base[2, 15] = base[3, 8] = 1
    base[4] = base[1]
    table = KeyTable(base)
    assert table.find(base).tolist() == [0, 1, 2, 3, 1]
    unknown = np.full((1, 16), 255, np.uint8)
    assert table.find(unknown).tolist() == [-1]
    assert table.find(base[:0]).tolist() == []
    assert KeyTable(base[:0]).find(base).tolist() == [-1] * 5


def test_keys_agree_with_a_dictionary():
    rng = np.random.default_rng(0)
    known = rng.integers(0, 2, (200, 16), dtype=np.uint8)
    known[:, 3:] = 0
    wanted = rng.integers(0, 3, (100, 16), dtype=np.uint8)
    wanted[:, 3:] = 0
    first = {}
    for i, key in enumerate(known):
        first.setdefault(key.tobytes(), i)
    expected = [first.get(key.tobytes(), -1) for key in wanted]
    assert KeyTable(known).find(wanted).tolist() == expected


def test_texts_are_named_by_their_bytes():
    keys = text_keys(["Mug", "mug", "Mug", "", "\udcff"])
    assert keys.shape == (5, 16)
    assert (keys[0] == keys[2]).all() and (keys[0] != keys[1]).any()
    assert keys[0].tobytes() == digest(b"Mug")
    assert as_keys(b"").shape == (0, 16)


def test_equal_texts_share_a_number():
    ids = text_ids(["Mug", "mug", "Mug", "", "\udcff", ""])
    assert ids.dtype == np.int64
    assert ids[0] == ids[2] and ids[3] == ids[5]
    assert len(set(ids.tolist())) == 4


def test_a_table_that_grows_in_pieces_finds_what_one_of_all_finds():
    """300 of 80 different keys in 25 pieces, against a dictionary of first places."""
    draw = np.random.default_rng(3)
    different = draw.integers(0, 256, (120, 16), dtype=np.uint8)
    known = different[draw.integers(0, 80, 300)]
    first = {}
    table, start = KeyTable(known[:0]), 0
    for size in draw.multinomial(300, np.full(25, 1 / 25)).tolist():
        piece = known[start : start + size]
        table.add(piece)
        for place, key in enumerate(piece, start):
            first.setdefault(key.tobytes(), place)
        start += size
        wanted = [first.get(key.tobytes(), -1) for key in different]
        assert table.find(different).tolist() == wanted
    assert len(table) == 300
