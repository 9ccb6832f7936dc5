"""The embedded image encoder against an unfolded one in plain TensorFlow."""

import hashlib
import importlib.util
import io
import os
import pickle
import re
import sys
import types
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from image_models import config, pixels
from small_runs import EXAMPLE, products

from huse_tf.encoders.images import embedded_image
from huse_tf.encoders.images import factory as images
from huse_tf.encoders.images.factory import make_image_encoder
from huse_tf.errors import InputError

ROOT = Path(__file__).parents[3]
SIZE = 40  # 40, 20, 10, 5, 3, 2: even and odd sides pad differently

# stride, expansion, side of the kernel, channels in and out of each of the 16 blocks
BLOCKS = [
    (1, 1, 3, 32, 16),
    (2, 6, 3, 16, 24),
    (1, 6, 3, 24, 24),
    (2, 6, 5, 24, 40),
    (1, 6, 5, 40, 40),
    (2, 6, 3, 40, 80),
    (1, 6, 3, 80, 80),
    (1, 6, 3, 80, 80),
    (1, 6, 5, 80, 112),
    (1, 6, 5, 112, 112),
    (1, 6, 5, 112, 112),
    (2, 6, 5, 112, 192),
    (1, 6, 5, 192, 192),
    (1, 6, 5, 192, 192),
    (1, 6, 5, 192, 192),
    (1, 6, 3, 192, 320),
]


