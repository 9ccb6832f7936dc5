"""Feeds inputs to the readers of catalogues, pictures and runs; see fuzz.py.

`python fuzz_worker.py csv|image|run`: on standard input comes, for each input, its
length as 4 bytes, big end first, and the input; on standard output goes a line of JSON
for each: {"outcome": accepted | refused | failed, "detail": text, "megabytes": peak}.
"""

import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from peak import peak_megabytes

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

ACCEPTED, REFUSED, FAILED = "accepted", "refused", "failed"
SIDE = 16
# What a run holds from its end on, beside what tests/run/earlier_run holds.
ENDED = {
    "evaluation.json": b'{"loss": 4.5, "meta": {"fusion_weight": 0.5}}',
    "ended.json": b'{"step": 6, "exported": false}',
}


def csv_target(folder: Path) -> Callable[[bytes], str]:
    """Reads a catalogue; every row must be kept or named, once."""
    from huse_tf.catalog import read_catalog
    from huse_tf.config import DataConfig
    from huse_tf.errors import InputError

    (folder / "images").mkdir()
    for name in "abcd":
        (folder / f"images/{name}.jpg").write_bytes(b"picture")
    path = folder / "catalog.csv"
    data = DataConfig(csv=path, images=folder / "images", min_class_size=1)

    def target(contents: bytes) -> str:
        path.write_bytes(contents)
        try:
            catalog = read_catalog(data)
        except InputError as error:
            if "\n" in str(error):
                raise ValueError(f"more than one line: {error}") from error
            return REFUSED
        pictures = [*zip(catalog.rows.tolist(), catalog.images, strict=True)]
        pictures += [(row.row, row.image) for row in catalog.rejected]
        if len(set(pictures)) < len(pictures):
            raise ValueError("a picture of a row came twice")
        outside = [name for name in catalog.images if Path(name).parent.parts]
        if outside:
            raise ValueError(f"outside of the images folder: {outside}")
        catalog.write_rejected(folder / "rejected.csv")
        catalog.summary().encode(errors="backslashreplace")
        return ACCEPTED

    return target


def image_target(folder: Path) -> Callable[[bytes], str]:
    """Decodes between two good pictures, which must not change."""
    import numpy as np
    import tensorflow as tf

    from huse_tf.encoders.images.decode import decode_batch
    from huse_tf.encoders.images.unreadable import why_undecodable

    draw = np.random.default_rng(0).integers(0, 256, [20, 30, 3], np.uint8)
    good = tf.io.encode_png(draw).numpy()
    expected, _ = decode_batch(tf.constant([good]), SIDE)

    def target(contents: bytes) -> str:
        pixels, valid = decode_batch(tf.constant([good, contents, good]), SIDE)
        pixels, valid = pixels.numpy(), valid.numpy()
        if not valid[0] or not valid[2]:
            raise ValueError("it failed its neighbours")
        if not (pixels[[0, 2]] == expected.numpy()).all():
            raise ValueError("it changed its neighbours")
        if valid[1]:
            return ACCEPTED
        if not (pixels[1] == 255).all():
            raise ValueError("invalid, but not white")
        why_undecodable(contents)
        return REFUSED

    return target


def run_target(folder: Path) -> Callable[[bytes], str]:
    """Puts a file in the place of a run folder's, and reads all that a run holds."""
    from huse_tf.errors import InputError
    from huse_tf.reports.curves import points
    from huse_tf.run import changes
    from huse_tf.run.checkpoints import Checkpoints
    from huse_tf.run.folder import RunFolder

    source = Path(__file__).parents[1] / "tests" / "run" / "earlier_run"
    run = RunFolder(shutil.copytree(source, folder / "run"))
    for name, content in ENDED.items():
        (run.path / name).write_bytes(content)
    whole = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    encoders = run.read_encoder_facts()
    variables = variables_of(max(run.checkpoints_folder.glob("step-*")))

    def checkpoint() -> None:
        Checkpoints(run.checkpoints_folder, 2).restore(variables)

    readers = (
        run.read_config,
        run.read_classes,
        run.read_catalog_facts,
        run.read_encoder_facts,
        run.read_graph,
        run.read_text_state,
        run.read_evaluation,
        lambda: changes.check_served(run, encoders),
        lambda: points(run.read_log(), "train", "loss"),
        lambda: run.forget_after(6),
        lambda: run.is_ended(6, False),
        checkpoint,
    )

    def target(contents: bytes) -> str:
        name, _, content = contents.partition(b"\0")
        path = run.path / name.decode()
        path.write_bytes(content)
        outcome = ACCEPTED
        try:
            for read in readers:
                try:
                    read()
                except InputError as error:
                    outcome = REFUSED
                    if "\n" in str(error):
                        raise ValueError(f"more than one line: {error}") from error
        finally:
            for original, written in whole.items():
                if not original.exists() or original.read_bytes() != written:
                    original.write_bytes(written)
        return outcome

    return target


def variables_of(checkpoint: Path) -> dict[str, list]:
    """Returns variables that a checkpoint fits."""
    import tensorflow as tf

    shapes = json.loads((checkpoint / "state.json").read_text())["shapes"]
    reader = tf.train.load_checkpoint(str(checkpoint / "variables"))
    kinds = reader.get_variable_to_dtype_map()

    def variable(name: str, shape: list[int]) -> tf.Variable:
        kind = kinds[f"{name}/.ATTRIBUTES/VARIABLE_VALUE"]
        return tf.Variable(tf.zeros(shape, kind))

    return {
        name: [variable(f"{name}/{i}", shape) for i, shape in enumerate(held)]
        for name, held in shapes.items()
    }


def main() -> None:
    """Answers each input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    make = {"csv": csv_target, "image": image_target, "run": run_target}[sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder:
        target = make(Path(folder))
        while length := sys.stdin.buffer.read(4):
            contents = sys.stdin.buffer.read(int.from_bytes(length, "big"))
            try:
                outcome, detail = target(contents), ""
            except Exception:  # any is a finding
                outcome, detail = FAILED, traceback.format_exc()
            line = {"outcome": outcome, "detail": detail}
            line["megabytes"] = peak_megabytes()
            print(json.dumps(line), file=answers, flush=True)


if __name__ == "__main__":
    main()
