"""A SavedModel in a fresh process against the model in memory."""

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.errors import InputError
from huse_tf.serving.module import TOP, ServingModule

TEXT_OPS = "tensorflow_text"
BATCH_SIZES = (1, 7)
EMBEDDING_TOLERANCE = 1e-5
PROBABILITY_TOLERANCE = 1e-4
TIMEOUT_SECONDS = 900

_Batch = tuple[list[bytes], list[str], np.ndarray]  # files, texts, their pixels
_Signatures = dict[str, dict[str, np.ndarray]]  # signature -> output -> values


@dataclass(frozen=True)
class Verified:
    """What a fresh process said about a SavedModel that answered as it should.

    Attributes:
        ops: op name -> the package that brings it, tensorflow or TEXT_OPS.
        versions: tensorflow, graph_producer and graph_min_consumer.
        difference: the largest of any embedding's component.
    """

    ops: dict[str, str]
    versions: dict[str, object]
    difference: float


def verify(module: ServingModule, folder: Path) -> Verified:
    """Loads a SavedModel in a process without this package and compares its answers.

    Both sides compute on the CPU: this process may hold all of a GPU's memory, and a
    GPU's arithmetic is less exact.

    Args:
        module: what was saved.
        folder: of the SavedModel.

    Raises:
        InputError: it does not load or run there, or answers differently.
    """
    batches = [_samples(size, module) for size in BATCH_SIZES]
    report = _ask_in_fresh_process(folder, batches)
    difference = 0.0
    for (images, texts, _), answers in zip(batches, report["answers"], strict=True):
        with tf.device("CPU:0"):
            outputs = module.in_memory(tf.constant(images), tf.constant(texts))
        outputs = {name: tensor.numpy() for name, tensor in outputs.items()}
        received = _with_names_as_probabilities(module, outputs, answers)
        difference = max(difference, _compare(received, _expected(module, outputs)))
    return Verified(report["ops"], report["versions"], difference)


def _samples(size: int, module: ServingModule) -> _Batch:
    """Draws products; of several the last four lack something."""
    draw = np.random.default_rng(size)
    images = []
    for i in range(size):
        height, width = draw.integers(20, 300, 2)
        slope = np.linspace(0, 200, width)[None, :, None] * draw.random(3)
        noise = draw.integers(0, 56, (height, width, 3))
        pixels = tf.constant((slope + noise).astype(np.uint8))
        encode = tf.io.encode_png if i % 3 == 1 else tf.io.encode_jpeg
        images.append(encode(pixels).numpy())
    known = ["a red summer dress, size 38", "Café 1984 – 手提包", *module.class_names]
    texts = [known[i % len(known)] for i in range(size)]
    if size > 4:
        images[-1] = b"not a picture"
        images[-2] = images[-3] = b""
        texts[-3] = " "
        texts[-4] = ""
    with tf.device("CPU:0"):
        pixels = module.pixels(tf.constant(images)).numpy()
    return images, texts, pixels


def _ask_in_fresh_process(folder: Path, batches: Sequence[_Batch]) -> dict:
    """Runs serving_check.py, which says what its request and its report hold."""
    request = {
        "model": str(folder.absolute()),
        "batches": [
            {
                "image_bytes": [_base64(image) for image in images],
                "text": texts,
                "pixels": [_base64(square.tobytes()) for square in squares],
            }
            for images, texts, squares in batches
        ],
    }
    # -P: modules beside the script must not stand in for others of the same name.
    script = str(Path(__file__).with_name("check.py"))
    with tempfile.TemporaryDirectory() as exchange:
        report = Path(exchange) / "report.json"
        try:
            process = subprocess.run(
                [sys.executable, "-P", script, str(report)],
                input=json.dumps(request),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT_SECONDS,
                env={
                    **os.environ,
                    "CUDA_VISIBLE_DEVICES": "-1",
                    "TF_CPP_MIN_LOG_LEVEL": "3",
                },
            )
        except subprocess.TimeoutExpired as error:
            raise InputError(
                f"export: the SavedModel did not answer a fresh process within "
                f"{TIMEOUT_SECONDS} s; nothing was published"
            ) from error
        if process.returncode:
            lines = process.stderr.strip().splitlines() or ["no message"]
            raise InputError(
                "export: the SavedModel does not run in a fresh process with "
                f"TensorFlow alone (exit status {process.returncode}: "
                f"{lines[-1].strip()}); nothing was published"
            )
        return json.loads(report.read_text(encoding="utf-8"))


