"""What stands beside an export for people: the model card and the list of ops."""

import json
import platform
from collections.abc import Iterable, Sequence

import keras

import huse_tf
from huse_tf.encoders.base import identity_of
from huse_tf.encoders.images.headers import ASKED_PIXELS
from huse_tf.encoders.model_ops import reaching
from huse_tf.encoders.texts.limit import LONGEST_TEXT
from huse_tf.run.restore import TrainedRun
from huse_tf.serving.module import TOP
from huse_tf.serving.ops import BASELINE, oldest_release, since
from huse_tf.serving.verification import (
    BATCH_SIZES,
    EMBEDDING_TOLERANCE,
    TEXT_OPS,
    Verified,
)


def ops_list(verified: Verified) -> str:
    """Lists the ops of the SavedModel.

    Returns:
        Comment lines, then one line for each op: name, tab, the package that brings it
        and, of TensorFlow's own, tab, the oldest release that knows it.
    """
    versions = verified.versions
    lines = [
        f"# {server_needs(verified)}",
        f"# TensorFlow {versions['tensorflow']} wrote the model and answered with it. "
        f"Of each op: package, and oldest release known to have it; {BASELINE}: that "
        "or an earlier one.",
        f"# Graph version {versions['graph_producer']}, for programs of graph version "
        f"{versions['graph_min_consumer']} or later.",
    ]
    out = reaching(verified.ops)
    if out:
        lines.append(f"# Touch files, the network or Python: {', '.join(out)}.")
    for op, package in verified.ops.items():
        release = f"\t{since(op)}" if package != TEXT_OPS else ""
        lines.append(f"{op}\t{package}{release}")
    return "\n".join(lines) + "\n"


def server_needs(verified: Verified) -> str:
    """Says what a server must be and bring."""
    of_text = [op for op, package in verified.ops.items() if package == TEXT_OPS]
    release, newest = oldest_release(op for op in verified.ops if op not in of_text)
    because = f" (for {', '.join(newest)})" if newest else ""
    server = f"TF Serving or TensorFlow {release} or later{because}."
    if not of_text:
        return f"{server} All ops are TensorFlow's own: it needs nothing else."
    return (
        f"{server} It must have TensorFlow Text's ops ({', '.join(of_text)}): TF "
        f"Serving brings them, a Python process has to import {TEXT_OPS}."
    )


def model_card(run: TrainedRun, verified: Verified) -> str:
    """Describes an export in Markdown.

    Args:
        run: what was exported.
        verified: what a fresh process said about it.
    """
    encoders = {"image": run.image_encoder, "text": run.text_encoder}
    dim = run.model.network.output["image_embedding"].shape[-1]
    catalog = run.run.read_catalog_facts()
    evaluation = dict(run.evaluation)
    about = evaluation.pop("meta", {})
    blocks = [
        "# Model card",
        f"HUSE (arXiv 1911.05978): one embedding of {dim} numbers for product images "
        f"and product texts, and a classifier of {len(run.class_names)} classes. "
        f"Objective: {run.config.objective.name}.",
        "## Signatures",
        _signatures(dim, len(run.class_names), run.image_encoder.size),
        "image_bytes are whole files (JPEG, PNG, GIF, BMP, WebP), text is UTF-8, both "
        "string [B] with B as you like. Embeddings are float32 of length 1; their dot "
        "product is the similarity, within and across modalities. Where both "
        f"modalities answer together, the image weighs {run.fusion_weight:g} and the "
        f"text {1 - run.fusion_weight:g}. Where the text is empty, or the picture is "
        "empty or cannot be decoded, the other answers alone: `text_valid` and "
        "`image_valid` say which are there. The row of one that has neither comes back "
        "zero, its class names empty, with `valid` false.",
        _in_json(),
        f"A text is read to its character {LONGEST_TEXT:,}. A picture of more than "
        f"{ASKED_PIXELS:,} pixels, as its header says, is not decoded. How many rows a "
        "request may have is the server's to say.",
        "## Server",
        server_needs(verified) + " The ops are listed in ops.txt.",
        "## Data",
        _table(("catalogue", ""), catalog.items()),
        "## Metrics",
        _metrics(evaluation, about),
        "## Encoders",
        _as_code({name: identity_of(encoder) for name, encoder in encoders.items()}),
        "## Versions and verification",
        _table(
            ("package", "version"),
            [
                ("huse_tf", huse_tf.__version__),
                ("tensorflow", verified.versions["tensorflow"]),
                ("keras", keras.__version__),
                ("python", platform.python_version()),
            ],
        ),
        "Before it was published, a process with nothing of huse_tf loaded this model "
        f"and answered batches of {' and '.join(map(str, BATCH_SIZES))}: embeddings "
        f"differed from the trained model's by at most {verified.difference:.1g} "
        f"({EMBEDDING_TOLERANCE:g} is allowed).",
        "The whole config is in config.ini, the class names in labels.txt.",
    ]
    return "\n\n".join(blocks) + "\n"


def _signatures(dim: int, classes: int, size: int) -> str:
    top = min(TOP, classes)
    both = "image_bytes, text"
    return _table(
        ("signature", "in", "out"),
        [
            (
                "serving_default",
                both,
                f"embedding [B, {dim}], class_name [B], probability [B], valid [B], "
                "image_valid [B], text_valid [B]",
            ),
            ("embed_image", "image_bytes", f"embedding [B, {dim}], valid [B]"),
            ("embed_text", "text", f"embedding [B, {dim}], valid [B]"),
            (
                "embed_pixels",
                f"pixels [B, {size}, {size}, 3], float32 in [0, 255]",
                f"embedding [B, {dim}]; for TFLite and clients that decode: RGB, "
                "padded with white to a square",
            ),
            (
                "classify",
                both,
                f"class_names [B, {top}], probabilities [B, {top}], valid [B], "
                "the likeliest class first",
            ),
        ],
    )


def _in_json() -> str:
    row = {"image_bytes": {"b64": "..."}, "text": "red dress"}
    request = {"signature_name": "serving_default", "instances": [row]}
    return f"As TF Serving takes it in JSON: `{json.dumps(request)}`"


def _metrics(metrics: dict, about: dict) -> str:
    if not metrics:
        return "The run has not been evaluated."
    names = [f"{name} {value}" for name, value in about.items()]
    rows = [
        (name, f"{value:.4f}" if isinstance(value, float) else value)
        for name, value in metrics.items()
    ]
    return "\n\n".join([", ".join(names), _table(("metric", "value"), rows)]).strip()


def _as_code(values: dict) -> str:
    return f"```json\n{json.dumps(values, indent=1, ensure_ascii=False)}\n```"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
