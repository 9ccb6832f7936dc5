"""Promise 10: what is exported answers as what was trained, without Python too."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from export_fakes import TEXTS, WEIGHT, in_memory, make_module, pictures

from huse_tf.serving.card import ops_list
from huse_tf.serving.check import list_ops, read_meta_graph
from huse_tf.serving.export import publish
from huse_tf.serving.ops import oldest_release

DTYPES = {1: np.float32, 10: np.bool_}  # TF_FLOAT, TF_BOOL


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model in memory, what a clean process said of its export, and the version."""
    module, run = make_module()
    found = []

    def describe(verified):
        found.append(verified)
        return {"needs.txt": ops_list(verified)}

    folder = tmp_path_factory.mktemp("models")
    run.version = publish(module, folder, describe)
    (run.verified,) = found
    return run


def test_a_clean_process_answers_as_the_model_in_memory(exported):
    """publish has asked one for a batch of 1 and one of 7; NaN would not pass."""
    assert exported.verified.difference < 1e-5
    assert exported.verified.difference >= 0


def build(folder):
    """Compiles ask_saved_model.c against the TensorFlow that is installed."""
    package = Path(tf.__file__).parent
    program = folder / "ask_saved_model"
    source = Path(__file__).with_name("ask_saved_model.c")
    libraries = [str(path) for path in package.glob("libtensorflow_*.so.*")]
    if len(libraries) < 2 or not (package / "include/tensorflow/c/c_api.h").exists():
        pytest.skip("this TensorFlow comes without its C library or headers")
    subprocess.run(
        ["gcc", "-std=c11", "-Wall", "-Werror", str(source), "-o", str(program)]
        + [f"-I{package / 'include'}", *libraries, f"-Wl,-rpath,{package}"],
        check=True,
        timeout=120,
    )
    return program


def string(value):
    return struct.pack("=i", len(value)) + value


def place(tensor):
    """Writes a tensor's name, operation:number, as the program reads it."""
    operation, _, number = tensor.name.rpartition(":")
    return string(operation.encode()) + struct.pack("=i", int(number))


def question(signature, feeds, outputs):
    parts = [struct.pack("=i", len(feeds))]
    for name, strings in feeds.items():
        parts += [place(signature.inputs[name]), struct.pack("=i", len(strings))]
        parts += map(string, strings)
    parts.append(struct.pack("=i", len(outputs)))
    return b"".join([*parts, *(place(signature.outputs[name]) for name in outputs)])


def read_answers(data):
    """Yields arrays in the order of the outputs asked for."""
    at = 0

    def numbers(count):
        nonlocal at
        at += 4 * count
        return struct.unpack_from(f"={count}i", data, at - 4 * count)

    while at < len(data):
        dtype, rank = numbers(2)
        shape, (size,) = numbers(rank), numbers(1)
        yield np.frombuffer(data[at : at + size], DTYPES[dtype]).reshape(shape)
        at += size


@pytest.fixture(scope="module")
def in_c(exported, tmp_path_factory):
    """Answers of the C program: (signature, output) -> array, by batch."""
    if shutil.which("gcc") is None:
        pytest.skip("no gcc to compile a program of TensorFlow's C API with")
    program = build(tmp_path_factory.mktemp("program"))
    signatures = read_meta_graph(str(exported.version)).signature_def
    images, texts = pictures(), [text.encode() for text in TEXTS]
    asked, questions = [], []
    for batch, rows in {"all": slice(None), "one": slice(0, 1)}.items():
        columns = {"image_bytes": images[rows], "text": texts[rows]}
        for name, outputs in {
            "serving_default": ["embedding", "probability", "valid"],
            "embed_image": ["embedding", "valid"],
            "embed_text": ["embedding", "valid"],
            "classify": ["probabilities", "valid"],
        }.items():
            feeds = {key: columns[key] for key in signatures[name].inputs}
            questions.append(question(signatures[name], feeds, outputs))
            asked += [(batch, name, output) for output in outputs]
    done = subprocess.run(
        [str(program), str(exported.version)],
        input=struct.pack("=i", len(questions)) + b"".join(questions),
        capture_output=True,
        timeout=300,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
    )
    assert done.returncode == 0, done.stderr.decode()
    return dict(zip(asked, read_answers(done.stdout), strict=True))


def test_the_c_api_answers_as_the_model_in_memory(exported, in_c):
    expected = in_memory(exported, pictures(), TEXTS)
    valid = expected["valid"]
    assert valid.sum() == 6
    # the product whose picture is broken is the one whose text is empty
    assert [text != "" for text in TEXTS] == valid.tolist()
    images = expected["image_embedding"] * valid[:, None]
    texts = expected["text_embedding"] * valid[:, None]
    fused = WEIGHT * images + (1 - WEIGHT) * texts
    fused[valid] /= np.linalg.norm(fused[valid], axis=1, keepdims=True)
    for name, rows in (
        ("embed_image", images),
        ("embed_text", texts),
        ("serving_default", fused),
    ):
        answer = in_c["all", name, "embedding"]
        assert np.ptp(answer, axis=0).max() > 0.1, "all rows are alike"
        np.testing.assert_allclose(answer, rows, atol=1e-5)
    for name in ("embed_image", "embed_text", "serving_default", "classify"):
        np.testing.assert_array_equal(in_c["all", name, "valid"], valid)


def test_a_batch_of_one_is_the_first_row_of_a_larger_one(in_c):
    for (batch, name, output), answer in in_c.items():
        if batch == "one":
            larger = in_c["all", name, output][:1]
            np.testing.assert_allclose(answer, larger, atol=1e-5)


def test_the_ops_stand_beside_it_with_the_oldest_release_that_has_them(exported):
    lines = (exported.version / "assets.extra/ops.txt").read_text().splitlines()
    listed = [line.split("\t") for line in lines if not line.startswith("#")]
    graph = read_meta_graph(str(exported.version)).graph_def
    assert [op for op, *_ in listed] == list_ops(graph)
    releases = {release for _, _, release in listed}
    needed = max(releases, key=lambda release: [*map(int, release.split("."))])
    assert f"TF Serving or TensorFlow {needed} or later" in lines[0]
    # Release 2.20 brought WebP, which every export decodes.
    assert ["DecodeWebP", "tensorflow", "2.20"] in listed
    assert ["DecodeJpeg", "tensorflow", "2.12"] in listed
    assert needed == "2.20"


def test_the_newest_op_decides():
    assert oldest_release(["MatMul", "IndexFlatMapDataset", "CheckPinned"]) == (
        "2.18",
        ["CheckPinned"],
    )
    assert oldest_release(["MatMul"]) == ("2.12", [])
