"""Promise 14: no file that a user hands over runs code."""

import ast
import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from catalog_files import GOOD, HEADER, fill, read_rows

from huse_tf.config import load_config
from huse_tf.encoders.images import backbones
from huse_tf.errors import InputError
from huse_tf.features import files
from huse_tf.run.folder import RunFolder

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for place in ("huse_tf", "data", "tools", "benchmarks")
    for path in sorted((ROOT / place).rglob("*.py"))
] + sorted(ROOT.glob("*.py"))
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
MODULES |= {"yaml", "code", "runpy", "imp", "pty"}
IMPORT = "import_module of a name that is not written out"
EXPECTED = [  # file, what, why it runs nothing that a data file says
    ("huse_tf/__init__.py", IMPORT, "the package's own table"),
    ("huse_tf/__main__.py", IMPORT, "the package's own table"),
    ("huse_tf/objectives/__init__.py", IMPORT, "the package's own table"),
    ("huse_tf/registry.py", IMPORT, "the package's own table"),
    ("huse_tf/registry.py", IMPORT, "a config's, see tests/run/test_allowed_code.py"),
    (
        "tools/build_embedded_image.py",
        "pickle",
        "makes arrays only, see tests/encoders/images/test_embedded_image.py",
    ),
]
CALLS = {"eval", "exec", "compile", "__import__", "read_pickle", "load_library"}
CALLS |= {"load_op_library", "enable_unsafe_deserialization"}


def unsafe(tree):
    """Yields (line, what) of imports and calls that could run what a file says."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
            yield from ((node.lineno, name) for name in names if name in MODULES)
        if isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in MODULES:
                yield node.lineno, node.module
        if isinstance(node, ast.Call):
            yield from ((node.lineno, what) for what in unsafe_call(node))


def unsafe_call(call):
    function = call.func
    name = getattr(function, "attr", getattr(function, "id", ""))
    owner = getattr(getattr(function, "value", None), "id", "")
    given = {word.arg: getattr(word.value, "value", "?") for word in call.keywords}
    if name in CALLS and (name != "compile" or not isinstance(function, ast.Attribute)):
        yield name
    if owner == "os" and name in ("system", "popen"):
        yield name
    if name == "import_module" and not isinstance(call.args[0], ast.Constant):
        yield IMPORT
    if name == "load_model" and given.get("safe_mode") is not True:
        yield "load_model without safe_mode=True"
    if given.get("safe_mode", True) is not True or given.get("shell") is not None:
        yield "safe_mode or shell"
    if given.get("allow_pickle", False) is not False:  # NumPy's default is False
        yield "allow_pickle"


def test_nothing_in_the_sources_could_run_a_file():
    assert len(SOURCES) > 50
    found = [
        (path.relative_to(ROOT).as_posix(), line, what)
        for path in SOURCES
        for line, what in unsafe(ast.parse(path.read_text(encoding="utf-8")))
    ]
    expected = [(path, what) for path, what, _ in EXPECTED]
    assert [(path, what) for path, _, what in found] == expected, found


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from yaml import load",
        "eval(text)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=trusted)",
        "importlib.import_module(name)",
        "keras.saving.load_model(path)",
        "keras.saving.load_model(path, safe_mode=False)",
        "keras.config.enable_unsafe_deserialization()",
        "subprocess.run(command, shell=True)",
        "os.system(command)",
        "tf.load_op_library(path)",
    ],
)
def test_the_search_finds(line):
    assert list(unsafe(ast.parse(line)))


@pytest.fixture
def trace(tmp_path):
    """A file that malicious content would make."""
    trace = tmp_path / "it ran"
    yield trace
    assert not trace.exists()


def keras_file(path):
    pixels = keras.Input([16, 16, 3])
    mean = keras.layers.GlobalAveragePooling2D()(pixels)
    keras.Model(pixels, mean).save(path)
    return path


def with_config(path, change):
    """Writes a .keras file anew with another config.json."""
    with zipfile.ZipFile(path) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    config = json.loads(contents["config.json"])
    change(config["config"]["layers"][1])
    contents["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, data in contents.items():
            file.writestr(name, data)


def imports(module, name, **config):
    """Puts any Python object in place of a layer."""

    def change(layer):
        layer.update(module=module, class_name=name, registered_name=None)
        layer["config"] = config

    return change


@pytest.mark.parametrize("attack", ["Lambda", "builtins", "os", "SavedModel"])
def test_a_keras_file_with_code_is_refused(attack, tmp_path, trace):
    path = tmp_path / "model.keras"
    if attack == "Lambda":
        pixels = keras.Input([16, 16, 3])
        # Saved as marshalled byte code, which only unsafe loading would run.
        marker = str(trace)
        layer = keras.layers.Lambda(lambda x: (open(marker, "w").close(), x)[1])
        mean = keras.layers.GlobalAveragePooling2D()(layer(pixels))
        keras.Model(pixels, mean).save(path)
        trace.unlink()
    else:
        change = {
            "builtins": imports("builtins", "exec", source=f"open({str(trace)!r},'w')"),
            "os": imports("os", "system", command=f"touch '{trace}'"),
            "SavedModel": imports("keras.layers", "TFSMLayer", filepath=str(tmp_path)),
        }[attack]
        with_config(keras_file(path), change)
    with pytest.raises(InputError, match="cannot be loaded") as error:
        backbones.keras_file(str(path), 16, "0..255")
    assert "\n" not in str(error.value)


def test_the_same_file_without_code_is_read(tmp_path):
    path = keras_file(tmp_path / "model.keras")
    assert backbones.keras_file(str(path), 16, "0..255").dim == 3


class Runs:
    """Unpickling makes the file."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return open, (str(self.trace), "w")


