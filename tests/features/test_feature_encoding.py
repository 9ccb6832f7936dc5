"""Each content is encoded once, whatever changes or stops in between."""

import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from feature_fakes import (
    OLD,
    Letters,
    Pictures,
    Settings,
    Squares,
    encode,
    letters,
    means,
    pixels_of,
)

from huse_tf.errors import InputError, Interrupted
from huse_tf.features import encode as encode_module
from huse_tf.features import files, image_keys, store
from huse_tf.features.encode import ImageEncoding, encode_texts, read_part
from huse_tf.features.files import read_arrays
from huse_tf.features.keys import digest
from huse_tf.progress import Progress


def test_rows_are_the_encoders_in_the_catalogues_order(pictures, settings):
    encoder = Squares()
    features = encode(encoder, pictures, settings)
    assert features.shape == (100, 3) and len(features) == 100
    assert features.encoded == 100 and features.failed == {}
    np.testing.assert_allclose(features.load(), means(pixels_of(100)), rtol=1e-6)
    assert features.load().dtype == np.float32
    assert encoder.traces <= 2, "the last batch of 4 is not traced anew"


def test_a_second_run_encodes_nothing_and_reads_no_picture(
    pictures, settings, monkeypatch
):
    monkeypatch.setattr(image_keys, "SETTLED_NS", 0)
    first = encode(Squares(), pictures, settings).load()
    monkeypatch.setattr(
        image_keys, "open", lambda *_: pytest.fail("a picture was read"), raising=False
    )
    encoder = Squares()
    second = encode(encoder, pictures, settings)
    assert second.encoded == 0 and int(encoder.rows_seen) == 0
    np.testing.assert_array_equal(second.load(), first)


def test_ten_changed_rows_encode_ten(pictures, settings):
    encode(Squares(), pictures, settings)
    changed = pixels_of(10, seed=1)
    for i, values in enumerate(changed):
        pictures.write(f"{i * 7}.bin", b"P" + values.tobytes(), OLD + 1)
    encoder = Squares()
    features = encode(encoder, pictures, settings)
    assert features.encoded == 10 and int(encoder.rows_seen) == 10
    expected = means(pixels_of(100))
    expected[np.arange(10) * 7] = means(changed)
    np.testing.assert_allclose(features.load(), expected, rtol=1e-6)


def test_a_picture_is_its_content_not_its_name_or_time(pictures, settings, tmp_path):
    """A copied folder in another order, with times of now."""
    encode(Squares(), pictures, settings)
    copy = Pictures(tmp_path / "copy", pixels_of(100)[::-1])
    for name in copy.images:
        os.utime(copy.image_root / name)
    features = encode(Squares(), copy, settings)
    assert features.encoded == 0
    np.testing.assert_allclose(features.load(), means(pixels_of(100)[::-1]), rtol=1e-6)


def test_pictures_exchanged_at_equal_size_and_time_are_seen(
    pictures, settings, monkeypatch
):
    """As `cp -p` and `rsync -t` leave them, or a restore: contents decide."""
    monkeypatch.setattr(image_keys, "SETTLED_NS", 0)
    before = encode(Squares(), pictures, settings).load()
    one, other = (pictures.image_root / f"{i}.bin" for i in (0, 1))
    contents = one.read_bytes(), other.read_bytes()
    for path, content in zip((other, one), contents, strict=True):
        path.write_bytes(content)
        os.utime(path, (OLD, OLD))
    after = encode(Squares(), pictures, settings)
    assert after.encoded == 0, "both contents are known"
    np.testing.assert_array_equal(after.load()[[1, 0, 2]], before[[0, 1, 2]])
    third = pictures.image_root / "away.bin"  # and by renaming alone
    for source, target in ((one, third), (other, one), (third, other)):
        os.rename(source, target)
    np.testing.assert_array_equal(encode(Squares(), pictures, settings).load(), before)


def test_a_picture_rewritten_at_once_is_seen(pictures, settings):
    """Same size, same time: a time of just now is not trusted."""
    now = image_keys.time.time()
    pictures.write("0.bin", b"P" + bytes(12), now)
    encode(Squares(), pictures, settings)
    pictures.write("0.bin", b"P" + bytes([8] * 12), now)
    features = encode(Squares(), pictures, settings)
    assert features.encoded == 1
    np.testing.assert_array_equal(features.gather([0]), [[8, 8, 8]])


@pytest.mark.parametrize("how", ["identity", "dtype", "compute"])
def test_another_encoder_or_dtype_is_another_store(pictures, settings, how):
    encode(Squares(), pictures, settings)
    encoder = Squares(version=2 if how == "identity" else 1)
    if how == "dtype":
        settings.dtype = "float16"
    if how == "compute":
        encoder.dtype_policy = keras.DTypePolicy("mixed_bfloat16")
    assert encode(encoder, pictures, settings).encoded == 100
    assert len(list(settings.folder.glob("image-*/"))) == 2
    assert encode(Squares(), pictures, Settings(settings.folder)).encoded == 0


