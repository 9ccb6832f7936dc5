"""The training loop: steps, validation, checkpoints, best model, interruption."""

import os
import signal
import time

import numpy as np
import pandas as pd
import tensorflow as tf

from huse_tf.checkpoints import Checkpoints
from huse_tf.errors import Diverged, Interrupted
from huse_tf.experiment import Experiment, best_weights, model_values
from huse_tf.optimizers import make_optimizer
from huse_tf.progress import Progress
from huse_tf.run_folder import RunFolder
from huse_tf.scalars import ScalarLog
from huse_tf.scoring import Scorer, is_better

# Losses are fetched from the device this often, not at every step.
FETCH_SECONDS = 0.5


class Trainer:
    """Trains an experiment in a run folder, from wherever the folder stands.

    Attributes:
        state: what a checkpoint holds beside variables: "step", the number of steps
            taken; "sums" of this epoch's losses and its "seconds"; the "best" value
            of training.best_metric and its "best_epoch"; "stopped_early".
        last_step: the step at which training ends.
        scorer: computes the metrics of a split.
    """

    def __init__(self, experiment: Experiment, run: RunFolder):
        """Builds the optimizers and loads the newest checkpoint, if there is one.

        Args:
            experiment: from `preparation.prepare`.
            run: claimed and described.

        Raises:
            InputError: all checkpoints are damaged.
        """
        config = experiment.config
        self._config = config.training
        self._catalog = experiment.catalog
        self._pipeline = experiment.pipeline
        self._model = experiment.model
        self._run = run
        self.last_step = config.training.epochs * self._pipeline.steps_per_epoch
        self.scorer = Scorer(self._model, config, self._catalog.class_names)
        optimizers = self._model.set_optimizers(
            lambda multiplier: make_optimizer(
                config.optimizer, self.last_step, multiplier, config.training.precision
            )
        )
        self._best = best_weights(run)
        self._checkpoints = Checkpoints(
            run.checkpoints, config.training.keep_checkpoints
        )
        self._values = {
            "model": model_values(self._model),
            "optimizer": [v.value for held in optimizers for v in held.variables],
        }
        self.state = self._checkpoints.restore(self._values) or {
            "step": 0,
            "sums": {},
            "seconds": 0.0,
            "best": None,
            "best_epoch": 0,
            "stopped_early": False,
        }
        run.forget_after(self.state["step"])
        self._pending: list[tf.Tensor] = []

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to train."""
        return self.state["step"] >= self.last_step or self.state["stopped_early"]

    def train(self) -> None:
        """Trains to the end.

        Raises:
            Interrupted: SIGINT or SIGTERM came; everything is saved.
            InputError: the loss is not finite, or a checkpoint cannot be written.
        """
        train_step = tf.function(self._model.train_step, reduce_retracing=True)
        first = self.state["step"]
        products = (self.last_step - first) * self._pipeline.batch_size
        with (
            _StopSignal() as stop,
            ScalarLog(self._run) as log,
            Progress(products, "Training", unit="products") as bar,
        ):
            saved = self._fetched = time.monotonic()
            for batch in self._pipeline.training(first, self.last_step):
                losses = train_step(batch)
                self._pending.append(tf.stack([losses[n] for n in self._names]))
                self.state["step"] += 1
                epoch_ends = self.state["step"] % self._pipeline.steps_per_epoch == 0
                save = (
                    stop.asked
                    or time.monotonic() - saved >= 60 * self._config.checkpoint_minutes
                )
                if (
                    epoch_ends
                    or save
                    or time.monotonic() - self._fetched > FETCH_SECONDS
                ):
                    self._fetch(bar)
                if epoch_ends:
                    self._end_epoch(log, bar)
                if save or self.finished:
                    self._checkpoints.save(self._values, self.state)
                    saved = self._fetched = time.monotonic()
                if self.finished:
                    return
                if save and stop.asked:
                    raise Interrupted(
                        f"stopped after step {self.state['step']:,} of "
                        f"{self.last_step:,} and saved; the same command goes on"
                    )

    def restore_best(self) -> dict:
        """Puts the best weights by validation into the model.

        Returns:
            The state of that checkpoint: its step, epoch and metric.
        """
        return self._best.restore({"model": model_values(self._model)})

    @property
    def _names(self) -> tuple[str, ...]:
        return self._model.objective.names

    def _fetch(self, bar: Progress) -> None:
        """Adds the losses of the steps since the last fetch to the epoch's sums."""
        values = np.stack([losses.numpy() for losses in self._pending])
        now = time.monotonic()
        self.state["seconds"] += now - self._fetched
        self._fetched = now
        finite = np.isfinite(values).all(axis=1)
        if not finite.all():
            back = len(values) - int(np.argmin(finite))
            self._stop_not_finite(self.state["step"] - back, values[-back])
        sums = self.state["sums"]
        for name, column in zip(self._names, values.T, strict=True):
            sums[name] = sums.get(name, 0.0) + float(column.sum())
        bar.update(
            len(values) * self._pipeline.batch_size,
            epoch=-(-self.state["step"] // self._pipeline.steps_per_epoch),
            **dict(zip(self._names, values[-1].tolist(), strict=True)),
        )
        self._pending.clear()

    def _stop_not_finite(self, step: int, losses: np.ndarray) -> None:
        path = self._run.path / f"not_finite_step_{step}.csv"
        positions = self._pipeline.positions(step)
        pd.DataFrame(
            {
                "row": self._catalog.rows[positions],
                "image": self._catalog.images[positions],
                "text": self._catalog.texts[positions],
            }
        ).to_csv(path, index=False)
        named = ", ".join(
            f"{name} {value}" for name, value in zip(self._names, losses, strict=True)
        )
        raise Diverged(
            f"step {step}: the loss is not finite ({named}); the batch's rows are in "
            f"{path} and the last checkpoint is kept: lower optimizer.learning_rate, "
            "or look at these rows"
        )

    def _end_epoch(self, log: ScalarLog, bar: Progress) -> None:
        steps, step = self._pipeline.steps_per_epoch, self.state["step"]
        epoch = step // steps
        scalars = {name: total / steps for name, total in self.state["sums"].items()}
        scalars["learning_rate"] = float(self._model.optimizer.learning_rate)
        products = steps * self._pipeline.batch_size
        scalars["products_per_second"] = products / max(self.state["seconds"], 1e-9)
        log.write("train", step, epoch, scalars)
        self.state.update(sums={}, seconds=0.0)
        last = step == self.last_step
        if len(self._pipeline.split["validation"]):
            if epoch % self._config.validate_epochs == 0 or last:
                self._validate(log, bar, epoch)
                self._fetched = time.monotonic()
        elif last:
            self._best.save(
                {"model": model_values(self._model)}, {"step": step, "epoch": epoch}
            )

    def _validate(self, log: ScalarLog, bar: Progress, epoch: int) -> None:
        step, name = self.state["step"], self._config.best_metric
        metrics = self.scorer.metrics(self._pipeline, "validation")
        log.write("validation", step, epoch, metrics)
        value, best = metrics[name], self.state["best"]
        better = best is None or is_better(name, value, best)
        shown = [n for n in ("loss", "fusion_accuracy", name) if n in metrics]
        bar.message(
            f"epoch {epoch}: validation "
            + ", ".join(f"{n} {metrics[n]:.4f}" for n in dict.fromkeys(shown))
            + (" (best)" if better else "")
        )
        if better:
            self.state.update(best=value, best_epoch=epoch)
            self._best.save(
                {"model": model_values(self._model)},
                {"step": step, "epoch": epoch, name: value},
            )
        patience = self._config.early_stopping_epochs
        if patience and epoch - self.state["best_epoch"] >= patience:
            self.state["stopped_early"] = True
            bar.message(f"no better {name} for {patience} epochs: stopping early")


class _StopSignal:
    """Notes the first SIGINT or SIGTERM; a second one ends the process at once."""

    def __init__(self):
        self.asked = False

    def __enter__(self) -> "_StopSignal":
        self._before = {
            kind: signal.signal(kind, self._note)
            for kind in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *error) -> None:
        for kind, handler in self._before.items():
            signal.signal(kind, handler)

    def _note(self, kind, frame) -> None:
        if self.asked:
            os._exit(128 + kind)
        self.asked = True
        print("\nsaving after this step; once more to leave at once", flush=True)