def with_objects(path, names, trace):
    objects = np.array([Runs(trace)], object)
    np.savez(path, **dict.fromkeys(names, objects))
    return path


def test_pickled_arrays_are_refused(tmp_path, trace):
    """In feature files, weights of the package's network and a run's text encoder."""
    path = with_objects(tmp_path / "x.npz", ["keys"], trace)
    assert files.read_arrays(path, ("keys",)) is None  # a damaged file, encoded again
    with pytest.raises(InputError, match=r"x.npz: cannot be read") as error:
        backbones.embedded(str(path), 32)
    assert "\n" not in str(error.value)
    run = RunFolder(tmp_path)
    with_objects(run.text_encoder_file, ["terms"], trace)
    with pytest.raises(InputError, match="cannot be read") as error:
        run.read_text_state()
    assert "\n" not in str(error.value)


CODE = [
    "__import__('os').system('touch ran')",
    "${HOME} $(touch ran) `touch ran`",
    "%(csv)s {data.csv} {{7*7}}",
    "=cmd|'/c calc'!A1",
    "!!python/object/apply:os.system [touch ran]",
    "<script>alert(1)</script>",
    "'; DROP TABLE products; --",
]


def test_a_catalogue_is_text(tmp_path):
    rows = [f'0.jpg,"{text}","{text.replace("<", "")} cup"' for text in CODE]
    catalog = read_rows(fill(tmp_path), *rows, min_class_size=1)
    assert catalog.rejected == ()
    assert catalog.texts[len(GOOD) :].tolist() == CODE
    assert not (tmp_path / "ran").exists()
    assert HEADER.count(",") == 2


@pytest.mark.parametrize("text", CODE)
def test_a_config_is_text(text, tmp_path):
    """As a path it stays what it is; as a number it is refused, not computed."""
    ini = tmp_path / "config.ini"
    ini.write_text(f"[data]\ncsv = {text}\nimages = .\n")
    assert load_config(ini, []).data.csv.as_posix().endswith(Path(text).as_posix())
    for line in (f"epochs = {text}", "epochs = 2 * 3", "seed = True"):
        ini.write_text(f"[data]\ncsv = a\nimages = .\n[training]\n{line}\n")
        with pytest.raises(InputError, match="training") as error:
            load_config(ini, [])
        assert "\n" not in str(error.value)
