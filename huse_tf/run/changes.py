"""What a run was started on, and what of it is another now."""

import json
from collections.abc import Mapping

import numpy as np

from huse_tf.catalog import AUTO, SPLITS, Catalog
from huse_tf.config import Config, keys_of
from huse_tf.encoders.base import ImageEncoder, TextEncoder, identity_of
from huse_tf.errors import InputError
from huse_tf.replacing import replaced
from huse_tf.run.differences import (
    class_differences,
    fact_differences,
    graph_differences,
)
from huse_tf.run.folder import RunFolder
from huse_tf.run.rows import Growth, compare, read_rows, rows_of, write_rows
from huse_tf.run.written import read_back
from huse_tf.semantic_graph import write_graph

# Keys that do not change what is learned up to a step: a run may go on with others.
MAY_CHANGE = (
    "training.epochs",
    "training.distribute",
    "training.steps_per_call",
    "training.checkpoint_minutes",
    "training.keep_checkpoints",
    "training.early_stopping_epochs",
    "features.",
    "evaluation.",
    "export.",
    "data.max_bad_rows",
    "text_encoder.max_unreadable",
    "class_encoder.max_unreadable",
    "image_encoder.allowed_ops",
    "text_encoder.allowed_ops",
    "class_encoder.allowed_ops",
)
# The catalogue of another name is judged by its rows: see check_catalog.
BY_ROWS = ("data.csv:",)
# Keys that decide which variables there are: no checkpoint fits another value.
ARCHITECTURE = (
    "towers.image_layers",
    "towers.text_layers",
    "towers.units",
    "towers.embedding_dim",
    "training.precision",
    "optimizer.name",
    "image_encoder.fine_tune",
    "text_encoder.fine_tune",
)


def check_config(run: RunFolder, config: Config) -> None:
    """Compares with the run that the folder holds, if any.

    A key that its config.ini lacks is newer than the run, which did what all runs did
    before: see `earlier` in config.declaring.

    Raises:
        InputError: the run was made by another config; the differences are listed.
    """
    if not run.config_file.exists():
        if any(run.checkpoints_folder.glob("step-*")):
            raise InputError(
                f"`run_dir` {run.path} holds checkpoints but no config.ini, so "
                "nobody knows what they are of; name another `run_dir`"
            )
        return
    then = run.load_config()
    if config.data.class_separator == AUTO:  # check_catalog compares what it is
        config = config.settled(then.data.class_separator)
    differences = [
        line
        for line in then.differences(config)
        if not line.startswith((*MAY_CHANGE, *BY_ROWS))
    ]
    fixed = [line for line in differences if line.startswith(ARCHITECTURE)]
    differing = {line.partition(":")[0] for line in differences}
    newer = differing - set(keys_of(run.config_file))
    as_before = [f"`set` {then.to_lines()[key]}" for key in sorted(newer)]
    if differing - newer:
        as_before.insert(0, f"`config` {run.config_file}")
    _judge(
        run,
        "holds a run of another config",
        fixed,
        differences,
        f"go on with {' and '.join(as_before)}",
    )


def check_catalog(run: RunFolder, catalog: Catalog, grows: bool = True) -> None:
    """Compares the catalogue with the one that the run was started on.

    Args:
        run: the folder.
        catalog: of today.
        grows: whether rows of known classes may have come and gone, as long as no
            other row has another text, class or split; this is printed.

    Raises:
        InputError: rows or classes differ; the differences are listed. Or nobody
            knows: a file that says it is missing or damaged.
    """
    if not run.config_file.exists():
        return
    try:
        then, classes = run.read_catalog_facts(), run.read_classes()
    except InputError as error:
        _judge_unknown(run, error)
        return
    now = catalog_facts(catalog)
    separator = run.load_config().data.class_separator
    then |= {"data.class_separator": separator}
    now |= {"data.class_separator": catalog.separator}
    if then == now:
        return
    others = class_differences(classes, catalog.class_names)
    growth = growth_of(run, catalog)
    listed = growth.lines(catalog) if growth else []
    same = not others and separator == catalog.separator
    if grows and same and growth and growth.is_growth:
        told = ", ".join(listed) or "the rows stand in another order"
        print(
            f"{catalog.csv.name} since this run was last started: {told}; no other row "
            "changed, and none its split"
        )
        return
    remedy = "put the catalogue back"
    if any(line.startswith("new ") for line in others):
        remedy += f", or begin a new run with `start_from` {run.path}"
    _judge(
        run,
        "was started on another catalogue",
        others,
        [*listed, *fact_differences(then, now)],
        remedy,
    )


def growth_of(run: RunFolder, catalog: Catalog) -> Growth | None:
    """Compares row by row; None where an earlier version did not keep the rows."""
    then = read_rows(run.rows_file)
    return None if then is None else compare(then, rows_of(catalog))


