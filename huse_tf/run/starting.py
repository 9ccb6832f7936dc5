"""A new run whose towers start from those that another run trained."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from huse_tf.catalog import Catalog
from huse_tf.config import Config
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.errors import InputError
from huse_tf.model import HuseModel
from huse_tf.run import changes
from huse_tf.run.differences import fact_differences
from huse_tf.run.folder import RunFolder
from huse_tf.run.restore import TrainedRun, restore_run, weights_digest
from huse_tf.run.rows import read_rows, rows_of, trained_on
from huse_tf.towers import SharedClassifier

_TOWERS = ("image_layers", "text_layers", "units", "embedding_dim")
_SHOWN = 3  # classes named


def open_start(
    run: RunFolder, start_from: Path | None, config: Config
) -> TrainedRun | None:
    """Opens the run that a run starts from, where it still has to.

    Args:
        run: claimed.
        start_from: the other run's folder, as the user says; None where they do not,
            which is all right once the run has begun.
        config: of the run.

    Returns:
        The other run with its best weights by validation; None where the run starts
        from none, or has a checkpoint of its own.

    Raises:
        InputError: the run began otherwise; or the other one is not there, has changed
            since, or its towers do not fit this config.
    """
    record = run.read_start()
    if start_from is not None:
        _check_record(run, start_from, record)
    if record is not None:
        start_from = Path(record["run"])
    if start_from is None or any(run.checkpoints_folder.glob("step-*")):
        return None
    _check_config(start_from, RunFolder(start_from), config)
    # what its config names beside huse_tf, this run's own config names too
    start = restore_run(start_from, allow_code=True)
    if record is not None and record["weights"] != weights_digest(start.model):
        raise InputError(
            f"`run_dir` {run.path}: {start_from}, which it starts from, was trained "
            "on since; begin again in another `run_dir`"
        )
    return start


def take_over(
    start: TrainedRun, catalog: Catalog, model: HuseModel
) -> dict[str, object]:
    """Puts the trained towers into a new model.

    Encoders that train in both runs are taken over too, and of the classifier what
    belongs to classes of both; the other classes begin as in any new run.

    Args:
        start: the run that it starts from.
        catalog: the new run's.
        model: the new run's, untrained; assigned in place.

    Returns:
        JSON values for the new run's folder: where they are from, "run" and
        "weights", and "classes_kept", "classes_new" and "classes_gone".
    """
    for name in ("image_tower", "text_tower"):
        _copy(start.model.network.get_layer(name), model.network.get_layer(name))
    for name in ("image_encoder", "text_encoder"):
        ours, theirs = getattr(model, name), getattr(start.model, name)
        if ours is not None and theirs is not None:
            _copy(theirs, ours)
    _copy_variables(start.model.objective.variables, model.objective.variables)
    kept = _copy_classifiers(start, model, catalog.class_names)
    new = [name for name in catalog.class_names if name not in kept]
    gone = sorted(set(start.class_names) - set(kept))
    print(
        f"starts from {start.run.path}: its towers, and its classifier for "
        f"{len(kept):,} classes; {_listed('new', new)}; {_listed('gone', gone)}"
    )
    print(_seen(start, catalog))
    return {
        "run": str(start.run.path.resolve()),
        "weights": weights_digest(start.model),
        "classes_kept": kept,
        "classes_new": new,
        "classes_gone": gone,
    }


def check_encoders(start: TrainedRun, image: ImageEncoder, text: TextEncoder) -> None:
    """Raises InputError where the towers were trained on other encoders' features.

    Args:
        start: the run to start from.
        image: the new run's.
        text: the new run's, adapted or restored.
    """
    theirs = changes.encoder_facts(start.image_encoder, start.text_encoder)
    ours = changes.encoder_facts(image, text)
    differences = fact_differences(_plain(theirs), _plain(ours))
    if differences:
        raise InputError(
            f"`start_from` {start.run.path}: its towers were trained on other "
            f"encoders' features ({'; '.join(differences)}): take its encoders, or "
            "train from the beginning"
        )


def _check_record(run: RunFolder, start_from: Path, record: dict | None) -> None:
    began = None if record is None else record["run"]
    if began == str(start_from.resolve()):
        return
    if record is not None or run.config_file.exists():
        raise InputError(
            f"`run_dir` {run.path} holds a run that started from "
            f"{began or 'no other run'}, not from `start_from` {start_from}; name "
            "another `run_dir`"
        )


def _check_config(path: Path, other: RunFolder, config: Config) -> None:
    """Compares what decides whether one run's towers fit into another's."""
    if not other.config_file.exists():
        raise InputError(
            f"`start_from` {path}: no config.ini there, so this is not the folder of a "
            "trained run; name the run to start from"
        )
    then = other.load_config()
    foreign = set(then.own_parts()) - set(config.own_parts())
    if foreign:
        raise InputError(
            f"`start_from` {path}: its config.ini names code that this run's does not "
            f"({', '.join(sorted(foreign))}); start from it with the same parts"
        )
    keys = [f"towers.{name}" for name in _TOWERS]
    # a frozen encoder is not the one that was fine-tuned
    for section in ("image_encoder", "text_encoder"):
        if then.value(f"{section}.fine_tune") != "none":
            keys.append(f"{section}.fine_tune")
    differences = [
        line for line in then.differences(config) if line.partition(":")[0] in keys
    ]
    if differences:
        raise InputError(
            f"`start_from` {path} has towers that do not fit "
            f"({'; '.join(differences)}); set these as it has them"
        )


def _copy(source, target) -> None:
    """Copies a layer's weights; states of dropout stay the new run's own."""
    target.set_weights(source.get_weights())


def _copy_variables(source: Sequence, target: Sequence) -> None:
    """Copies an objective's variables where the other has the same ones."""
    named = {variable.name: variable for variable in source}
    for variable in target:
        found = named.get(variable.name)
        if found is not None and found.shape == variable.shape:
            variable.assign(found)


