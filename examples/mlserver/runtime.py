"""MLServer serves an export: the KServe v2 protocol over REST and gRPC.

It needs mlserver and tensorflow, and nothing of huse_tf.
"""

import base64

import tensorflow as tf
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput
from mlserver.utils import get_model_uri

SIGNATURE = "signature"  # a parameter of the request, serving_default without it


class Export(MLModel):
    """One version's folder, named by `parameters.uri` of model-settings.json."""

    async def load(self) -> bool:
        """Loads the SavedModel."""
        folder = await get_model_uri(self._settings)
        self._signatures = tf.saved_model.load(folder).signatures
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answers the signature that the request names; inputs are named as its."""
        extra = payload.parameters.model_extra if payload.parameters else {}
        signature = self._signatures[(extra or {}).get(SIGNATURE, "serving_default")]
        feeds = {}
        for given in payload.inputs:
            if given.datatype == "BYTES":
                values = tf.constant(_bytes_of(given), tf.string)
            else:
                values = tf.constant(NumpyCodec.decode_input(given), tf.float32)
            feeds[given.name] = values
        outputs = []
        for name, tensor in signature(**feeds).items():
            if tensor.dtype == tf.string:
                names = [value.decode() for value in tensor.numpy().reshape(-1)]
                output = StringCodec.encode_output(name, names)
            else:
                output = NumpyCodec.encode_output(name, tensor.numpy())
            output.shape = list(tensor.shape)  # theirs have two dimensions at least
            outputs.append(output)
        return InferenceResponse(model_name=self.name, outputs=outputs)


def _bytes_of(given: RequestInput) -> list[bytes]:
    """Pictures come as base64 in JSON, as they are over gRPC; texts as strings."""
    told = given.parameters and given.parameters.content_type
    rows = [
        row.encode() if isinstance(row, str) else bytes(row) for row in given.data.root
    ]
    return [base64.b64decode(row) for row in rows] if told == "base64" else rows
