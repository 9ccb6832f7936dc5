import hashlib
import socket
import time

import pytest
import tensorflow as tf
from image_models import save_module

from huse_tf.encoders import hub
from huse_tf.errors import InputError


@pytest.fixture
def folder(tmp_path):
    return save_module(tmp_path / "module")


def test_folder_is_loaded_once(folder):
    loaded = hub.load(folder)
    assert hub.load(folder) is loaded
    # mean colour 1, by the unit matrix, by three quarters
    assert loaded(tf.ones([1, 24, 24, 3])).numpy().tolist() == [[0.75] * 5]


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no such folder.*https://"):
        hub.load(str(tmp_path / "none"))


def test_folder_without_a_model(tmp_path):
    with pytest.raises(InputError, match="has no saved_model.pb"):
        hub.resolve(str(tmp_path))


def test_damaged_model(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"<html>not found</html>")
    with pytest.raises(InputError, match="cannot be loaded as a SavedModel"):
        hub.load(str(tmp_path))


def test_other_schemes():
    with pytest.raises(InputError, match="expected an http"):
        hub.resolve("gs://bucket/model")


def test_cached_url_needs_no_network(tmp_path, monkeypatch):
    """tensorflow_hub's cache: a folder named by the SHA-1 of the URL."""
    url = "https://hub.invalid/module/1"
    name = hashlib.sha1(url.encode()).hexdigest()
    save_module(tmp_path / name)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    assert hub.resolve(url) == str(tmp_path / name)


def test_unreachable_url_says_how_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/module/1"
        with pytest.raises(InputError) as error:
            hub.load(url)
    message = str(error.value)
    assert "\n" not in message
    for part in (url, "local folder", "another encoder", "TFHUB_CACHE_DIR"):
        assert part in message
    assert str(tmp_path) in message


def test_silent_server_is_given_up_within_seconds(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(hub, "_CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/module/1"
        started = time.monotonic()
        with pytest.raises(InputError, match="cannot be downloaded"):
            hub.resolve(url)
    assert time.monotonic() - started < 5


def test_digest_follows_the_weights(tmp_path, folder):
    before = hub.digest(folder)
    assert hub.digest(folder) == before
    data = tmp_path / "module/variables/variables.data-00000-of-00001"
    changed = bytearray(data.read_bytes())
    changed[0] ^= 1
    data.write_bytes(changed)
    assert hub.digest(folder) != before


@pytest.mark.parametrize("error", [FileNotFoundError, RuntimeError])
def test_missing_op_brings_in_tensorflow_text(monkeypatch, error):
    """The first attempt meets an unknown op, the second finds it registered."""
    registered = []
    monkeypatch.setattr(hub.text_ops, "register", registered.append)

    def read():
        if not registered:
            raise error("Op type not registered 'CaseFoldUTF8' in binary")
        return "model"

    assert hub.with_text_ops(read, "path") == "model"
    assert registered == ["path"]


def test_op_that_stays_unknown(monkeypatch):
    monkeypatch.setattr(hub.text_ops, "register", lambda needed_by: None)

    def read():
        raise FileNotFoundError("Op type not registered 'Exotic' in binary")

    with pytest.raises(InputError, match="'Exotic'"):
        hub.with_text_ops(read, "path")


def test_real_model_that_needs_text_ops(real_data):
    pytest.importorskip("tensorflow_text")
    model = hub.load(str(real_data / "encoders/minilm_sentence_encoder"))
    assert model(tf.constant(["a red dress"])).shape == (1, 384)
