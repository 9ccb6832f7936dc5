"""Asks a SavedModel in a process of its own, with TensorFlow alone.

`verification` runs this file as a script. It imports nothing of this package, as a
server would not. On standard input it takes JSON:

    {"model": folder, "batches": [
        {"image_bytes": [base64], "text": [string], "pixels": [base64 of float32]}]}

and writes JSON to the file that its argument names:

    "ops": op name -> the package that brings it, tensorflow or tensorflow_text, which
        is imported only where it is needed
    "versions": what the SavedModel says about itself
    "answers": for each batch, signature -> output -> nested lists
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2


def read_meta_graph(folder: str):
    """Parses the meta graph that a server loads."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((Path(folder) / "saved_model.pb").read_bytes())
    return next(m for m in saved.meta_graphs if "serve" in m.meta_info_def.tags)


def list_ops(graph) -> list[str]:
    """Returns the ops of a GraphDef and of its function library, sorted."""
    functions = graph.library.function
    ops = {node.op for node in graph.node}
    ops |= {node.op for function in functions for node in function.node_def}
    return sorted(ops - {function.signature.name for function in functions})


def find_packages(ops: list[str]) -> dict[str, str]:
    """Tells which package brings each op, having imported it.

    Raises:
        ValueError: neither package knows an op.
    """
    found = {op: "tensorflow" for op in ops if hasattr(tf.raw_ops, op)}
    unknown = [op for op in ops if op not in found]
    if unknown:
        import tensorflow_text  # noqa: F401
        from tensorflow.python.framework import op_def_registry

        missing = [op for op in unknown if op_def_registry.get(op) is None]
        if missing:
            raise ValueError(
                f"neither tensorflow nor tensorflow_text knows {', '.join(missing)}"
            )
        found.update(dict.fromkeys(unknown, "tensorflow_text"))
    return dict(sorted(found.items()))


def ask(signature, batch: dict[str, list]) -> dict[str, list]:
    """Feeds a signature what it takes of a batch, numbers as bytes of its dtype."""
    _, inputs = signature.structured_input_signature
    feeds = {}
    for name, spec in inputs.items():
        values = batch[name]
        if spec.dtype != tf.string:
            rows = [np.frombuffer(row, spec.dtype.as_numpy_dtype) for row in values]
            values = np.stack(rows).reshape([-1, *spec.shape[1:]])
        feeds[name] = tf.constant(values)
    outputs = signature(**feeds)
    return {name: as_lists(output.numpy()) for name, output in outputs.items()}


def as_lists(values: np.ndarray) -> list:
    """Turns an array into what JSON holds."""
    if values.dtype == object:
        values = np.char.decode(values.astype("S"), "utf-8")
    return values.tolist()


def main() -> None:
    """Reads the request, loads, asks, writes the answer."""
    request = json.load(sys.stdin)
    meta_graph = read_meta_graph(request["model"])
    ops = find_packages(list_ops(meta_graph.graph_def))
    signatures = tf.saved_model.load(request["model"]).signatures
    answers = []
    for batch in request["batches"]:
        batch |= {
            name: [base64.b64decode(row) for row in batch[name]]
            for name in ("image_bytes", "pixels")
        }
        answers.append({name: ask(signatures[name], batch) for name in signatures})
    versions = meta_graph.graph_def.versions
    answer = {
        "ops": ops,
        "versions": {
            "tensorflow": meta_graph.meta_info_def.tensorflow_version,
            "graph_producer": versions.producer,
            "graph_min_consumer": versions.min_consumer,
        },
        "answers": answers,
    }
    Path(sys.argv[1]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
