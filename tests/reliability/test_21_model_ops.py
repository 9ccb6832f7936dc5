"""Promise 21: a SavedModel that reaches out of itself is not loaded unasked."""

import re
from types import SimpleNamespace

import pytest
import tensorflow as tf
from image_models import config, save_module
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from huse_tf.config import ClassEncoderConfig, TextEncoderConfig
from huse_tf.encoders import hub, model_ops
from huse_tf.encoders.images.factory import make_image_encoder
from huse_tf.encoders.texts.factory import make_text_encoder
from huse_tf.errors import InputError
from huse_tf.run.folder import RunFolder
from huse_tf.serving.card import ops_list

SECRET = "what was written"


def reads(texts, folder):
    return tf.io.read_file(f"{folder}/secret")


def writes(texts, folder):
    tf.io.write_file(f"{folder}/trace", SECRET)
    return texts[0]


def lists(texts, folder):
    return tf.io.matching_files(f"{folder}/*")[0]


def calls_python(texts, folder):
    return tf.numpy_function(lambda text: text, [texts], tf.string)[0]


def saves(texts, folder):
    """With the operation that every SavedModel has, in another place than its own."""
    tf.raw_ops.SaveV2(
        prefix=f"{folder}/trace",
        tensor_names=["a"],
        shape_and_slices=[""],
        tensors=[tf.constant(1.0)],
    )
    return texts[0]


def prints(texts, folder):
    tf.print(SECRET, output_stream=f"file://{folder}/trace")
    return texts[0]


def streams(texts, folder):
    lines = tf.data.TextLineDataset(f"{folder}/secret")
    return lines.reduce(tf.constant(""), lambda a, line: a + line)


ATTACKS = {  # what the model does, and the operation that tells
    reads: "ReadFile",
    writes: "WriteFile",
    lists: "MatchingFiles",
    calls_python: "PyFunc",
    saves: "SaveV2",
    prints: "PrintV2",
    streams: "TextLineDataset",
}


def encoder(attack, folder):
    """Saves a sentence encoder that does `attack` too, in a function that it calls."""
    (folder / "secret").write_text("secret")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def hidden(texts):
        return attack(texts, folder)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def call(texts):
        extra = tf.cond(tf.size(texts) >= 0, lambda: hidden(texts), lambda: "")
        number = 0.0 * tf.cast(tf.strings.length(extra), tf.float32)
        return tf.fill([tf.size(texts), 2], 1.0 + number)

    module = tf.Module()
    module.weight = tf.Variable(1.0)  # so that it has savers of its own
    module.__call__ = call
    tf.saved_model.save(module, str(folder / "model"))
    return str(folder / "model")


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("section", ["text_encoder", "class_encoder"])
def test_a_model_that_reaches_out_is_refused(attack, section, tmp_path, monkeypatch):
    """Before it is loaded, by its operations' names; a key allows them."""
    handle, op = encoder(attack, tmp_path), ATTACKS[attack]
    kind = TextEncoderConfig if section == "text_encoder" else ClassEncoderConfig
    with monkeypatch.context() as patch:
        patch.setattr(hub, "load", lambda *_: pytest.fail("it was loaded"))
        with pytest.raises(InputError) as caught:
            make_text_encoder(kind(name="use", handle=handle), section)
    message = str(caught.value)
    assert message.startswith(f"{section}.handle = {handle}: ") and "\n" not in message
    assert op in message and f"Set {section}.allowed_ops = " in message
    assert not list(tmp_path.glob("trace*"))
    (allowed,) = re.findall(r"allowed_ops = (\S+) if", message)
    assert allowed.split(",") == [op]
    model_ops.check("text_encoder.handle = x", handle, allowed)


def test_what_is_allowed_is_loaded(tmp_path):
    handle = encoder(reads, tmp_path)
    allowing = TextEncoderConfig(name="use", handle=handle, allowed_ops="ReadFile")
    assert make_text_encoder(allowing).dim == 2
    other = TextEncoderConfig(name="use", handle=handle, allowed_ops="WriteFile")
    with pytest.raises(InputError, match="allowed_ops = ReadFile,WriteFile if"):
        make_text_encoder(other)


