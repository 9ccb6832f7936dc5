"""Trains HUSE from a catalogue, streaming: memory stays bounded.

Example: python train.py -b 512 -e 1500
"""

from huse_tf import cli

cli.define_training_flags()


def main() -> None:
    """Trains, evaluates and exports one run."""
    config = cli.training_config()
    cli.start_tensorflow()
    from huse_tf.fit import fit
    from huse_tf.pipelines import stored_features

    fit(config, cli.run_dir(), stored_features, cli.accept_changes())


if __name__ == "__main__":
    cli.run(main)
