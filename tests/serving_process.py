"""Stands in for TF Serving's REST API: JSON requests in, JSON answers out.

Run as a script, `python serving_process.py VERSION`, with a list of requests on
standard input. It imports TensorFlow alone. The rules are those of TF Serving
(https://www.tensorflow.org/tfx/serving/api_rest and its util/json_tensor.cc):
"instances", a row for each example, or "inputs", a column for each input; {"b64": ...}
for bytes; the name may be left out where there is one input, and is where there is one
output.
"""

import base64
import json
import sys

import tensorflow as tf


class WrongRequest(Exception):
    """TF Serving would answer with status 400."""


def is_base64(value):
    return (
        isinstance(value, dict)
        and set(value) == {"b64"}
        and isinstance(value["b64"], str)
    )


def plain(value):
    """Turns {"b64": ...}, at any depth, into bytes; all else must be strings."""
    if isinstance(value, list):
        items = [plain(item) for item in value]
        if len({shape_of(item) for item in items}) > 1:
            raise WrongRequest("lists of unexpected size or level")
        return items
    if is_base64(value):
        return base64.b64decode(value["b64"], validate=True)
    if isinstance(value, dict):
        raise WrongRequest(f"{value} not formatted correctly for base64 data")
    if not isinstance(value, str):
        raise WrongRequest(f"{value!r} is not of expected type: string")
    return value.encode()


def shape_of(value):
    """Returns the shape of nested lists."""
    if not isinstance(value, list):
        return ()
    return (len(value), *(shape_of(value[0]) if value else ()))


def columns(request, names):
    """Turns a request into what is fed: input name -> bytes, or lists of them.

    Args:
        request: parsed JSON, either form of a request.
        names: of the signature's inputs, all of them strings.
    """
    forms = {"instances", "inputs"} & set(request)
    if len(forms) != 1:
        raise WrongRequest("expecting one of 'inputs' or 'instances'")
    if forms == {"inputs"}:
        return from_columns(request["inputs"], names)
    rows = request["instances"]
    if not isinstance(rows, list) or not rows:
        raise WrongRequest("'instances' must be a list with values")
    return from_rows(rows, names)


def from_columns(inputs, names):
    if not isinstance(inputs, dict) or is_base64(inputs):
        if len(names) > 1:
            raise WrongRequest("inputs is a plain value/list, expecting an object")
        inputs = {names[0]: inputs}
    for name in names:
        if name not in inputs:
            raise WrongRequest(f"Missing named input: {name}")
    return {name: plain(inputs[name]) for name in names}


def from_rows(rows, names):
    named = [isinstance(row, dict) and not is_base64(row) for row in rows]
    if len(set(named)) > 1:
        raise WrongRequest("Expecting objects or values, not a mix of both")
    if not named[0]:
        if len(names) > 1:
            raise WrongRequest("instances is a plain list, expecting list of objects")
        rows = [{names[0]: row} for row in rows]
    for row in rows:
        if set(row) != set(names):
            raise WrongRequest(f"keys must be equal to: {','.join(sorted(names))}")
    return {name: plain([row[name] for row in rows]) for name in names}


def as_lists(name, tensor):
    """Turns a tensor into what JSON holds; bytes only where the name says so."""
    values = tensor.numpy().tolist()
    if tensor.dtype != tf.string:
        return values
    if name.endswith("_bytes"):
        encode = base64.b64encode
        return tf.nest.map_structure(lambda v: {"b64": encode(v).decode()}, values)
    return tf.nest.map_structure(lambda v: v.decode("utf-8"), values)


def answer(signatures, request):
    """Answers one request as TF Serving would."""
    signature = signatures[request.get("signature_name", "serving_default")]
    _, specs = signature.structured_input_signature
    feeds = {
        name: tf.constant(column, specs[name].dtype, shape_of(column))
        for name, column in columns(request, list(specs)).items()
    }
    outputs = signature(**feeds)
    outputs = {name: as_lists(name, tensor) for name, tensor in outputs.items()}
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
        except (WrongRequest, tf.errors.OpError) as error:
            answers.append({"error": str(error)})
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    json.dump({"answers": answers, "packages": loaded}, sys.stdout)


if __name__ == "__main__":
    main()
