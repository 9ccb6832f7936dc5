"""The feature store: each content encoded once, whatever happens in between."""

import errno
import json
import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.errors import InputError
from huse_tf.features import encode_images, encode_texts, files, image_keys, store
from huse_tf.features.encode import read_part
from huse_tf.features.keys import KeyTable, as_keys, digest, text_keys
from huse_tf.features.reading import Features
from huse_tf.progress import Progress

ROOT = Path(__file__).parents[1]
OLD = 1_600_000_000


class Squares(ImageEncoder):
    """A picture is `P` and 12 bytes, its pixels; features are the channels' means."""

    size, dim = 2, 3

    def __init__(self, version=1, scale=1.0):
        super().__init__()
        self.identity = {"name": "squares", "version": version}
        self.scale = scale
        self.rows_seen = tf.Variable(0, trainable=False)
        self.traces = 0

    def prepare(self, image_bytes):
        valid = tf.strings.length(image_bytes) == 13
        body = tf.where(
            valid, tf.strings.substr(image_bytes + "?", 1, 12), b"\xff" * 12
        )
        pixels = tf.reshape(tf.io.decode_raw(body, tf.uint8, fixed_length=12), [-1, 12])
        return tf.reshape(pixels, [-1, 2, 2, 3]), valid

    def call(self, pixels, training=False):
        self.traces += 1
        self.rows_seen.assign_add(tf.shape(pixels)[0])
        return tf.reduce_mean(tf.cast(pixels, tf.float32), [1, 2]) * self.scale


class Letters(TextEncoder):
    """Pads each batch to its longest text; features: code points' sum, their number."""

    identity = {"name": "letters"}

    def __init__(self, dim=2):
        super().__init__()
        self.dim = dim
        self.traces = 0

    def prepare(self, texts):
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        tokens = codes.to_tensor()
        mask = tf.sequence_mask(codes.row_lengths(), tf.shape(tokens)[1])
        return {"tokens": tokens, "mask": mask}

    def call(self, prepared, training=False):
        self.traces += 1
        mask = tf.cast(prepared["mask"], tf.float32)
        total = tf.reduce_sum(tf.cast(prepared["tokens"], tf.float32) * mask, 1)
        both = tf.stack([total, tf.reduce_sum(mask, 1)], 1)
        return tf.tile(both, [1, self.dim // 2])


@dataclass
class Settings:
    folder: Path
    dtype: str = "float32"
    batch_size: int = 16


class Pictures:
    """A catalogue, as far as encoding looks at it, over a folder it writes."""

    def __init__(self, root, pixels):
        self.image_root = Path(root)
        self.image_root.mkdir(parents=True, exist_ok=True)
        names = [f"{i}.bin" for i in range(len(pixels))]
        self.images = np.array(names, object)
        for name, values in zip(self.images, pixels, strict=True):
            self.write(name, b"P" + values.tobytes())

    def write(self, name, content, seconds=OLD):
        path = self.image_root / name
        path.write_bytes(content)
        os.utime(path, (seconds, seconds))

    def __len__(self):
        return len(self.images)


def pixels_of(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 12), dtype=np.uint8)


def means(pixels):
    return pixels.reshape(-1, 4, 3).astype(np.float32).mean(1)


def letters(texts):
    return np.array([[sum(map(ord, t)), len(t)] for t in texts], np.float32)


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "features")


@pytest.fixture
def pictures(tmp_path):
    return Pictures(tmp_path / "images", pixels_of(100))


def encode(encoder, pictures, settings, **more):
    return encode_images(encoder, pictures, settings, progress=False, **more)


def shard_files(settings, suffix):
    return sorted(settings.folder.glob(f"*/*{suffix}"))


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


def test_the_folder_says_what_it_holds(pictures, settings):
    encode(Squares(version=3), pictures, settings)
    (folder,) = settings.folder.glob("image-*/")
    assert len(folder.name) == len("image-") + 16
    about = json.loads((folder / "identity.json").read_text())
    assert about["identity"]["encoder"] == {"name": "squares", "version": 3}
    assert about["dtype"] == "float32"


