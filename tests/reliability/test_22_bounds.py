"""Promise 22: what one request may cost is bounded."""

import io
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from export_fakes import DIM, make_module, pictures, tfidf
from PIL import Image

from huse_tf.encoders.images import decode, headers
from huse_tf.encoders.texts import limit
from huse_tf.encoders.texts.embedded_text import EmbeddedTextEncoder

ROOT = Path(__file__).parents[2]
MEGABYTES = 400  # that four pictures over the limit and a long text may add


@pytest.mark.parametrize(
    "text",
    [
        "",
        "red dress",
        "a" * (limit.LONGEST_TEXT - 1) + "bcd",
        "é" * (limit.LONGEST_TEXT + 5),
        "🧥" * (limit.LONGEST_TEXT + 5),
    ],
)
def test_a_text_is_cut_by_characters(text):
    (found,) = limit.cut(tf.constant([text])).numpy()
    assert found.decode() == text[: limit.LONGEST_TEXT]


def test_what_is_no_text_is_cut_by_bytes():
    (found,) = limit.cut(tf.constant([b"\x80" * 10**6])).numpy()
    assert len(found) <= 4 * limit.LONGEST_TEXT


@pytest.mark.parametrize("encoder", [tfidf, EmbeddedTextEncoder])
def test_an_encoder_reads_the_beginning_of_a_text_alone(encoder):
    encoder = encoder()
    begin = "red boots " * (limit.LONGEST_TEXT // 10)
    assert len(begin) == limit.LONGEST_TEXT
    texts = tf.constant([begin, begin + "a blue mug " * 1000])
    one, other = encoder(encoder.prepare(texts)).numpy()
    assert one.any()
    np.testing.assert_array_equal(one, other)


def test_the_number_of_pixels_is_the_tracers():
    """1,000 are asked of it: 31 x 32 = 992 pixels pass, 32 x 32 = 1,024 do not."""
    files = []
    for kind in ("png", "jpeg", "bmp"):
        for height in (31, 32):
            pixels = tf.zeros([height, 32, 3], tf.uint8)
            if kind == "bmp":
                from PIL import Image

                buffer = io.BytesIO()
                Image.fromarray(pixels.numpy()).save(buffer, "BMP")
                files.append(buffer.getvalue())
            else:
                files.append(getattr(tf.io, f"encode_{kind}")(pixels).numpy())
    with headers.at_most(1000):
        _, valid = decode.decode_batch(tf.constant(files), 16)
    assert valid.numpy().tolist() == [True, False] * 3
    assert headers.most_pixels() == headers.MAX_PIXELS
    _, valid = decode.decode_batch(tf.constant(files), 16)
    assert valid.numpy().all()


ASK = """
import json, pathlib, sys
import tensorflow as tf

def peak():
    status = pathlib.Path("/proc/self/status").read_text().splitlines()
    return int(next(s for s in status if s.startswith("VmHWM")).split()[1]) // 1024

folder = pathlib.Path(sys.argv[1])
signatures = tf.saved_model.load(str(folder / "1")).signatures
good = (folder / "good").read_bytes()
ask = lambda images, texts: {
    name: value.numpy().tolist() for name, value in
    signatures["serving_default"](
        image_bytes=tf.constant(images), text=tf.constant(texts)).items()
    if value.dtype != tf.string
}
calm = ask([good], ["red boots"])
before = peak()
large = (folder / "large.png").read_bytes()
answers = ask([large] * 4 + [good], [""] * 4 + ["red boots"])
answers |= {"long": ask([good], ["red boots " * 1_000_000])["embedding"]}
print(json.dumps({"calm": calm, "answers": answers, "added": peak() - before}))
"""


def test_an_export_answers_four_huge_pictures_and_a_huge_text(tmp_path):
    """Four PNGs of 36 megapixels, 35 kB each, and a text of 10 MB, in another process.

    The good row beside them is answered as it is alone.
    """
    module, _ = make_module()
    tf.saved_model.save(module, str(tmp_path / "1"), signatures=module.functions)
    side = 6000
    assert side**2 > headers.ASKED_PIXELS
    Image.new("L", (side, side)).save(tmp_path / "large.png", compress_level=9)
    (tmp_path / "good").write_bytes(pictures()[0])
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    answers, calm = found["answers"], found["calm"]
    embeddings = np.array(answers["embedding"])
    np.testing.assert_allclose(embeddings[4], calm["embedding"][0], atol=1e-6)
    assert answers["valid"] == [False] * 4 + [True]
    assert not embeddings[:4].any()
    long = np.array(answers["long"])
    assert long.shape == (1, DIM) and np.linalg.norm(long) == pytest.approx(1)
    assert found["added"] < MEGABYTES, found["added"]


def test_slow_uploads_keep_nobody_waiting():
    """150 clients send a byte of a photo and no more; a page is there in 5 seconds."""
    pytest.importorskip("waitress")
    from huse_tf.page.server import HOST, listen

    def app(environ, start):
        environ["wsgi.input"].read()
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"here"]

    server = listen(app, 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    address = HOST, int(server.effective_port)
    slow = []
    try:
        for _ in range(150):
            client = socket.create_connection(address)
            client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nx")
            slow.append(client)
        begun = time.monotonic()
        with socket.create_connection(address, timeout=20) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while part := client.recv(1000):
                answer += part
        assert answer.endswith(b"here")
        assert time.monotonic() - begun < 5
    finally:
        for client in slow:
            client.close()
        server.close()
        thread.join(10)
