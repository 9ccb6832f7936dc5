"""From a trained model to a version in a folder that a server watches."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

import huse_tf
from huse_tf.encoders.base import identity_of
from huse_tf.errors import InputError, first_line
from huse_tf.run.restore import TrainedRun
from huse_tf.serving.card import model_card, ops_list
from huse_tf.serving.module import ServingModule
from huse_tf.serving.verification import Verified, verify
from huse_tf.serving.versions import publish_version, versions_in

EXTRAS = "assets.extra"  # TF Serving's name for what stands beside the model
DIGEST = "digest.txt"  # there: what `digest` says of the run


def export_run(run: TrainedRun, to: str | Path) -> Path:
    """Publishes a trained run as the next version.

    Args:
        run: read back from its folder.
        to: the folder of the versions, which a server watches.

    Returns:
        The version's folder.

    Raises:
        InputError: the folder cannot be written, or the export does not answer as the
            model in memory does.
    """
    module = ServingModule(
        run.image_encoder,
        run.text_encoder,
        run.model.network,
        run.class_names,
        run.fusion_weight,
    )

    def describe(verified: Verified) -> Mapping[str, str]:
        return {
            "config.ini": run.config.to_ini(),
            "model_card.md": model_card(run, verified),
            DIGEST: digest(run) + "\n",
        }

    return publish(module, to, describe)


def published_before(run: TrainedRun, folder: str | Path) -> Path | None:
    """Finds the version that is the same model as a run's, if there is one.

    A version says what it is of from the moment that it appears: nothing that kills
    the process in between makes the run forget what it has published.

    Args:
        run: read back from its folder.
        folder: of the versions.

    Returns:
        The newest such version, `folder`/<integer>.
    """
    expected = digest(run)
    for version in reversed(versions_in(folder)):
        noted = version / EXTRAS / DIGEST
        if noted.exists() and noted.read_text(errors="replace").strip() == expected:
            return version
    return None


def digest(run: TrainedRun) -> str:
    """Returns the SHA-256 of what an export of a run would answer with, hex."""
    about = {
        "huse_tf": huse_tf.__version__,
        "class_names": run.class_names,
        "fusion_weight": run.fusion_weight,
        "encoders": [identity_of(e) for e in (run.image_encoder, run.text_encoder)],
    }
    result = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for part in (run.image_encoder, run.text_encoder, run.model.network):
        for values in part.get_weights():
            result.update(np.ascontiguousarray(values))
    return result.hexdigest()


def publish(
    module: ServingModule,
    folder: str | Path,
    describe: Callable[[Verified], Mapping[str, str]] = lambda verified: {},
) -> Path:
    """Saves, verifies in a fresh process and publishes as the next version.

    Args:
        module: what to serve.
        folder: of the versions; created where it is missing.
        describe: from what was verified to texts by file name, which go to
            assets.extra beside labels.txt and ops.txt.

    Returns:
        The version's folder, `folder`/<integer>.

    Raises:
        InputError: as `export_run`. Nothing is published then.
    """

    def write(version: Path) -> None:
        tf.saved_model.save(
            module,
            str(version),
            signatures=module.functions,
            options=tf.saved_model.SaveOptions(experimental_custom_gradients=False),
        )
        verified = verify(module, version)
        extras = version / EXTRAS
        extras.mkdir()
        for name, text in {
            "labels.txt": "".join(f"{name}\n" for name in module.class_names),
            "ops.txt": ops_list(verified),
            **describe(verified),
        }.items():
            (extras / name).write_text(text, encoding="utf-8")

    try:
        return publish_version(folder, write)
    except (OSError, tf.errors.OpError) as error:
        raise InputError(
            f"export to {folder}: cannot be written ({first_line(error)}); nothing was "
            "published: free space or name a folder that you may write to"
        ) from error