def test_float16_halves_the_disk_and_rounds_once(pictures, settings):
    settings.dtype = "float16"
    features = encode(Squares(), pictures, settings)
    expected = means(pixels_of(100)).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(features.load(), expected)
    np.testing.assert_array_equal(features.gather([5, 3]), expected[[5, 3]])
    assert features.gather([5]).dtype == np.float32
    (rows,) = shard_files(settings, ".bin")
    assert rows.stat().st_size == 100 * 3 * 2


def test_values_beyond_float16_are_refused(pictures, settings):
    settings.dtype = "float16"
    with pytest.raises(InputError, match="not finite as float16.*float32"):
        encode(Squares(scale=1e6), pictures, settings)


def test_broken_and_absent_pictures_are_named_and_never_stop_a_run(pictures, settings):
    pictures.write("7.bin", b"no picture")
    pictures.write("8.bin", b"")
    (pictures.image_root / "9.bin").unlink()
    features = encode(Squares(), pictures, settings)
    assert features.encoded == 97
    assert features.failed == {
        7: "undecodable picture",
        8: "undecodable picture",
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
    names = image_keys.image_keys

    def and_remove(*args):
        answer = names(*args)
        (pictures.image_root / "42.bin").unlink()
        return answer

    monkeypatch.setattr("huse_tf.features.encode.image_keys", and_remove)
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


def test_gather_any_rows_in_any_order(pictures, settings, monkeypatch):
    """Many shards, reads split after 4 rows, files past the second opened on demand."""
    monkeypatch.setattr(store, "SHARD_ROWS", 16)
    monkeypatch.setattr("huse_tf.features.reading.MAX_BUFFERS", 4)
    monkeypatch.setattr("huse_tf.features.reading.OPEN_FILES", 2)
    features = encode(Squares(), pictures, settings)
    assert len(shard_files(settings, ".bin")) == 7
    whole = features.load()
    np.testing.assert_allclose(whole, means(pixels_of(100)), rtol=1e-6)
    rng = np.random.default_rng(0)
    for rows in (
        np.arange(100),
        np.arange(100)[::-1],
        np.array([3, 3, 99, 0, 3]),
        np.zeros(0, np.int64),
        rng.integers(0, 100, 500),
    ):
        np.testing.assert_array_equal(features.gather(rows), whole[rows])


def test_gather_from_many_threads(pictures, settings):
    features = encode(Squares(), pictures, settings)
    whole = features.load()
    start = threading.Barrier(8)

    def check(seed):
        rng = np.random.default_rng(seed)
        start.wait()
        for _ in range(50):
            rows = rng.integers(0, 100, 64)
            np.testing.assert_array_equal(features.gather(rows), whole[rows])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(check, range(8)))


def test_files_are_closed_with_the_features(pictures, settings):
    open_before = len(os.listdir("/proc/self/fd"))
    features = encode(Squares(), pictures, settings)
    assert len(os.listdir("/proc/self/fd")) > open_before
    del features
    assert len(os.listdir("/proc/self/fd")) <= open_before


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
        with pytest.raises(KeyboardInterrupt):
            encode(Squares(), pictures, settings)
    encoder = Squares()
    features = encode(encoder, pictures, settings)
    assert features.encoded == 52 and int(encoder.rows_seen) == 52
    np.testing.assert_allclose(features.load(), means(pixels_of(100)), rtol=1e-6)


def test_a_shard_is_due_after_half_a_minute(pictures, settings, monkeypatch):
    monkeypatch.setattr(store, "SHARD_SECONDS", 0.0)
    encode(Squares(), pictures, settings)
    assert len(shard_files(settings, ".npz")) == 7, "100 rows in batches of 16"


def test_leftovers_of_killed_runs_do_not_count_and_go_away(pictures, settings):
    encode(Squares(), pictures, settings)
    (folder,) = settings.folder.glob("image-*/")
    old = [folder / "dead.bin", folder / "dead.npz.77.partial"]
    young = folder / "alive.npz.78.partial"
    for path in [*old, young]:
        path.write_bytes(b"half")
    for path in old:
        os.utime(path, (OLD, OLD))
    assert encode(Squares(), pictures, settings).encoded == 0
    assert not any(path.exists() for path in old)
    assert young.exists(), "another process may be writing it"


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


def test_rows_cut_short_while_in_use(pictures, settings):
    features = encode(Squares(), pictures, settings)
    (rows,) = shard_files(settings, ".bin")
    os.truncate(rows, 600)
    features.gather([0])
    with pytest.raises(InputError, match="changed while in use"):
        features.gather([99])


