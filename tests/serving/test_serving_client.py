"""examples/serving_client.py fits the export's signature; no TF Serving here."""

import importlib.util

import numpy as np
import pytest
import tensorflow as tf
from export_fakes import DIM, TEXTS, make_module, pictures
from small_runs import ROOT

from huse_tf.serving.check import read_meta_graph
from huse_tf.serving.export import publish

pytest.importorskip(
    "tensorflow_serving", reason="tensorflow-serving-api is not installed"
)


@pytest.fixture(scope="module")
def client():
    path = ROOT / "examples" / "serving_client.py"
    spec = importlib.util.spec_from_file_location("serving_client", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_it_asks_and_reads_is_what_the_signature_takes_and_says(client, tmp_path):
    """The server's part: TensorProtos to the signature, its outputs to TensorProtos."""
    from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

    version = publish(make_module()[0], tmp_path)
    asked = PredictRequest.FromString(
        client.request(pictures(), TEXTS).SerializeToString()
    )
    name = asked.model_spec.signature_name
    about = read_meta_graph(str(version)).signature_def[name]
    assert set(asked.inputs) == set(about.inputs)
    for key, tensor in asked.inputs.items():
        assert tensor.dtype == about.inputs[key].dtype
        assert [d.size for d in tensor.tensor_shape.dim] == [7]
    signature = tf.saved_model.load(version).signatures[name]
    feeds = {k: tf.constant(tf.make_ndarray(t)) for k, t in asked.inputs.items()}
    expected = signature(**feeds)
    response = PredictResponse()
    for key, tensor in expected.items():
        response.outputs[key].CopyFrom(tf.make_tensor_proto(tensor.numpy()))
    found = client.answers(PredictResponse.FromString(response.SerializeToString()))
    assert set(found) == set(about.outputs)
    assert found["embedding"].shape == (7, DIM)
    np.testing.assert_array_equal(found["embedding"], expected["embedding"])
    assert found["image_valid"].tolist() == [True] * 3 + [False] + [True] * 3