def test_a_picture_model_that_reaches_out_is_refused(tmp_path):
    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 32, 32, 3], tf.float32)])
        def __call__(self, pixels):
            tf.io.write_file(f"{tmp_path}/trace", SECRET)
            return tf.reduce_mean(pixels, [1, 2])

    tf.saved_model.save(Module(), str(tmp_path / "model"))
    section = config(name=str(tmp_path / "model"))
    with pytest.raises(InputError, match="image_encoder.name = .*WriteFile"):
        make_image_encoder(section)
    assert not (tmp_path / "trace").exists()


def test_a_model_that_computes_is_loaded(tmp_path):
    """Its savers touch files, as those of every SavedModel do, and are its own."""
    path = save_module(tmp_path / "module")
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((tmp_path / "module/saved_model.pb").read_bytes())
    functions = saved.meta_graphs[0].graph_def.library.function
    ops = {node.op for function in functions for node in function.node_def}
    assert ops >= {"SaveV2", "RestoreV2"}
    model_ops.check("image_encoder.name = x", path, "")


@pytest.mark.parametrize("name", ["saved_model.pb", "saved_model.pbtxt"])
def test_a_damaged_model_is_one_line(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\xfe<html>")
    with pytest.raises(InputError, match="cannot be loaded as a SavedModel") as caught:
        model_ops.check("text_encoder.handle = x", tmp_path, "")
    assert "\n" not in str(caught.value)


# What an argument or attribute is called by which an operation finds a file or a host.
REACHES = re.compile("file|path|director|address|url|protocol|dispatch|db_uri|region")
HARMLESS = {  # operation -> why its argument is no way out
    "MergeV2Checkpoints": "of the savers; elsewhere it is refused",
    "InitializeTableFromTextFile": "how vocabularies come with models: reads lines",
    "InitializeTableFromTextFileV2": "likewise",
    "CTCBeamSearchDecoder": "how many paths through letters it returns",
    "TensorSliceDataset": "says that its strings are names, and opens none",
}


def test_no_operation_that_takes_a_file_or_a_host_is_forgotten():
    """Of all that TensorFlow has."""
    found = set()
    for name in dir(tf.raw_ops):
        op = op_def_registry.get(name)
        if op is not None:
            names = [a.name for a in (*op.input_arg, *op.attr)]
            if any(REACHES.search(name) for name in names):
                found.add(name)
    assert "ReadFile" in found
    left = {op for op in found if not model_ops.reaching([op])}
    assert left <= set(HARMLESS), left - set(HARMLESS)


def test_every_name_in_the_list_is_an_operation():
    unknown = [op for op in model_ops.REACHING if op_def_registry.get(op) is None]
    assert not unknown


def test_an_export_says_which_of_its_operations_reach_out():
    versions = {"tensorflow": "2", "graph_producer": 1, "graph_min_consumer": 1}
    ops = {"MatMul": "tensorflow", "WriteFile": "tensorflow", "PyFunc": "tensorflow"}
    listed = ops_list(SimpleNamespace(ops=ops, versions=versions))
    assert "# Touch files, the network or Python: PyFunc, WriteFile.\n" in listed
    only = SimpleNamespace(ops={"MatMul": "tensorflow"}, versions=versions)
    assert "Touch files" not in ops_list(only)


def test_a_run_folder_does_not_allow_by_itself(small_run, tmp_path):
    """Nor may a stranger's run: like code of one's own, it needs to be said."""
    run = RunFolder(tmp_path)
    text = RunFolder(small_run).config_file.read_text(encoding="utf-8")
    changed, times = re.subn("(?m)^allowed_ops =$", "allowed_ops = PyFunc", text)
    assert times == 3
    run.config_file.write_text(changed, encoding="utf-8")
    with pytest.raises(InputError, match="image_encoder.allowed_ops = PyFunc.*`allow_"):
        run.read_config()
    assert run.read_config(allow_code=True).text_encoder.allowed_ops == "PyFunc"