def test_damaged_names_of_pictures_are_read_again(pictures, settings, capsys):
    encode(Squares(), pictures, settings)
    (cache,) = settings.folder.glob("image-keys-*.npz")
    cache.write_bytes(b"rubbish")
    assert encode(Squares(), pictures, settings).encoded == 0
    assert "the pictures are read again" in capsys.readouterr().out
    assert encode(Squares(), pictures, settings).encoded == 0
    assert capsys.readouterr().out == ""


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
    with pytest.raises(InputError, match="--part: expected K/N.*'third'"):
        read_part("third")


def start(*args):
    """This file as a script: a worker in a process of its own."""
    env = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"}
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, args)],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_at_once_and_one_killed(pictures, settings):
    """Both parts at once, shards of 16 rows; the second dies after 32 of its 50."""
    workers = [
        start("part", settings.folder, pictures.image_root, k, die)
        for k, die in ((1, 0), (2, 32))
    ]
    outputs = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 9], outputs
    encoder = Squares()
    features = encode(encoder, pictures, settings)
    assert features.encoded == int(encoder.rows_seen) == 18, "50 + 32 were on disk"
    np.testing.assert_allclose(features.load(), means(pixels_of(100)), rtol=1e-6)


def test_two_processes_that_encode_the_same_rows(pictures, settings):
    workers = [
        start("part", settings.folder, pictures.image_root, 0, 0) for _ in range(2)
    ]
    for worker in workers:
        worker.communicate(timeout=120)
        assert worker.returncode == 0
    features = encode(Squares(), pictures, settings)
    assert features.encoded == 0
    np.testing.assert_allclose(features.load(), means(pixels_of(100)), rtol=1e-6)


def work(folder, root, k, die):
    """Encodes part k of 2, or everything; is killed once `die` rows are done."""
    store.SHARD_ROWS = 16
    pictures = Pictures(root, [])
    pictures.images = np.array([f"{i}.bin" for i in range(100)], object)
    if die:
        update = Progress.update

        def killed(self, n, **scalars):
            update(self, n, **scalars)
            if self.label == "Encoding images" and self.done >= die:
                os._exit(9)

        Progress.update = killed
    encode(Squares(), pictures, Settings(Path(folder)), part=(k, 2) if k else (1, 1))


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


@pytest.mark.slow
def test_a_million_rows_in_bounded_memory():
    """1,000,000 rows of 1 KB (1 GB): encode, open again, gather 2 million.

    A row costs its key (16 bytes), its place in the sorted keys (8 + 16) and its
    location (8), besides the caller's texts: under 200 MB for all with the copies
    that sorting makes; gathering adds a batch, not what was read.
    """
    with tempfile.TemporaryDirectory() as folder:
        worker = start("million", folder)
        output, _ = worker.communicate(timeout=1200)
    assert worker.returncode == 0
    grown = json.loads(output.splitlines()[-1])
    assert grown["encoded"] == 1_000_000 and grown["again"] == 0
    assert grown["encoding"] < 500, grown
    assert grown["gathering"] < 50, grown


def resident():
    """MB of memory in use, and its peak."""
    status = Path("/proc/self/status").read_text()
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return [int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]


def million(folder):
    """Prints the growth of memory in MB while encoding and while gathering."""
    texts = np.array([f"product {i}" for i in range(1_000_000)], object)
    settings = Settings(Path(folder), batch_size=4096)
    encode_texts(Letters(256), texts[:10], Settings(Path(folder) / "warm"), False)
    before, _ = resident()
    made = encode_texts(Letters(256), texts, settings, progress=False)
    _, peak = resident()
    features: Features = encode_texts(Letters(256), texts, settings, progress=False)
    rng = np.random.default_rng(0)
    opened, _ = resident()
    for _ in range(2000):
        rows = rng.integers(0, 1_000_000, 1000)
        got = features.gather(rows)
    np.testing.assert_array_equal(got[:, :2], letters(texts[rows]))
    after, _ = resident()
    grown = {"encoded": made.encoded, "again": features.encoded}
    grown |= {"encoding": peak - before, "gathering": after - opened}
    print(json.dumps(grown))


if __name__ == "__main__":
    if sys.argv[1] == "million":
        million(sys.argv[2])
    else:
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
