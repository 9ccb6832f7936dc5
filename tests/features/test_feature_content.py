"""Promise 19: content counts. A features file is what was written, or encoded again."""

import os

import numpy as np
import pytest
from feature_fakes import Letters, Squares, encode, means, pixels_of, shard_files

from huse_tf.errors import InputError
from huse_tf.features import files, shards, store
from huse_tf.features.encode import encode_texts


def with_its_time(path, content):
    """Writes a file and gives it back the time that it had."""
    stat = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def flip(content):
    return content[:7] + bytes([content[7] ^ 4]) + content[8:]


def to_nan(content):
    return np.float32(np.nan).tobytes() + content[4:]


def to_zeros(content):
    return bytes(len(content))


@pytest.mark.parametrize("damage", [flip, to_nan, to_zeros])
def test_damage_with_the_recorded_time_is_noticed(
    pictures, settings, monkeypatch, capsys, damage
):
    """Of seven shards that of rows 32 to 47 is named, and these 16 are encoded."""
    monkeypatch.setattr(store, "SHARD_ROWS", 16)
    encode(Squares(), pictures, settings)
    rows = shard_files(settings, ".bin")[2]
    with_its_time(rows, damage(rows.read_bytes()))
    settings.verify = False
    assert encode(Squares(), pictures, settings).encoded == 0, "nobody looked"
    capsys.readouterr()
    settings.verify = True
    features = encode(Squares(), pictures, settings)
    (line,) = capsys.readouterr().out.splitlines()
    assert f"{rows}: damaged ({shards.NOT_RECORDED})" in line
    assert features.encoded == 16
    np.testing.assert_allclose(features.load(), means(pixels_of(100)), rtol=1e-6)


def test_a_damaged_file_that_cannot_be_moved_is_not_used(
    pictures, settings, monkeypatch
):
    """As in a folder that may only be read: the rows encoded again are taken."""
    encode(Squares(), pictures, settings)
    (rows,) = shard_files(settings, ".bin")
    with_its_time(rows, flip(rows.read_bytes()))
    monkeypatch.setattr(files, "set_aside", lambda path: None)
    features = encode(Squares(), pictures, settings)
    assert features.encoded == 100
    np.testing.assert_allclose(features.load(), means(pixels_of(100)), rtol=1e-6)


def test_what_was_written_wrong_is_noticed(pictures, settings, capsys):
    """By a program without the check: its hash is right, its values are not."""
    keys = np.arange(32, dtype=np.uint8).reshape(2, 16)
    (settings.folder).mkdir()
    shards.write(settings.folder, keys, [np.float32([[1, np.inf], [0, 0]])], [])
    (index,) = settings.folder.glob("*.npz")
    shard, _ = shards.read(index, 8)
    found = shards.content_trouble(shard, np.dtype(np.float32))
    assert found == "values that are not finite"


def test_rows_are_hashed_in_pieces_of_any_size(pictures, settings, monkeypatch):
    encode(Squares(), pictures, settings)
    (index,) = shard_files(settings, ".npz")
    shard, _ = shards.read(index, 12)
    for size in (1, 4, 7, 1200, 4096):
        monkeypatch.setattr(shards, "READ_BYTES", size)
        assert shards.content_trouble(shard, np.dtype(np.float32)) == ""


def test_only_what_a_run_uses_is_hashed(pictures, settings, monkeypatch):
    monkeypatch.setattr(store, "SHARD_ROWS", 16)
    encode(Squares(), pictures, settings)
    looked = []
    check = shards.content_trouble
    monkeypatch.setattr(
        shards,
        "content_trouble",
        lambda shard, dtype: looked.append(shard.path) or check(shard, dtype),
    )
    pictures.images = pictures.images[20:30]
    assert encode(Squares(), pictures, settings).encoded == 0
    assert looked == shard_files(settings, ".bin")[1:2], "rows 16 to 31, once"


def test_features_that_are_all_the_same_are_refused(pictures, settings):
    """The weights are 0: a hundred pictures, one row of features."""
    with pytest.raises(InputError, match="those of 100 different pictures are all the"):
        encode(Squares(scale=0.0), pictures, settings)
    settings.verify = False
    assert not encode(Squares(scale=0.0), pictures, settings).load().any()


def test_one_content_may_have_one_row(pictures, settings):
    """A hundred rows of one picture are no news, nor are a hundred equal texts."""
    for name in pictures.images:
        pictures.write(name, b"P" + bytes(12))
    assert encode(Squares(), pictures, settings).encoded == 1
    texts = np.array(["mug"] * 100, object)
    assert encode_texts(Letters(), texts, settings, progress=False).encoded == 1
