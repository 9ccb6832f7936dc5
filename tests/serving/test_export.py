"""An export answers, without this package, as the model in memory does."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from export_fakes import (
    CLASSES,
    DIM,
    TEXTS,
    WEIGHT,
    in_memory,
    make_module,
    pictures,
)

from huse_tf.config import Config, DataConfig
from huse_tf.errors import InputError
from huse_tf.run.folder import RunFolder
from huse_tf.serving import verification
from huse_tf.serving.export import export_run, publish

VALID = ("valid", "image_valid", "text_valid")
COMPLETE = {
    "saved_model.pb",
    "fingerprint.pb",
    "variables/variables.index",
    "variables/variables.data-00000-of-00001",
    "assets.extra/labels.txt",
    "assets.extra/ops.txt",
    "assets.extra/config.ini",
    "assets.extra/model_card.md",
    "assets.extra/digest.txt",
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A run, and the version that it was exported to."""
    folder = tmp_path_factory.mktemp("run")
    _, run = make_module()
    (folder / "catalog.json").write_text(
        '{"fingerprint": "abc123", "rows": 42, "classes": 7}'
    )
    data = DataConfig(csv=folder / "catalog.csv", images=folder)
    run.config = Config(data=data)
    run.run = RunFolder(folder)
    run.evaluation = {
        "n": 12,
        "fusion_accuracy": 0.87654,
        "meta": {"split": "test", "fusion_weight": WEIGHT},
    }
    run.version = export_run(run, folder / "export")
    return run


