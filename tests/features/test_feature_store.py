"""Shards: complete or absent, damaged ones noticed, a full disk explained."""

import contextlib
import errno
import fcntl
import json
import os

import numpy as np
import pytest
from feature_fakes import OLD, Squares, encode, means, pixels_of, shard_files

from huse_tf.errors import InputError
from huse_tf.features import files, shards, store


def test_the_folder_says_what_it_holds(pictures, settings):
    encode(Squares(version=3), pictures, settings)
    (folder,) = settings.folder.glob("image-*/")
    assert len(folder.name) == len("image-") + 16
    about = json.loads((folder / "identity.json").read_text())
    assert about["identity"]["encoder"] == {"name": "squares", "version": 3}
    assert about["dtype"] == "float32"


def test_a_shard_is_due_after_half_a_minute(pictures, settings, monkeypatch):
    monkeypatch.setattr(store, "SHARD_SECONDS", 0.0)
    encode(Squares(), pictures, settings)
    assert len(shard_files(settings, ".npz")) == 7, "100 rows in batches of 16"


def test_leftovers_of_killed_runs_do_not_count_and_go_away(pictures, settings):
    encode(Squares(), pictures, settings)
    (folder,) = settings.folder.glob("image-*/")
    dead = [folder / "dead.bin", folder / "dead.npz.77.partial"]
    alive = [folder / "alive.bin", folder / "alive.npz.78.partial"]
    for path in [*dead, *alive]:
        path.write_bytes(b"half")
        os.utime(path, (OLD, OLD))
    with contextlib.ExitStack() as locks:
        for path in alive:
            fcntl.flock(locks.enter_context(open(path, "rb")), fcntl.LOCK_EX)
        assert encode(Squares(), pictures, settings).encoded == 0
        assert not any(path.exists() for path in dead)
        assert all(path.exists() for path in alive), "its writer lives, however old"
    assert encode(Squares(), pictures, settings).encoded == 0
    assert not any(path.exists() for path in alive)


def rewrite_index(settings, change):
    """Writes what `change` makes of the only shard's arrays; returns its bytes."""
    (index,) = shard_files(settings, ".npz")
    with np.load(index) as arrays:
        content = change(dict(arrays))
    np.savez(index, **content)
    return index, index.read_bytes()


def test_a_shard_of_a_newer_format_is_refused_and_left_alone(pictures, settings):
    """Whatever else that format has or lacks: it is not taken for damage."""
    encode(Squares(), pictures, settings)
    later = np.array(shards.FORMAT + 1)
    index, content = rewrite_index(settings, lambda _: {"format": later})
    with pytest.raises(InputError, match="a newer version of huse_tf wrote it") as line:
        encode(Squares(), pictures, settings)
    assert "\n" not in str(line.value) and str(index) in str(line.value)
    assert "features.folder" in str(line.value)
    assert index.read_bytes() == content


def test_a_shard_of_an_early_version_is_read(pictures, settings):
    """Which wrote no format."""
    encode(Squares(), pictures, settings)

    def early(arrays):
        assert arrays.pop("format") == shards.FORMAT
        return arrays

    rewrite_index(settings, early)
    assert encode(Squares(), pictures, settings).encoded == 0


def truncate(rows, index):
    rows.write_bytes(rows.read_bytes()[:-4])


def flip_a_bit(rows, index):
    content = bytearray(rows.read_bytes())
    content[5] ^= 1
    rows.write_bytes(content)


def remove_rows(rows, index):
    rows.unlink()


def break_index(rows, index):
    content = bytearray(index.read_bytes())
    content[len(content) // 2] ^= 255
    index.write_bytes(content)


def cut_index(rows, index):
    index.write_bytes(index.read_bytes()[:40])


@pytest.mark.parametrize(
    "damage, says",
    [
        (truncate, "expected 192 bytes, found 188"),
        (flip_a_bit, "its SHA-256 is not the recorded one"),
        (remove_rows, "the rows are missing"),
        (break_index, "unreadable index"),
        (cut_index, "unreadable index"),
    ],
)
def test_a_damaged_shard_is_named_once_and_encoded_again(
    pictures, settings, monkeypatch, capsys, damage, says
):
    monkeypatch.setattr(store, "SHARD_ROWS", 16)
    encode(Squares(), pictures, settings)
    index = shard_files(settings, ".npz")[2]
    damage(index.with_suffix(".bin"), index)
    capsys.readouterr()
    features = encode(Squares(), pictures, settings)
    (line,) = capsys.readouterr().out.splitlines()
    assert str(index.with_suffix(".bin")) in line and says in line
    assert features.encoded == 16
    np.testing.assert_allclose(features.load(), means(pixels_of(100)), rtol=1e-6)
    assert encode(Squares(), pictures, settings).encoded == 0
    assert capsys.readouterr().out == ""


def test_a_copied_store_is_hashed_once_and_believed(pictures, settings, monkeypatch):
    encode(Squares(), pictures, settings)
    (rows,) = shard_files(settings, ".bin")
    os.utime(rows, (OLD, OLD))
    assert encode(Squares(), pictures, settings).encoded == 0
    monkeypatch.setattr(
        store.hashlib, "file_digest", lambda *_: pytest.fail("hashed again")
    )
    assert encode(Squares(), pictures, settings).encoded == 0


def test_values_beyond_float16_are_refused(pictures, settings):
    settings.dtype = "float16"
    with pytest.raises(InputError, match="not finite as float16.*float32"):
        encode(Squares(scale=1e6), pictures, settings)


def test_a_full_disk_is_one_line(pictures, settings, monkeypatch):
    """100 rows of 12 bytes and their keys are needed; the disk says it is full."""

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    encode(Squares(version=0), pictures, settings)
    store_of = settings.folder
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(InputError, match=r"disk is full: [\d,]+ bytes needed") as e:
            encode(Squares(), pictures, settings)
    assert str(store_of) in str(e.value) and "\n" not in str(e.value)
    assert not list(store_of.rglob("*.partial"))
    assert encode(Squares(), pictures, settings).encoded == 100


def test_a_disk_too_small_is_noticed_before_encoding(pictures, settings, monkeypatch):
    usage = files.shutil.disk_usage(settings.folder.parent)
    small = usage._replace(free=2000)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: small)
    encoder = Squares()
    with pytest.raises(InputError, match="2,800 bytes needed, 2,000 free"):
        encode(encoder, pictures, settings)
    assert int(encoder.rows_seen) == 0


def test_a_folder_that_cannot_be_is_one_line(pictures, settings):
    settings.folder.parent.mkdir(exist_ok=True)
    settings.folder.write_text("a file")
    with pytest.raises(InputError, match="features.folder .*cannot be written"):
        encode(Squares(), pictures, settings)
