"""Takes the image encoder out of a trained run and packs its weights.

The run is one of train.py with configs/embedded_image.ini.

Example: {program} --run_dir runs/embedded_image
"""

import sys

from absl import flags

from huse_tf import cli

cli.define_run_dir()
_TO = flags.DEFINE_string(
    "to", None, "The file to write; where the encoder `embedded` looks, by default."
)


def main() -> None:
    """Writes the weights and says how large they are and how good the run was."""
    from pathlib import Path

    from huse_tf.encoders.images.embedded_image import WEIGHTS, save_weights
    from huse_tf.errors import InputError
    from huse_tf.run.restore import restore_run

    trained = restore_run(cli.run_dir())
    if trained.model.image_encoder is None:
        raise InputError(
            f"--run_dir {cli.run_dir()}: its image encoder was not trained; set "
            "image_encoder.fine_tune = all"
        )
    path = Path(_TO.value or WEIGHTS)
    save_weights(trained.image_encoder.network, path)
    print(f"{path}: {path.stat().st_size:,} bytes")
    for name in ("image_accuracy", "image_to_image_R@1", "image_to_text_R@1"):
        print(f"{name} {trained.evaluation.get(name, float('nan')):.4f}")


if __name__ == "__main__":
    cli.run(sys.modules[__name__], "python tools/pack_embedded_image.py")