def test_broken_and_absent_pictures_are_named_and_never_stop_a_run(pictures, settings):
    pictures.write("7.bin", b"no picture")
    pictures.write("8.bin", b"")
    (pictures.image_root / "9.bin").unlink()
    features = encode(Squares(), pictures, settings)
    assert features.encoded == 97
    assert features.failed == {
        7: "undecodable picture: of no known format",
        8: "undecodable picture: of no known format",
        9: "cannot be read: No such file or directory",
    }
    np.testing.assert_array_equal(features.gather([7, 8, 9]), np.zeros((3, 3)))
    expected = means(pixels_of(100))
    expected[7:10] = 0
    np.testing.assert_allclose(features.load(), expected, rtol=1e-6)

    encoder = Squares()
    again = encode(encoder, pictures, settings)
    assert again.failed == features.failed, "remembered"
    assert int(encoder.rows_seen) == 0, "and not tried again"

    pictures.write("9.bin", b"P" + bytes(12))
    found = encode(Squares(), pictures, settings)
    assert found.encoded == 1 and set(found.failed) == {7, 8}


def test_a_picture_that_vanishes_while_encoding_is_named(
    pictures, settings, monkeypatch
):
    of = image_keys.PictureKeys.of

    def and_remove(*args):
        answer = of(*args)
        (pictures.image_root / "42.bin").unlink()
        return answer

    monkeypatch.setattr(image_keys.PictureKeys, "of", and_remove)
    features = encode(Squares(), pictures, settings)
    assert features.encoded == 99
    assert features.failed == {42: "cannot be read: changed or removed while encoding"}
    np.testing.assert_allclose(
        features.gather([41, 43]), means(pixels_of(100))[[41, 43]], rtol=1e-6
    )


def test_only_broken_pictures(tmp_path, settings):
    pictures = Pictures(tmp_path / "images", pixels_of(2))
    for name in pictures.images:
        pictures.write(name, b"?")
    features = encode(Squares(), pictures, settings)
    assert features.encoded == 0 and set(features.failed) == {0, 1}
    np.testing.assert_array_equal(features.load(), np.zeros((2, 3)))
    assert len(encode(Squares(), pictures, settings).failed) == 2


def test_equal_pictures_and_equal_texts_are_encoded_once(tmp_path, settings):
    twice = np.concatenate([pixels_of(10), pixels_of(10)])
    pictures = Pictures(tmp_path / "images", twice)
    encoder = Squares()
    features = encode(encoder, pictures, settings)
    assert features.encoded == 10 and int(encoder.rows_seen) == 10
    np.testing.assert_allclose(features.load(), means(twice), rtol=1e-6)

    texts = np.array(["mug", "hat", "mug", "mug"], object)
    features = encode_texts(Letters(), texts, settings, progress=False)
    assert features.encoded == 2
    np.testing.assert_array_equal(features.load(), letters(texts))


def test_texts_of_many_lengths_whatever_the_batch(tmp_path):
    """Sorted by length inside, in the caller's order outside; no retracing."""
    rng = np.random.default_rng(3)
    texts = np.array(
        ["".join(map(chr, rng.integers(97, 1000, n))) for n in rng.permutation(99)],
        object,
    )
    for size in (1, 7, 200):
        encoder = Letters()
        settings = Settings(tmp_path / str(size), batch_size=size)
        features = encode_texts(encoder, texts, settings, progress=False)
        np.testing.assert_array_equal(features.load(), letters(texts))
        assert encoder.traces <= 2
    longer = np.append(texts, "one more")
    features = encode_texts(Letters(), longer, settings, progress=False)
    assert features.encoded == 1
    np.testing.assert_array_equal(features.load(), letters(longer))


def stop_after(monkeypatch, rows):
    """Ctrl-C once so many rows are done."""
    update = Progress.update

    def stop(self, n, **scalars):
        update(self, n, **scalars)
        if self.label == "Encoding images" and self.done >= rows:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "update", stop)


def test_an_interrupted_encoding_goes_on(pictures, settings, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 48)
        with pytest.raises(Interrupted, match="48 of 100 images encoded and kept"):
            encode(Squares(), pictures, settings)
    encoder = Squares()
    features = encode(encoder, pictures, settings)
    assert features.encoded == 52 and int(encoder.rows_seen) == 52
    np.testing.assert_allclose(features.load(), means(pixels_of(100)), rtol=1e-6)


class Neighbours(Squares):
    """As rounding does, but plainly: a row's features depend on its batch and place."""

    def call(self, pixels, training=False):
        features = super().call(pixels)
        places = tf.range(tf.shape(features)[0], dtype=tf.float32)
        return features + tf.reduce_sum(features) + places[:, None]