def _copy_classifiers(
    start: TrainedRun, model: HuseModel, class_names: Sequence[str]
) -> list[str]:
    """Copies the columns of classes that both runs have; returns these classes."""
    place = {name: i for i, name in enumerate(start.class_names)}
    ours = [i for i, name in enumerate(class_names) if name in place]
    theirs = [place[class_names[i]] for i in ours]
    old = {layer.name: layer for layer in _classifiers(start.model)}
    for layer in _classifiers(model):
        # one run may have a classifier a modality and the other a shared one
        source = old.get(layer.name, old["classifier"])
        for name in ("kernel", "bias"):
            values = getattr(layer, name).numpy().copy()
            values[..., ours] = getattr(source, name).numpy()[..., theirs]
            getattr(layer, name).assign(values)
        if layer.logit_scale == source.logit_scale == "learned":
            layer.log_scale.assign(source.log_scale)
    return [class_names[i] for i in ours]


def _classifiers(model: HuseModel) -> list[SharedClassifier]:
    return [x for x in model.network.layers if isinstance(x, SharedClassifier)]


def _seen(start: TrainedRun, catalog: Catalog) -> str:
    """Says how many rows are held out here and were trained on there."""
    then = read_rows(start.run.rows_file)
    held_out = catalog.split != "train"
    if then is None:
        return (
            f"{start.run.path} is of a version that did not keep its rows: rows that "
            "are held out here may have been trained on there"
        )
    seen = int(np.count_nonzero(trained_on(then, rows_of(catalog)) & held_out))
    if not seen:
        return (
            f"none of the {held_out.sum():,} validation and test rows was trained on "
            "there"
        )
    return (
        f"{seen:,} of the {held_out.sum():,} validation and test rows were trained on "
        "there, so what is measured on them flatters: give both runs the same split "
        "column, or the same data.split_by = hash, split_seed and fractions"
    )


def _listed(what: str, names: Sequence[str]) -> str:
    if not names:
        return f"none {what}"
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{len(names):,} {what}: {', '.join(names[:_SHOWN])}{more}"


def _plain(facts: dict[str, object]) -> dict[str, object]:
    """As JSON has it: tuples are lists."""
    return json.loads(json.dumps(facts))