@pytest.fixture(scope="module")
def tool():
    path = ROOT / "tools" / "build_embedded_image.py"
    spec = importlib.util.spec_from_file_location("build_embedded_image", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def fresh_cache():
    images._shared_backbone.cache_clear()


@pytest.fixture(scope="module")
def state():
    """A state dict of random values, of the names and shapes of the real one."""
    random = np.random.default_rng(3)
    arrays = {}

    def add(convolution, norm, shape):
        width = np.prod(shape[1:])
        arrays[f"{convolution}.weight"] = random.normal(0, (2 / width) ** 0.5, shape)
        arrays[f"{norm}.weight"] = random.uniform(0.5, 1.5, shape[0])
        arrays[f"{norm}.bias"] = random.normal(0, 0.3, shape[0])
        arrays[f"{norm}.running_mean"] = random.normal(0, 0.3, shape[0])
        arrays[f"{norm}.running_var"] = random.uniform(0.3, 2, shape[0])

    add("_conv_stem", "_bn0", (32, 3, 3, 3))
    for i, (_, expansion, side, width, channels) in enumerate(BLOCKS):
        block, inner = f"_blocks.{i}", expansion * width
        if expansion > 1:
            add(f"{block}._expand_conv", f"{block}._bn0", (inner, width, 1, 1))
        add(f"{block}._depthwise_conv", f"{block}._bn1", (inner, 1, side, side))
        add(f"{block}._project_conv", f"{block}._bn2", (channels, inner, 1, 1))
    add("_conv_head", "_bn1", (1280, 320, 1, 1))
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def unfolded(state, x):
    """The network as it was trained: each convolution followed by batch norm."""

    def convolve(x, convolution, norm, stride=1, clip=True):
        kernel = state[f"{convolution}.weight"]
        strides = [1, stride, stride, 1]
        if "depthwise" in convolution:
            kernel = kernel.transpose(2, 3, 0, 1)
            x = tf.nn.depthwise_conv2d(x, kernel, strides, "SAME")
        else:
            x = tf.nn.conv2d(x, kernel.transpose(2, 3, 1, 0), strides, "SAME")
        parts = ("running_mean", "running_var", "bias", "weight")
        x = tf.nn.batch_normalization(x, *(state[f"{norm}.{p}"] for p in parts), 1e-3)
        return tf.clip_by_value(x, 0, 6) if clip else x

    x = convolve(x, "_conv_stem", "_bn0", 2)
    for i, (stride, expansion, _, width, channels) in enumerate(BLOCKS):
        block, inputs = f"_blocks.{i}", x
        if expansion > 1:
            x = convolve(x, f"{block}._expand_conv", f"{block}._bn0")
        x = convolve(x, f"{block}._depthwise_conv", f"{block}._bn1", stride)
        x = convolve(x, f"{block}._project_conv", f"{block}._bn2", clip=False)
        if stride == 1 and width == channels:
            x += inputs
    return tf.reduce_mean(convolve(x, "_conv_head", "_bn1"), [1, 2])


def test_folded_is_unfolded(tool, state, tmp_path):
    arrays = tool.fold(state)
    np.savez(tmp_path / "folded.npz", **arrays)
    network = embedded_image.build_network(SIZE)
    assert {v.path for v in network.weights} == set(arrays)
    embedded_image.load_weights(network, tmp_path / "folded.npz")
    scaled = (pixels(SIZE).astype(np.float32) - 127) / 128
    expected = unfolded(state, scaled).numpy()
    assert expected.std(axis=0).mean() > 0.05  # the pictures differ in their features
    np.testing.assert_allclose(network(scaled), expected, rtol=0, atol=1e-4)
    encoder = make_image_encoder(
        config(name="embedded", weights=str(tmp_path / "folded.npz"), size=SIZE)
    )
    np.testing.assert_allclose(encoder(pixels(SIZE)), expected, rtol=0, atol=1e-4)


def test_packed_is_rounded_to_float16_and_the_same_bytes(tool, state, tmp_path):
    arrays = tool.fold(state)
    tool.pack(arrays, tmp_path / "a.npz")
    tool.pack(dict(reversed(arrays.items())), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    network = embedded_image.build_network(SIZE)
    embedded_image.load_weights(network, tmp_path / "a.npz")
    for variable in network.weights:
        # half a unit in the last of 11 binary places, or of the smallest float16
        np.testing.assert_allclose(
            variable.numpy(), arrays[variable.path], rtol=2**-11, atol=2**-25
        )


def test_packaged_weights():
    content = embedded_image.WEIGHTS.read_bytes()
    assert len(content) < 7e6
    card = (embedded_image.WEIGHTS.parent / "IMAGE_CARD.md").read_text()
    assert (
        re.search(r"sha256\s+(\w{64})", card)[1] == hashlib.sha256(content).hexdigest()
    )
    encoder = make_image_encoder(config(name="embedded", weights="pretrained"))
    by_other_name = make_image_encoder(config(name="embedded", weights="imagenet"))
    assert by_other_name.identity == encoder.identity
    assert encoder.dim == 1280


def test_packaged_weights_tell_products_apart():
    """Of 24 drawn products in four classes the nearest other one is of the same."""
    encoder = make_image_encoder(
        config(name="embedded", weights="pretrained", size=128)
    )
    rows = products()
    files = [(EXAMPLE / "images" / row["image"]).read_bytes() for row in rows]
    features = encoder(encoder.prepare(tf.constant(files))[0]).numpy()
    assert features.shape == (24, 1280)
    assert features.min() >= 0 and features.max() <= 6
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    cosines = features @ features.T
    np.fill_diagonal(cosines, -1)
    names = np.array([row["class"] for row in rows])
    assert (names[cosines.argmax(axis=1)] == names).mean() > 0.9


def test_untrained_weights_are_seeded_and_let_pictures_through():
    one = make_image_encoder(config(name="embedded"))
    images._shared_backbone.cache_clear()
    assert make_image_encoder(config(name="embedded")).identity == one.identity
    features = one(pixels(32)).numpy()
    assert 0.01 < np.abs(features[0] - features[1]).mean() < 6


def test_graph_has_core_operations_only():
    encoder = make_image_encoder(
        config(name="embedded", weights="pretrained", size=SIZE)
    )
    spec = tf.TensorSpec([None, SIZE, SIZE, 3], tf.uint8)
    graph = tf.function(encoder).get_concrete_function(spec)
    assert graph.outputs[0].shape.as_list() == [None, 1280]
    nodes = graph.graph.as_graph_def().node
    found = {node.op for node in nodes} - {"Placeholder", "ReadVariableOp", "Const"}
    assert found == {
        *("Cast", "Sub", "RealDiv", "Conv2D", "DepthwiseConv2dNative", "BiasAdd"),
        *("Relu6", "AddV2", "Mean", "Reshape", "Squeeze", "Identity", "NoOp"),
    }
    assert sum(node.op == "BiasAdd" for node in nodes) == 49


@pytest.mark.parametrize(
    ("fine_tune", "expected"),
    [
        ("none", set()),
        ("last_2", {"block_15_project", "head"}),
        ("all", None),  # all 49
    ],
)
def test_fine_tuning_moves_what_was_asked(fine_tune, expected):
    encoder = make_image_encoder(
        config(name="embedded", weights="pretrained", fine_tune=fine_tune)
    )
    before = {v.path: v.numpy() for v in encoder.network.weights}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(encoder(pixels(32), training=True) ** 2)
    variables = encoder.trainable_variables
    gradients = tape.gradient(loss, variables)
    for variable, gradient in zip(variables, gradients, strict=True):
        variable.assign_sub(1e-3 * tf.sign(gradient))
    changed = {
        v.path for v in encoder.network.weights if (v.numpy() != before[v.path]).any()
    }
    if expected is None:
        assert changed == set(before) and len(changed) == 2 * 49
    else:
        assert changed == {f"{x}/{y}" for x in expected for y in ("kernel", "bias")}


def test_folded_batch_norm_cannot_train():
    with pytest.raises(InputError, match="train_batch_norm = yes: .*set it to no"):
        make_image_encoder(
            config(name="embedded", fine_tune="last_1", train_batch_norm=True)
        )


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, **{"conv_0_kernel/kernel": np.zeros([3, 3, 3, 16], np.float16)})
    with pytest.raises(InputError, match="other.npz: cannot be read into the network"):
        make_image_encoder(config(name="embedded", weights=str(path)))


class Storage:
    """Elements that tensors show parts of, pickled as PyTorch did."""

    def __init__(self, key, elements):
        self.key, self.elements = key, elements


class StatePickler(pickle.Pickler):
    """Writes storages by their keys, and tensors as calls of _rebuild_tensor_v2."""

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        kind = {"f": "FloatStorage", "i": "LongStorage"}[value.elements.dtype.kind]
        kind = getattr(sys.modules["torch"], kind)
        return "storage", kind, value.key, "cpu", value.elements.size, None


class Tensor:
    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.parts


@pytest.fixture
def torch_names(monkeypatch):
    """Modules that hold the names which a state dict's pickle refers to."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*parts):
        raise NotImplementedError

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def written(state, storages):
    file = io.BytesIO()
    for value in (0x1950A86A20F9469CFC6C, 1001, {}, state, [s.key for s in storages]):
        StatePickler(file, protocol=2).dump(value)
    for storage in storages:
        file.write(storage.elements.size.to_bytes(8, "little"))
        file.write(storage.elements.tobytes())
    file.seek(0)
    return file


def test_state_dict_is_read_without_torch(tool, torch_names):
    """A part of a storage, transposed by its strides, and a number."""
    floats = Storage("7", np.arange(8, dtype="<f4"))
    count = Storage("9", np.array([5], "<i8"))
    state = OrderedDict(
        weight=Tensor(floats, 2, (3, 2), (1, 3), False, OrderedDict()),
        count=Tensor(count, 0, (), (), False, OrderedDict()),
    )
    arrays = tool.read_state(written(state, [count, floats]))
    assert list(arrays) == ["weight", "count"]
    np.testing.assert_array_equal(arrays["weight"], [[2, 5], [3, 6], [4, 7]])
    assert arrays["count"] == 5


def test_state_dict_that_runs_code_is_refused(tool):
    class Runs:
        def __reduce__(self):
            return os.mkdir, ("made",)

    with pytest.raises(pickle.UnpicklingError, match="mkdir is no part of a state"):
        tool.read_state(written({"weight": Runs()}, []))