def test_a_stopped_encoding_goes_on_with_the_batches_it_would_have_made(
    pictures, settings, tmp_path, monkeypatch
):
    """Stopped over the second batch, between its good pictures and its bad one."""
    for name in ("7.bin", "20.bin"):
        pictures.write(name, name.encode())
    calm = encode(Neighbours(), pictures, Settings(tmp_path / "calm"))
    monkeypatch.setattr(store, "SHARD_SECONDS", 0.0)

    def stop_at_20(path):
        if path.endswith("20.bin"):
            raise KeyboardInterrupt
        return "undecodable"

    with monkeypatch.context() as patch:
        patch.setattr(encode_module, "why_file_undecodable", stop_at_20)
        with pytest.raises(Interrupted, match="15 of 100 images encoded and kept"):
            encode(Neighbours(), pictures, settings)
    features = encode(Neighbours(), pictures, settings)
    assert features.encoded == 98 - 15
    np.testing.assert_array_equal(features.load(), calm.load())


def test_damaged_names_of_pictures_are_read_again(
    pictures, settings, capsys, monkeypatch
):
    monkeypatch.setattr(image_keys, "SETTLED_NS", 0)
    encode(Squares(), pictures, settings)
    (cache,) = settings.folder.glob("image-keys-*.npz")
    cache.write_bytes(b"rubbish")
    assert encode(Squares(), pictures, settings).encoded == 0
    assert "the pictures are read again" in capsys.readouterr().out
    assert encode(Squares(), pictures, settings).encoded == 0
    assert capsys.readouterr().out == ""


def test_parts_together_are_the_whole(pictures, settings):
    whole = means(pixels_of(100))
    shares = [encode(Squares(), pictures, settings, part=(k, 3)) for k in (1, 2, 3)]
    assert [len(share) for share in shares] == [33, 33, 34]
    assert [share.encoded for share in shares] == [33, 33, 34]
    joined = np.concatenate([share.load() for share in shares])
    np.testing.assert_allclose(joined, whole, rtol=1e-6)
    everything = encode(Squares(), pictures, settings)
    assert everything.encoded == 0
    np.testing.assert_allclose(everything.load(), whole, rtol=1e-6)


@pytest.mark.parametrize("part", [(0, 2), (3, 2)])
def test_a_part_that_is_none(pictures, settings, part):
    with pytest.raises(InputError, match="expected K/N with 1 <= K <= N"):
        encode(Squares(), pictures, settings, part=part)


def test_read_part():
    assert read_part("3/10") == (3, 10)
    with pytest.raises(InputError, match="`part`: expected K/N.*'third'"):
        read_part("third")


def test_an_open_encoding_takes_parts_without_reading_the_store_again(
    pictures, settings, monkeypatch
):
    """What grows with parts x rows: indexes read, names rewritten, functions traced."""
    monkeypatch.setattr(image_keys, "SETTLED_NS", 0)
    encode(Squares(), pictures, settings, part=(1, 2))
    read = []
    monkeypatch.setattr(
        files,
        "read_arrays",
        lambda path, *names: read.append(path.name) or read_arrays(path, *names),
    )
    encoder = Squares()
    encoding = ImageEncoding(encoder, pictures.image_root, settings, progress=False)
    parts = [encoding.features(pictures.images[i : i + 10]) for i in range(0, 100, 10)]
    assert [part.encoded for part in parts] == [0] * 5 + [10] * 5
    assert encoder.traces == 1
    assert len(read) == len(set(read)), "each file is read once"
    assert sum(name.startswith("image-keys") for name in read) == 1
    joined = np.concatenate([part.load() for part in parts])
    np.testing.assert_allclose(joined, means(pixels_of(100)), rtol=1e-6)


def test_an_open_encoding_finds_what_others_add(pictures, settings):
    encoding = ImageEncoding(Squares(), pictures.image_root, settings, progress=False)
    encode(Squares(), pictures, settings)
    assert encoding.features(pictures.images).encoded == 0


def test_names_kept_by_two_at_once_are_both_kept(pictures, settings, monkeypatch):
    """Each opened before the other wrote."""
    monkeypatch.setattr(image_keys, "SETTLED_NS", 0)
    pair = [
        image_keys.PictureKeys(settings.folder, pictures.image_root) for _ in range(2)
    ]
    for names, paths in zip(pair, np.split(pictures.images, 2), strict=True):
        names.of(paths, progress=False)
    monkeypatch.setattr(
        image_keys, "open", lambda *_: pytest.fail("a picture was read"), raising=False
    )
    later = image_keys.PictureKeys(settings.folder, pictures.image_root)
    keys, unreadable = later.of(pictures.images, progress=False)
    assert not unreadable
    content = b"P" + pixels_of(100)[7].tobytes()
    assert keys[7].tobytes() == digest(content)
