"""examples/mlserver, started: 100 products by REST and by gRPC, as in memory."""

import base64
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from export_fakes import DIM, TEXTS, make_module, pictures
from small_runs import ROOT

from huse_tf.serving.export import publish

if sys.version_info < (3, 13):
    mlserver = pytest.importorskip("mlserver", reason="mlserver is not installed")
else:
    pytest.skip("mlserver is for Python below 3.13", allow_module_level=True)

PRODUCTS = 100


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The export's module, and the server's ports."""
    folder = tmp_path_factory.mktemp("mlserver")
    module, _ = make_module()
    version = publish(module, folder / "export")
    shutil.copytree(ROOT / "examples" / "mlserver", folder / "model")
    settings = folder / "model" / "model-settings.json"
    about = json.loads(settings.read_text())
    about["parameters"]["uri"] = str(version)
    settings.write_text(json.dumps(about))
    ports = {name: free_port() for name in ("http_port", "grpc_port", "metrics_port")}
    server = {"host": "127.0.0.1", "parallel_workers": 0, **ports}
    (folder / "model" / "settings.json").write_text(json.dumps(server))
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("mlserver")),
            "start",
            str(folder / "model"),
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
    )
    ready = f"http://127.0.0.1:{ports['http_port']}/v2/models/huse/ready"
    for _ in range(600):
        assert process.poll() is None, (folder / "log").read_text()[-3000:]
        try:
            urllib.request.urlopen(ready, timeout=5).close()
            break
        except OSError:
            time.sleep(0.2)
    yield module, ports
    process.terminate()
    process.wait(30)
    log.close()


@pytest.fixture(scope="module")
def products():
    """100 products: the fourth of every seven pictures is broken."""
    images = [pictures()[i % 7] for i in range(PRODUCTS)]
    return images, [TEXTS[i % 5] for i in range(PRODUCTS)]


def check(module, products, found):
    images, texts = products
    expected = module.functions["serving_default"](
        image_bytes=tf.constant(images), text=tf.constant(texts)
    )
    assert found["embedding"].shape == (PRODUCTS, DIM)
    np.testing.assert_allclose(found["embedding"], expected["embedding"], atol=1e-5)
    np.testing.assert_allclose(found["probability"], expected["probability"], atol=1e-5)
    assert found["image_valid"].tolist() == [i % 7 != 3 for i in range(PRODUCTS)]
    names = [name.decode() for name in expected["class_name"].numpy()]
    assert found["class_name"].tolist() == names


def test_rest(served, products):
    module, ports = served
    images, texts = products
    request = {
        "inputs": [
            {
                "name": "image_bytes",
                "shape": [PRODUCTS],
                "datatype": "BYTES",
                "parameters": {"content_type": "base64"},
                "data": [base64.b64encode(image).decode() for image in images],
            },
            {
                "name": "text",
                "shape": [PRODUCTS],
                "datatype": "BYTES",
                "data": texts,
            },
        ]
    }
    asked = urllib.request.Request(
        f"http://127.0.0.1:{ports['http_port']}/v2/models/huse/infer",
        json.dumps(request).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        outputs = json.load(answer)["outputs"]
    found = {o["name"]: np.array(o["data"]).reshape(o["shape"]) for o in outputs}
    check(module, products, found)


def test_grpc(served, products):
    import grpc
    from mlserver.grpc import dataplane_pb2 as pb
    from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub

    module, ports = served
    images, texts = products
    tensors = []
    for name, rows in (
        ("image_bytes", images),
        ("text", [text.encode() for text in texts]),
    ):
        tensor = pb.ModelInferRequest.InferInputTensor(
            name=name, datatype="BYTES", shape=[PRODUCTS]
        )
        tensor.contents.bytes_contents.extend(rows)
        tensors.append(tensor)
    with grpc.insecure_channel(f"127.0.0.1:{ports['grpc_port']}") as channel:
        answer = GRPCInferenceServiceStub(channel).ModelInfer(
            pb.ModelInferRequest(model_name="huse", inputs=tensors), timeout=60
        )
    found = {}
    for output in answer.outputs:
        ((_, values),) = output.contents.ListFields()
        values = [v.decode() if isinstance(v, bytes) else v for v in values]
        found[output.name] = np.array(values).reshape(list(output.shape))
    check(module, products, found)
