"""Kills one training at random moments, again and again, and compares its end.

Example: python tools/chaos.py --kills 50 --seed 0

The training is train.py's, on the example, in processes of their own that die of
SIGKILL: at random steps and, where a run stands past its step already, while it starts.
The checkpoints that it ends with must be those of a training that nobody disturbed,
bit by bit.
"""

import json
import multiprocessing
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
from absl import app, flags

from huse_tf.config import load_config

ROOT = Path(__file__).parents[1]
START_SECONDS = 3.0  # most that a process lives that stands past its step already
STEP_SECONDS = 0.05  # most that it lives after a checkpoint: within a step, or a save

KILLS = flags.DEFINE_integer("kills", 50, "How many.")
SEED = flags.DEFINE_integer("seed", 0, "Of the moments.")
FOLDER = flags.DEFINE_string("folder", "runs/chaos", "Emptied first.")
EPOCHS = flags.DEFINE_integer("epochs", 100, "Of the training.")

SETTINGS = {
    "training.batch_size": 128,
    "training.checkpoint_minutes": 1e-3,
    "towers.units": 64,
    "towers.embedding_dim": 32,
    "export.at_end": "no",
}


def train(run_dir: Path, epochs: int) -> None:
    """Trains in a process of its own, whose output goes to a file."""
    log = os.open(f"{run_dir}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    import tensorflow as tf

    from huse_tf.run.pipelines import stored_features
    from huse_tf.training.fit import fit

    tf.config.experimental.enable_op_determinism()
    settings = {**SETTINGS, "training.epochs": epochs}
    settings["features.folder"] = run_dir.parent / "features"
    overrides = [f"{key}={value}" for key, value in settings.items()]
    config = load_config(run_dir.parent / "config.ini", overrides)
    fit(config, run_dir, stored_features)


def start(run_dir: Path):
    """Starts `train` by a server that has imported TensorFlow already."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["huse_tf.training.fit"])
    process = server.Process(target=train, args=(run_dir, EPOCHS.value))
    process.start()
    return process


def newest(folder: Path) -> Path | None:
    """Returns the newest checkpoint."""
    return max(folder.glob("step-*"), default=None)


def step_of(run_dir: Path) -> int:
    """Returns the step of the newest checkpoint."""
    found = newest(run_dir / "checkpoints")
    return int(found.name.removeprefix("step-")) if found else 0


def contents(run_dir: Path) -> dict[str, bytes]:
    """Returns every variable of the newest and of the best checkpoint."""
    import tensorflow as tf

    held = {}
    for folder in (run_dir / "checkpoints", run_dir / "checkpoints" / "best"):
        checkpoint = newest(folder)
        reader = tf.train.load_checkpoint(str(checkpoint / "variables"))
        for name in reader.get_variable_to_shape_map():
            where = f"{folder.name} {checkpoint.name} {name}"
            held[where] = np.asarray(reader.get_tensor(name)).tobytes()
    return held


def losses(run_dir: Path) -> list[dict]:
    """Returns metrics.jsonl without what the clock says."""
    lines = (run_dir / "metrics.jsonl").read_text().splitlines()
    clock = {"time", "products_per_second"}
    return [
        {k: v for k, v in json.loads(line).items() if k not in clock} for line in lines
    ]


def kill_at(run_dir: Path, step: int, draw: np.random.Generator) -> int:
    """Starts, kills once the run has saved `step`; returns the step it was killed at.

    Raises:
        RuntimeError: it ended before.
    """
    past_already = step_of(run_dir) >= step
    within = draw.uniform(0, START_SECONDS if past_already else STEP_SECONDS)
    process = start(run_dir)
    while step_of(run_dir) < step and process.is_alive():
        time.sleep(0.002)
    time.sleep(within)
    process.kill()
    process.join()
    if process.exitcode != -9:
        raise RuntimeError(f"ended with {process.exitcode}: see {run_dir}.log")
    return step_of(run_dir)


def main(arguments: list[str]) -> None:
    """Trains calmly, then with kills; prints what differs."""
    folder = Path(FOLDER.value).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # a copy: nobody's edit may change the run half-way
    load_config(ROOT / "config.ini").save(folder / "config.ini")
    calm, killed = folder / "calm", folder / "killed"
    process = start(calm)
    process.join()
    if process.exitcode:
        sys.exit(f"the calm run failed: see {calm}.log")
    last = step_of(calm)
    draw = np.random.default_rng(SEED.value)
    begun = time.monotonic()
    for i, step in enumerate(np.sort(draw.integers(0, int(0.9 * last), KILLS.value))):
        reached = kill_at(killed, int(step), draw)
        print(f"SIGKILL {i + 1} at step {reached} of {last}", flush=True)
    process = start(killed)
    process.join()
    if process.exitcode:
        sys.exit(f"the last start failed: see {killed}.log")
    expected, actual = contents(calm), contents(killed)
    differing = [name for name in expected if actual.get(name) != expected[name]]
    print(f"{(time.monotonic() - begun) / 60:.0f} minutes")
    if differing or expected.keys() != actual.keys():
        sys.exit(f"{len(differing)} of {len(expected)} variables differ: {differing}")
    if losses(calm) != losses(killed):
        sys.exit("the variables agree, metrics.jsonl differs")
    print(
        f"{KILLS.value} SIGKILLs in {last} steps: {len(expected)} variables and "
        f"{len(losses(calm))} records are bit-identical to the calm run's"
    )


if __name__ == "__main__":
    app.run(main)