def ask_server(version, requests):
    """Asks an export in a process that imports TensorFlow alone."""
    script = Path(__file__).parents[1] / "serving_process.py"
    done = subprocess.run(
        [sys.executable, "-P", str(script), str(version)],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def b64(contents):
    return {"b64": base64.b64encode(contents).decode()}


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def lacking():
    """Picture alone, text alone, text with a broken picture, and nothing."""
    photo, text = b64(pictures()[0]), TEXTS[0]
    rows = [(photo, " "), (b64(b""), text), (b64(b"broken"), text), (b64(b""), "")]
    return [{"image_bytes": i, "text": t} for i, t in rows]


@pytest.fixture(scope="module")
def served(exported):
    """Answers of a fresh process, by request."""
    images, texts = [b64(i) for i in pictures()], TEXTS
    rows = [{"image_bytes": i, "text": t} for i, t in zip(images, texts, strict=True)]
    requests = {
        "default": {"instances": rows},
        "default of 1": {"instances": rows[:1]},
        "classify": {"signature_name": "classify", "instances": rows},
        "images": {"signature_name": "embed_image", "instances": images},
        "images of 1": {"signature_name": "embed_image", "inputs": images[1:2]},
        "texts": {"signature_name": "embed_text", "inputs": {"text": texts}},
        "texts of 1": {"signature_name": "embed_text", "instances": texts[:1]},
        "lacking": {"instances": lacking()},
        "lacking classify": {"signature_name": "classify", "instances": lacking()},
        "none": {"inputs": {"image_bytes": [], "text": []}},
        "uneven": {"inputs": {"image_bytes": images[:1], "text": texts}},
    }
    reply = ask_server(exported.version, list(requests.values()))
    assert "huse_tf" not in reply["packages"]
    assert "tensorflow_text" not in reply["packages"]
    return dict(zip(requests, reply["answers"], strict=True))


def test_embeddings_are_those_of_the_model_in_memory(exported, served):
    expected = in_memory(exported, pictures(), TEXTS)
    assert expected["valid"].tolist() == [True, True, True, False, True, True, True]
    # the product whose picture is broken is the one whose text is empty
    assert [text != "" for text in TEXTS] == expected["valid"].tolist()
    expected["image_embedding"][3] = expected["text_embedding"][3] = 0
    rows = served["images"]["predictions"]
    np.testing.assert_allclose(
        [row["embedding"] for row in rows], expected["image_embedding"], atol=1e-5
    )
    assert [row["valid"] for row in rows] == expected["valid"].tolist()
    texts = served["texts"]["outputs"]
    np.testing.assert_allclose(
        texts["embedding"], expected["text_embedding"], atol=1e-5
    )
    assert texts["valid"] == expected["valid"].tolist()
    # The rows differ, so that agreeing says something.
    assert np.ptp(expected["image_embedding"], axis=0).max() > 0.1
    assert np.ptp(expected["text_embedding"], axis=0).max() > 0.1


def test_a_batch_of_one_is_a_row_of_a_larger_batch(served):
    one = served["images of 1"]["outputs"]
    larger = served["images"]["predictions"][1]
    np.testing.assert_allclose(one["embedding"], [larger["embedding"]], atol=1e-5)
    assert one["valid"] == [True]
    (one,), larger = served["texts of 1"]["predictions"], served["texts"]["outputs"]
    np.testing.assert_allclose(one["embedding"], larger["embedding"][0], atol=1e-5)
    one, larger = (served[n]["predictions"][0] for n in ("default of 1", "default"))
    assert one["class_name"] == larger["class_name"]
    np.testing.assert_allclose(one["embedding"], larger["embedding"], atol=1e-5)


def test_both_modalities_answer_together_by_their_weights(exported, served):
    """embedding = unit(w image + (1 - w) text); probabilities likewise, w = 0.3."""
    expected = in_memory(exported, pictures(), TEXTS)
    fused = unit(0.3 * expected["image_embedding"] + 0.7 * expected["text_embedding"])
    probabilities = 0.3 * softmax(expected["image_logits"]) + 0.7 * softmax(
        expected["text_logits"]
    )
    for i, row in enumerate(served["default"]["predictions"]):
        if i == 3:
            continue
        np.testing.assert_allclose(row["embedding"], fused[i], atol=1e-5)
        assert row["class_name"] == CLASSES[probabilities[i].argmax()]
        assert row["probability"] == pytest.approx(probabilities[i].max(), abs=1e-5)
        assert all(row[name] is True for name in VALID)
    for i, row in enumerate(served["classify"]["predictions"]):
        if i == 3:
            continue
        best = np.argsort(-probabilities[i])[:5]
        assert row["class_names"] == [CLASSES[k] for k in best]
        np.testing.assert_allclose(
            row["probabilities"], probabilities[i][best], atol=1e-5
        )


def test_what_a_product_lacks_is_answered_by_what_it_has(exported, served):
    """Weight 1 for the modality that is there, whatever the fusion weight."""
    expected = in_memory(exported, pictures()[:1], TEXTS[:1])
    image, text = (expected[f"{m}_embedding"][0] for m in ("image", "text"))
    by_image, by_text = (softmax(expected[f"{m}_logits"])[0] for m in ("image", "text"))
    assert np.abs(by_image - by_text).max() > 0.01, "they may not be alike"
    rows, classified = (
        served[name]["predictions"] for name in ("lacking", "lacking classify")
    )
    for row, listed, embedding, shares in (
        (rows[0], classified[0], image, by_image),
        (rows[1], classified[1], text, by_text),
        (rows[2], classified[2], text, by_text),
    ):
        np.testing.assert_allclose(row["embedding"], embedding, atol=1e-5)
        best = np.argsort(-shares)[:5]
        assert row["class_name"] == CLASSES[best[0]]
        assert row["probability"] == pytest.approx(shares.max(), abs=1e-5)
        assert listed["class_names"] == [CLASSES[k] for k in best]
        np.testing.assert_allclose(listed["probabilities"], shares[best], atol=1e-5)
        assert listed["valid"] is True
    assert [[row[name] for name in VALID] for row in rows] == [
        [True, True, False],
        [True, False, True],
        [True, False, True],
        [False, False, False],
    ]
    assert rows[3]["embedding"] == [0.0] * DIM and rows[3]["class_name"] == ""


def test_a_product_with_neither_fails_its_row_alone(served):
    assert served["default"]["predictions"][3] == {
        "embedding": [0.0] * DIM,
        "class_name": "",
        "probability": 0.0,
        **dict.fromkeys(VALID, False),
    }
    assert served["classify"]["predictions"][3] == {
        "class_names": [""] * 5,
        "probabilities": [0.0] * 5,
        "valid": False,
    }
    assert served["images"]["predictions"][3]["embedding"] == [0.0] * DIM


def test_an_empty_batch_is_answered_and_an_uneven_one_is_not(served):
    assert served["none"]["outputs"]["embedding"] == []
    assert served["none"]["outputs"]["class_name"] == []
    assert "as many of one as of the other" in served["uneven"]["error"]


def test_signatures_say_float32_and_any_batch(exported):
    from huse_tf.serving.check import read_meta_graph

    signatures = read_meta_graph(str(exported.version)).signature_def
    kinds = {
        name: {
            key: (
                tf.as_dtype(value.dtype).name,
                [d.size for d in value.tensor_shape.dim],
            )
            for key, value in (*signature.inputs.items(), *signature.outputs.items())
        }
        for name, signature in signatures.items()
        if name != "__saved_model_init_op"
    }
    strings, valid = ("string", [-1]), ("bool", [-1])
    embedding = ("float32", [-1, DIM])
    assert kinds == {
        "serving_default": {
            "image_bytes": strings,
            "text": strings,
            "embedding": embedding,
            "class_name": strings,
            "probability": ("float32", [-1]),
            **dict.fromkeys(VALID, valid),
        },
        "embed_image": {
            "image_bytes": strings,
            "embedding": embedding,
            "valid": valid,
        },
        "embed_pixels": {
            "pixels": ("float32", [-1, 16, 16, 3]),
            "embedding": embedding,
        },
        "embed_text": {"text": strings, "embedding": embedding, "valid": valid},
        "classify": {
            "image_bytes": strings,
            "text": strings,
            "class_names": ("string", [-1, 5]),
            "probabilities": ("float32", [-1, 5]),
            "valid": valid,
        },
    }


def test_the_version_is_complete_and_described(exported):
    version, extras = exported.version, exported.version / "assets.extra"
    assert version.name == "1"
    files = {str(p.relative_to(version)) for p in version.rglob("*") if p.is_file()}
    assert files == COMPLETE
    labels = (extras / "labels.txt").read_text(encoding="utf-8")
    assert labels.splitlines() == list(CLASSES)
    assert (extras / "config.ini").read_text() == exported.config.to_ini()

    lines = (extras / "ops.txt").read_text().splitlines()
    assert f"TensorFlow {tf.__version__} wrote" in lines[1]
    ops = dict(line.split("\t", 1) for line in lines if not line.startswith("#"))
    assert {about.split("\t")[0] for about in ops.values()} == {"tensorflow"}
    # The decoder's are deep in the function library.
    assert {"MatMul", "DecodeJpeg", "LookupTableFindV2"} <= set(ops)
    assert not any(op.startswith("__") for op in ops), "function names among the ops"

    card = (extras / "model_card.md").read_text(encoding="utf-8")
    for told in (
        "one embedding of 8 numbers",
        "classifier of 7 classes. Objective: huse.",
        "class_names [B, 5]",
        "| fingerprint | abc123 |",
        "| rows | 42 |",
        "split test",
        "| fusion_accuracy | 0.8765 |",
        "the image weighs 0.3 and the text 0.7",
        '"name": "thumbnails"',
        "All ops are TensorFlow's own",
        f"| tensorflow | {tf.__version__} |",
    ):
        assert told in card


def test_ops_of_tensorflow_text_are_told():
    from huse_tf.serving.card import ops_list, server_needs

    verified = verification.Verified(
        {"MatMul": "tensorflow", "NormalizeUTF8": "tensorflow_text"},
        {"tensorflow": "2.21.0", "graph_producer": 9, "graph_min_consumer": 1},
        0.0,
    )
    assert "must have TensorFlow Text's ops (NormalizeUTF8)" in server_needs(verified)
    assert "MatMul\ttensorflow\t2.12\n" in ops_list(verified)
    assert "NormalizeUTF8\ttensorflow_text\n" in ops_list(verified)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    module, _ = make_module()
    with pytest.raises(InputError, match="file: cannot be written .*nothing was publ"):
        publish(module, tmp_path / "file")
