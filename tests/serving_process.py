"""Stands in for TF Serving's REST API: JSON requests in, JSON answers out.

Run as a script, `python serving_process.py VERSION`, with a list of requests on
standard input. It imports TensorFlow alone. As TF Serving does
(https://www.tensorflow.org/tfx/serving/api_rest), it takes "instances", a row for each
example, or "inputs", a column for each input, with {"b64": ...} for bytes; the name may
be left out where there is one input, and is where there is one output.
"""

import base64
import json
import sys

import tensorflow as tf


def plain(value):
    """Turns {"b64": ...}, at any depth, into bytes."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    return value


def columns(request, names):
    """Returns input name -> list, from either form of a request."""
    if "inputs" in request:
        inputs = request["inputs"]
        if not isinstance(inputs, dict):
            (name,) = names
            inputs = {name: inputs}
        return {name: plain(column) for name, column in inputs.items()}
    rows = request["instances"]
    if not all(isinstance(row, dict) and set(row) != {"b64"} for row in rows):
        (name,) = names
        rows = [{name: row} for row in rows]
    return {name: [plain(row[name]) for row in rows] for name in names}


def as_lists(tensor):
    """Turns a tensor into what JSON holds."""
    values = tensor.numpy()
    if tensor.dtype == tf.string:
        values = tf.strings.as_string(tensor).numpy()
        return tf.nest.map_structure(lambda v: v.decode("utf-8"), values.tolist())
    return values.tolist()


def answer(signatures, request):
    """Answers one request as TF Serving would."""
    signature = signatures[request.get("signature_name", "serving_default")]
    _, specs = signature.structured_input_signature
    feeds = {
        name: tf.constant(column, specs[name].dtype, [len(column)])
        for name, column in columns(request, list(specs)).items()
    }
    outputs = {name: as_lists(tensor) for name, tensor in signature(**feeds).items()}
    if "inputs" in request:
        return {"outputs": outputs if len(outputs) > 1 else outputs.popitem()[1]}
    rows = [
        dict(zip(outputs, row, strict=True))
        for row in zip(*outputs.values(), strict=True)
    ]
    if len(outputs) == 1:
        rows = [next(iter(row.values())) for row in rows]
    return {"predictions": rows}


def main():
    """Answers each request, or says which error it gives."""
    signatures = tf.saved_model.load(sys.argv[1]).signatures
    answers = []
    for request in json.load(sys.stdin):
        try:
            answers.append(answer(signatures, request))
        except tf.errors.OpError as error:
            answers.append({"error": error.message})
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    json.dump({"answers": answers, "packages": loaded}, sys.stdout)


if __name__ == "__main__":
    main()
