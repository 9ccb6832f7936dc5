"""From a run folder back to what was trained."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huse_tf.config import Config
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.encoders.images.factory import make_image_encoder
from huse_tf.encoders.texts.factory import restored_text_encoder
from huse_tf.errors import InputError
from huse_tf.model import HuseModel
from huse_tf.objectives import make_objective
from huse_tf.run import changes
from huse_tf.run.checkpoints import Checkpoints
from huse_tf.run.folder import ANEW, RunFolder
from huse_tf.run.network import build_model
from huse_tf.run.small_files import damaged


@dataclass(frozen=True)
class TrainedRun:
    """A trained run, read back from its folder.

    Attributes:
        run: the folder.
        config: as the run was trained with.
        class_names: [K] in label order.
        image_encoder: from picture files to image features.
        text_encoder: from strings to text features.
        model: with the best weights by validation.
        evaluation: what evaluation.json holds, empty before the end of training.
    """

    run: RunFolder
    config: Config
    class_names: tuple[str, ...]
    image_encoder: ImageEncoder
    text_encoder: TextEncoder
    model: HuseModel
    evaluation: dict

    @property
    def fusion_weight(self) -> float:
        """The image's weight in a fused answer, as chosen at the end of training.

        Before, and where there was nothing to choose it on, the configured one or 0.5.
        """
        configured = self.config.evaluation.fusion_weight
        otherwise = 0.5 if configured == "validation" else configured
        return float(self.evaluation.get("meta", {}).get("fusion_weight", otherwise))


def restore_run(path: str | Path, allow_code: bool = False) -> TrainedRun:
    """Reads a trained run back, without its catalogue.

    Args:
        path: the run's folder.
        allow_code: whether its config may name classes outside of huse_tf, whose code
            is then run.

    Raises:
        InputError: the folder holds no trained run, its checkpoints are damaged, it
            was trained with other encoders, or it names code that was not allowed.
    """
    run = require_run(path)
    config = run.read_config(allow_code)
    class_names = run.read_classes()
    image_encoder = make_image_encoder(config.image_encoder)
    try:
        text_encoder = restored_text_encoder(config.text_encoder, run.read_text_state())
    except KeyError as error:
        problem = f"it lacks the array {error}"
        raise damaged(run.text_encoder_file, problem, ANEW) from error
    changes.check_served(run, changes.encoder_facts(image_encoder, text_encoder))
    objective = make_objective(config, run.read_graph(), class_names)
    model = build_model(
        config, image_encoder, text_encoder, objective, len(class_names)
    )
    if best_weights(run).restore({"model": model_values(model)}) is None:
        raise InputError(
            f"`run_dir` {path}: the run has not been validated yet, so it has no best "
            "weights; let it train to training.validate_epochs"
        )
    return TrainedRun(
        run,
        config,
        class_names,
        image_encoder,
        text_encoder,
        model,
        run.read_evaluation(),
    )


def weights_digest(model: HuseModel) -> str:
    """Names what the model's variables hold: SHA-256, as hexadecimal digits."""
    digest = hashlib.sha256()
    for variable in model_values(model):
        digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
    return digest.hexdigest()


def require_run(path: str | Path) -> RunFolder:
    """Returns the run folder of a run that was trained at least for a while.

    Raises:
        InputError: the folder is missing, or no run was started in it.
    """
    run = RunFolder(path)
    missing = _first_missing(
        [run.config_file, run.classes_file, run.graph_file, run.checkpoints_folder]
    )
    if missing:
        raise InputError(
            f"`run_dir` {path}: {missing.name} is missing, so this is not the folder "
            "of a trained run; train first, or name another folder"
        )
    return run


def _first_missing(paths: Sequence[Path]) -> Path | None:
    return next((path for path in paths if not path.exists()), None)


def best_weights(run: RunFolder) -> Checkpoints:
    """The checkpoint of the best model by validation."""
    return Checkpoints(run.best_folder, keep=1)


def model_values(model: HuseModel) -> list:
    """All TensorFlow variables of the model, dropout seeds included."""
    return [variable.value for variable in model.variables]
