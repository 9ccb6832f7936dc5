"""Trains HUSE from a catalogue, streaming: memory stays bounded.

Example: python train.py -b 512 -e 1500
"""

from huse_tf import cli

cli.define_training_flags()


def main() -> None:
    """Trains, evaluates and exports one run."""
    config = cli.training_config()
    cli.start_tensorflow()
    from huse_tf.run.pipelines import stored_features
    from huse_tf.training.fit import fit

    fit(config, cli.run_dir(), stored_features, cli.accept_changes())


if __name__ == "__main__":
    cli.run(main)