def check_encoders(
    run: RunFolder, encoders: Mapping[str, object], graph: np.ndarray
) -> None:
    """Compares encoders and class distances with those that the run started with.

    Args:
        run: the folder.
        encoders: JSON values, what identifies each, its content included.
        graph: float32 [K, K]; the classes are those of the run.

    Raises:
        InputError: they differ; the differences are listed. Or nobody knows: a file
            that says it is missing or damaged.
    """
    if not run.config_file.exists():
        return
    try:
        differences = _encoder_differences(run, encoders)
        distances = run.read_graph()
    except InputError as error:
        _judge_unknown(run, error)
        return
    fixed = [line for line in differences if " dim: " in line]
    _judge(
        run,
        "was started with another encoder",
        fixed,
        differences + graph_differences(distances, graph),
        "put the encoder back",
    )


def check_served(run: RunFolder, encoders: Mapping[str, object]) -> None:
    """Compares encoders with those that the run's weights were trained with.

    Args:
        run: the folder.
        encoders: as in `check_encoders`.

    Raises:
        InputError: they differ; the differences are listed. Or encoders.json is
            damaged; where it is missing, a line says that nothing was compared.
    """
    if not run.encoders_file.exists():  # nor was it there in early versions
        print(
            f"{run.encoders_file} is missing: nobody knows whether the weights were "
            "trained with these encoders"
        )
        return
    differences = _encoder_differences(run, encoders)
    if differences:
        raise InputError(
            f"`run_dir` {run.path} was trained with another encoder "
            f"({'; '.join(differences)}), whose features its weights need; put the "
            "encoder back (an embedded one comes with its version of huse_tf), or "
            "train anew in another `run_dir`; a model that it exported holds its "
            "encoders and answers as before"
        )


def _encoder_differences(run: RunFolder, encoders: Mapping[str, object]) -> list[str]:
    then = run.read_encoder_facts()
    return fact_differences(then, json.loads(json.dumps(encoders)))


def _judge(
    run: RunFolder, what: str, fixed: list[str], differences: list[str], remedy: str
) -> None:
    """Raises where the run may not go on; `fixed` are never acceptable."""
    differences = list(dict.fromkeys([*fixed, *differences]))
    if not differences:
        return
    listed = "; ".join(differences)
    if fixed:
        raise InputError(
            f"`run_dir` {run.path} {what} ({listed}); its weights do not fit, "
            "which `accept_changes` cannot bridge: name another `run_dir`, or " + remedy
        )
    if not run.accept_changes:
        raise InputError(
            f"`run_dir` {run.path} {what} ({listed}); name another `run_dir`, "
            f"{remedy}, or train on with the change by `accept_changes`"
        )
    print(f"accepted: {listed}")


def _judge_unknown(run: RunFolder, error: InputError) -> None:
    """Raises where the run may not go on though there is nothing to compare with."""
    if not run.accept_changes:
        raise error
    print(f"accepted: {str(error).partition(';')[0]}")


def describe(
    run: RunFolder,
    config: Config,
    catalog: Catalog,
    graph: np.ndarray,
    text_state: dict[str, np.ndarray],
    encoders: Mapping[str, object],
) -> None:
    """Writes what the run is about; the config last, for it marks a run.

    Raises:
        InputError: the folder cannot be written or the disk is full.
    """
    names = "".join(f"{name}\n" for name in catalog.class_names)
    facts = catalog_facts(catalog)
    with run.writing(run.path):
        catalog.write_rejected(run.rejected_file)
        with replaced(run.classes_file) as path:
            path.write_text(names, encoding="utf-8")
        with replaced(run.graph_file) as path:
            write_graph(path, graph, catalog.class_names)
        with replaced(run.text_encoder_file) as path, open(path, "wb") as file:
            np.savez(file, **text_state)
        write_rows(run.rows_file, rows_of(catalog))
        for target, content in (
            (run.catalog_file, facts),
            (run.encoders_file, encoders),
        ):
            with replaced(target) as path:
                path.write_text(json.dumps(content, indent=1) + "\n")
        read_back(run, catalog.class_names, graph)
        config.save(run.config_file)


def catalog_facts(catalog: Catalog) -> dict[str, object]:
    """Returns the catalogue's content as a digest, and its counts."""
    return {
        "fingerprint": catalog.fingerprint,
        "rows": len(catalog),
        "classes": len(catalog.class_names),
        **{split: len(catalog.indices(split)) for split in SPLITS},
    }


def encoder_facts(image: ImageEncoder, text: TextEncoder) -> dict[str, object]:
    """Returns what identifies the encoders, their content included."""
    return {
        f"{kind}_encoder": {**identity_of(encoder), "dim": encoder.dim}
        for kind, encoder in (("image", image), ("text", text))
    }
