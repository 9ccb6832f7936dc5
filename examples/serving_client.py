"""Asks TF Serving over gRPC, with tensorflow-serving-api's own messages.

pip install tensorflow-serving-api
python examples/serving_client.py localhost:8500 photo.jpg "red summer dress"
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


def request(
    images: Sequence[bytes], texts: Sequence[str], model: str = "huse"
) -> predict_pb2.PredictRequest:
    """Asks serving_default about products; b"" or "" where one has no such thing.

    Args:
        images: contents of B picture files.
        texts: B strings.
        model: its name in the server.
    """
    asked = predict_pb2.PredictRequest()
    asked.model_spec.name = model
    asked.model_spec.signature_name = "serving_default"
    for name, rows in (("image_bytes", images), ("text", texts)):
        rows = [row.encode() if isinstance(row, str) else row for row in rows]
        asked.inputs[name].CopyFrom(tf.make_tensor_proto(rows, tf.string, [len(rows)]))
    return asked


def answers(response: predict_pb2.PredictResponse) -> dict[str, np.ndarray]:
    """Returns the outputs by name: embedding [B, D], class_name [B], ..."""
    return {name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()}


if __name__ == "__main__":
    address, picture, text = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        service = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        asked = request([Path(picture).read_bytes()], [text])
        found = answers(service.Predict(asked, timeout=10))
    print(found["class_name"][0].decode(), found["probability"][0])