def _base64(contents: bytes) -> str:
    return base64.b64encode(contents).decode("ascii")


def _expected(module: ServingModule, outputs: Mapping[str, np.ndarray]) -> _Signatures:
    """Computes in NumPy what the signatures should answer.

    For a class name this is the probability of the class: equals may change places.
    """
    has = {name: outputs[f"{name}_valid"] for name in ("image", "text")}
    images, texts = (outputs[f"{name}_embedding"] * has[name][:, None] for name in has)
    valid = has["image"] | has["text"]
    fused = _mixed(module.fusion_weight, outputs, images, texts)
    fused /= np.maximum(np.linalg.norm(fused, axis=1, keepdims=True), 1e-6)
    probabilities = _probabilities(module.fusion_weight, outputs)
    likeliest = -np.sort(-probabilities, axis=1)[:, :TOP]
    return {
        "embed_image": {"embedding": images, "valid": has["image"]},
        "embed_text": {"embedding": texts, "valid": has["text"]},
        "embed_pixels": {"embedding": outputs["image_embedding"]},
        "serving_default": {
            "embedding": fused,
            "class_name": likeliest[:, 0],
            "probability": likeliest[:, 0],
            "valid": valid,
            **{f"{name}_valid": rows for name, rows in has.items()},
        },
        "classify": {
            "class_names": likeliest,
            "probabilities": likeliest,
            "valid": valid,
        },
    }


def _probabilities(weight: float, outputs: Mapping[str, np.ndarray]) -> np.ndarray:
    image, text = (
        tf.nn.softmax(outputs[f"{modality}_logits"]).numpy()
        for modality in ("image", "text")
    )
    return _mixed(weight, outputs, image, text)


def _mixed(
    weight: float,
    outputs: Mapping[str, np.ndarray],
    image: np.ndarray,
    text: np.ndarray,
) -> np.ndarray:
    """Mixes what image and text say, [B, ...]; one that is not valid says nothing."""
    image_valid, text_valid = (
        outputs[f"{name}_valid"][:, None] for name in ("image", "text")
    )
    both = weight * image + (1 - weight) * text
    alone = np.where(image_valid, image, text) * (image_valid | text_valid)
    return np.where(image_valid & text_valid, both, alone)


def _with_names_as_probabilities(
    module: ServingModule, outputs: Mapping[str, np.ndarray], answers: Mapping
) -> _Signatures:
    """Puts the probability of the class in place of each class name.

    An empty name has probability 0, an unknown one NaN.
    """
    column = {name: k for k, name in enumerate(module.class_names)}
    table = _probabilities(module.fusion_weight, outputs)

    def probability(row: int, name: str) -> float:
        if not name:
            return 0.0
        return table[row, column[name]] if name in column else np.nan

    def look_up(names: list) -> np.ndarray:
        named = np.asarray(names)
        flat = [probability(at[0], str(name)) for at, name in np.ndenumerate(named)]
        return np.reshape(flat, named.shape)

    return {
        signature: {
            name: look_up(values) if name.startswith("class_name") else values
            for name, values in outputs_of.items()
        }
        for signature, outputs_of in answers.items()
    }


def _compare(answers: _Signatures, expected: _Signatures) -> float:
    """Returns the largest difference of any embedding's component.

    Raises:
        InputError: an answer differs by more than its tolerance.
    """
    largest = 0.0
    for signature, outputs in expected.items():
        if set(answers[signature]) != set(outputs):
            raise InputError(
                f"export: {signature} answers {sorted(answers[signature])}, expected "
                f"{sorted(outputs)}; nothing was published"
            )
        for name, wanted in outputs.items():
            received = np.asarray(answers[signature][name], np.float64)
            where = f"export: {signature}'s {name} for a batch of {len(wanted)}"
            if received.shape != wanted.shape:
                raise InputError(
                    f"{where} has shape {received.shape}, expected {wanted.shape}; "
                    "nothing was published"
                )
            is_embedding = name == "embedding"
            allowed = EMBEDDING_TOLERANCE if is_embedding else PROBABILITY_TOLERANCE
            difference = float(np.abs(received - wanted).max())
            if not difference <= allowed:  # NaN differs too
                raise InputError(
                    f"{where} differs from the model in memory by {difference:.2g}, "
                    f"more than {allowed:g}; nothing was published"
                )
            if is_embedding:
                largest = max(largest, difference)
    return largest
