"""Trains HUSE from a catalogue, all features in memory.

Example: python large_ram_train.py -b 512 -e 1500
"""

from huse_tf import cli

cli.define_training_flags()


def main() -> None:
    """Trains, evaluates and exports one run."""
    config = cli.training_config()
    cli.start_tensorflow()
    from huse_tf.run.pipelines import features_in_ram
    from huse_tf.training.fit import fit

    fit(config, cli.run_dir(), features_in_ram, cli.accept_changes())


if __name__ == "__main__":
    cli.run(main)
