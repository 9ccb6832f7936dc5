"""An export that does not answer as the model in memory is not published."""

from pathlib import Path

import pytest
import tensorflow as tf
from export_fakes import make_module

from huse_tf.errors import InputError
from huse_tf.serving import verification
from huse_tf.serving.check import as_lists
from huse_tf.serving.export import publish


@pytest.fixture(scope="module")
def module():
    return make_module()[0]


def answers_of(module):
    """Returns what stands in for the fresh process: signatures asked right here."""

    def ask(folder, batches):
        answers = []
        for images, texts, pixels in batches:
            feeds = {"image_bytes": images, "text": texts, "pixels": pixels}
            feeds = {name: tf.constant(values) for name, values in feeds.items()}
            answers.append({})
            for name, function in module.functions.items():
                inputs = [spec.name for spec in function.input_signature]
                outputs = function(**{key: feeds[key] for key in inputs})
                answers[-1][name] = {
                    key: as_lists(tensor.numpy()) for key, tensor in outputs.items()
                }
        versions = dict.fromkeys(("tensorflow", "graph_producer"), "1")
        versions["graph_min_consumer"] = "1"
        return {"ops": {}, "versions": versions, "answers": answers}

    return ask


def other(report, signature, output, change):
    """Changes one answer to the larger batch."""
    answers = report["answers"][1][signature]
    answers[output] = change(answers[output])
    return report


def first_times(factor):
    return lambda rows: [[value * factor for value in rows[0]], *rows[1:]]


def zero_where(row):
    return lambda rows: [
        [0.0] * len(values) if i == row else values for i, values in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("signature", "output", "change"),
    [
        ("embed_image", "embedding", first_times(1.0001)),
        ("embed_text", "embedding", first_times(1.0001)),
        ("embed_pixels", "embedding", first_times(1.0001)),
        ("embed_text", "embedding", first_times(float("nan"))),
        ("embed_text", "embedding", lambda rows: rows[:1]),
        ("serving_default", "embedding", first_times(-1)),
        ("embed_image", "valid", lambda valid: [True] * len(valid)),
        ("embed_text", "valid", lambda valid: [True] * len(valid)),
        ("serving_default", "valid", lambda valid: [True] * len(valid)),
        ("serving_default", "image_valid", lambda valid: [True] * len(valid)),
        ("serving_default", "text_valid", lambda valid: [True] * len(valid)),
        ("serving_default", "embedding", zero_where(3)),  # has a picture alone
        ("serving_default", "embedding", zero_where(5)),  # has a text alone
        ("serving_default", "probability", lambda p: [p[0] + 0.001, *p[1:]]),
        ("serving_default", "class_name", lambda n: ["nothing", *n[1:]]),
        ("classify", "class_names", lambda n: [n[0][::-1], *n[1:]]),
        ("classify", "probabilities", first_times(1.01)),
    ],
)
def test_an_export_that_answers_differently_is_not_published(
    module, monkeypatch, tmp_path, signature, output, change
):
    monkeypatch.setattr(verification, "_ask_in_fresh_process", answers_of(module))
    publish(module, tmp_path / "right")

    def wrong(folder, batches):
        return other(answers_of(module)(folder, batches), signature, output, change)

    monkeypatch.setattr(verification, "_ask_in_fresh_process", wrong)
    with pytest.raises(InputError, match=f"{signature}'s {output} .*nothing was publ"):
        publish(module, tmp_path / "wrong")
    assert list((tmp_path / "wrong").iterdir()) == []


def test_an_export_that_does_not_load_is_not_published(module, monkeypatch, tmp_path):
    save = tf.saved_model.save

    def save_half(module, folder, **kwargs):
        save(module, folder, **kwargs)
        graph = Path(folder) / "saved_model.pb"
        graph.write_bytes(graph.read_bytes()[:-1000])

    monkeypatch.setattr(tf.saved_model, "save", save_half)
    with pytest.raises(InputError, match="does not run in a fresh process") as error:
        publish(module, tmp_path)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []
