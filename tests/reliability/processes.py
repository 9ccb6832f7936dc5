"""Real processes that train, and die where a test wants them to.

They are forked from a server that has imported TensorFlow and done nothing with it, so
that each starts in a second and is a process like any other.
"""

import hashlib
import importlib
import json
import multiprocessing
import os
import signal
import socket
import sys
import time
from pathlib import Path

from small_runs import EXAMPLE, ROOT, TINY

# Of the example's products; two convolutions at 24 pixels, TF-IDF, small towers.
SMALL = {
    "data.images": EXAMPLE / "images",
    "image_encoder.weights": "none",
    "image_encoder.size": "24",
    **TINY,
    "towers.dropout": "0.2",
    "loss.beta": "1.0",
    "optimizer.name": "rmsprop",
    "optimizer.schedule": "cosine",
    "optimizer.warmup_steps": "2",
    "training.epochs": "4",
    "training.validate_epochs": "2",
    "training.checkpoint_minutes": "1e-9",
    "training.seed": "7",
    "export.at_end": "no",
}

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["huse_tf.training.fit"])


class Job:
    """One process; its output goes to a file."""

    def __init__(self, work, *arguments, log):
        self.log = Path(log)
        self.process = _server.Process(target=_work, args=(log, work, *arguments))
        self.process.start()

    def end(self, timeout=1800):
        """Waits; returns (exit status or minus the signal, output)."""
        self.process.join(timeout)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return self.process.exitcode, self.log.read_text(encoding="utf-8")


def run(work, *arguments, log):
    """Runs one process to its end: (exit status, output)."""
    return Job(work, *arguments, log=log).end()


def cluster(count):
    """TF_CONFIG of each of so many workers, on free ports of this machine."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in held]
    for server in held:
        server.close()
    tasks = [{"type": "worker", "index": index} for index in range(count)]
    workers = {"worker": addresses}
    return [json.dumps({"cluster": workers, "task": task}) for task in tasks]


def worker(config, work, *arguments):
    """Does `work` as the worker that TF_CONFIG says."""
    os.environ["TF_CONFIG"] = config
    work(*arguments)


def work_together(works, log):
    """Runs a worker for each of (work, its arguments): [(exit status, output)]."""
    jobs = [
        Job(worker, config, work, *arguments, log=f"{log}.{i}")
        for i, (config, (work, *arguments)) in enumerate(
            zip(cluster(len(works)), works, strict=True)
        )
    ]
    return [job.end(timeout=600) for job in jobs]


def wait_for(folder, pattern, process, seconds=120):
    """Waits until a file appears; the process must not end before."""
    deadline = time.monotonic() + seconds
    while not any(folder.glob(pattern)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"no {pattern} in {folder}"
        time.sleep(0.01)


def _work(log, work, *arguments):
    """Does what an entry script does with `work`, output and exit status included."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout = open(1, "w", buffering=1, closefd=False, encoding="utf-8")
    sys.stderr = open(2, "w", buffering=1, closefd=False, encoding="utf-8")
    from huse_tf import cli

    sys.exit(cli.guarded(lambda: work(*arguments)))


def train(
    run_dir,
    settings,
    in_ram=False,
    accept_changes=False,
    determinism=True,
    report=False,
):
    """Trains as train.py does; notes what the model gets in every step."""
    import tensorflow as tf

    from huse_tf.config import load_config
    from huse_tf.run.pipelines import Pipeline, features_in_ram, stored_features
    from huse_tf.training import fit

    if determinism:
        tf.config.experimental.enable_op_determinism()
    overrides = [f"{key}={value}" for key, value in {**SMALL, **settings}.items()]
    config = load_config(ROOT / "config.ini", overrides)
    batches = Pipeline.training

    def noted(pipeline, first, last):
        return Noted(batches(pipeline, first, last), pipeline, first, run_dir)

    Pipeline.training = noted
    keep = features_in_ram if in_ram else stored_features
    if not report:
        fit._draw_report = lambda *_: None  # takes as long as the rest
    fit.fit(config, run_dir, keep, accept_changes)


def command(name, *flags):
    """Does what `huse NAME` with these flags does."""
    from absl.flags import FLAGS

    module = importlib.import_module(f"huse_tf.commands.{name}")
    FLAGS([name, *flags])
    module.main()


class Noted:
    """Batches that write down which labels the model gets, step by step."""

    def __init__(self, batches, pipeline, first, run_dir):
        self.element_spec = batches.element_spec
        self._batches, self._first = batches, first
        self._path = Path(f"{run_dir}.rows")

    def __iter__(self):
        with open(self._path, "a", encoding="utf-8") as file:
            for step, batch in enumerate(self._batches, self._first):
                seen = hashlib.sha256(batch["label"].numpy().tobytes())
                for name in ("image", "text"):
                    for value in _tensors(batch[name]):
                        seen.update(value.numpy().tobytes())
                file.write(json.dumps([step, seen.hexdigest()]) + "\n")
                file.flush()
                yield batch


def _tensors(value):
    return [value[key] for key in sorted(value)] if isinstance(value, dict) else [value]


def rows(run_dir):
    """What the model got, by step, and how many times each step was taken."""
    taken, last = {}, {}
    for line in Path(f"{run_dir}.rows").read_text(encoding="utf-8").splitlines():
        step, seen = json.loads(line)
        taken.setdefault(step, set()).add(seen)
        last[step] = seen
    return last, taken


def weights(run_dir):
    """Digests of `values`."""
    return {
        name: hashlib.sha256(value.tobytes()).hexdigest()
        for name, value in values(run_dir).items()
    }


def values(run_dir):
    """What the newest and the best checkpoint hold, variable by variable."""
    import tensorflow as tf

    found = {}
    for kind, folder in (("newest", "checkpoints"), ("best", "checkpoints/best")):
        newest = sorted((Path(run_dir) / folder).glob("step-*"))[-1]
        reader = tf.train.load_checkpoint(str(newest / "variables"))
        for name in reader.get_variable_to_shape_map():
            value = reader.get_tensor(name)
            if hasattr(value, "tobytes"):
                found[newest.name, kind, name] = value
    return found


def records(run_dir):
    """What metrics.jsonl holds, but for what the clock says."""
    lines = (Path(run_dir) / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    clock = ("time", "products_per_second")
    found = [json.loads(line) for line in lines]
    return [{k: v for k, v in record.items() if k not in clock} for record in found]


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner, name, act):
    """Calls `act` with the same arguments before each call of a method."""
    method = getattr(owner, name)

    def both(*arguments, **named):
        act(*arguments)
        return method(*arguments, **named)

    setattr(owner, name, both)


def at_step(step, act):
    """Acts after the weights changed in `step`, before anything is made of it."""
    from huse_tf.training.trainer import Trainer

    def look(trainer, *_):
        if trainer.state["step"] == step:
            act(trainer)

    before(Trainer, "_after_step", look)


def killed_in_step(at, train_arguments):
    """Trains, and dies after the weights of step `at` changed, before all else."""
    at_step(at, lambda trainer: kill())
    train(*train_arguments)


def killed_while_saving(at, moment, train_arguments):
    """Trains, and dies while the checkpoint of step `at` is written.

    The moments: "variables" are written and nothing else, the "manifest" is, the
    folder is "renamed" and the older ones are still there.
    """
    from huse_tf.run import checkpoints

    state = {"saving": False}
    save, flush = checkpoints.Checkpoints.save, checkpoints.flush
    digest, rename = checkpoints._digest, os.rename

    def saving(self, variables, values):
        state["saving"] = values["step"] == at
        return save(self, variables, values)

    def dying(moment_here, function):
        def call(*arguments):
            if state["saving"] and moment == moment_here:
                if moment == "renamed":
                    function(*arguments)
                kill()
            return function(*arguments)

        return call

    checkpoints.Checkpoints.save = saving
    checkpoints._digest = dying("variables", digest)
    checkpoints.flush = dying("manifest", flush)
    os.rename = dying("renamed", rename)
    train(*train_arguments)
