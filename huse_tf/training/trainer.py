"""The training loop: steps, validation, checkpoints, best model, interruption."""

import dataclasses
import time
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import tensorflow as tf

from huse_tf.errors import Interrupted
from huse_tf.interruption import STOP
from huse_tf.precision import multiplying
from huse_tf.progress import Progress
from huse_tf.run.build import Experiment
from huse_tf.run.checkpoints import Checkpoints
from huse_tf.run.folder import RunFolder
from huse_tf.run.restore import best_weights, model_values
from huse_tf.run.scoring import Scorer
from huse_tf.run.together import ALONE, Alone
from huse_tf.training import beginning, best, divergence
from huse_tf.training.averaging import WeightAverage, changing_variables
from huse_tf.training.optimizers import optimizers_by_group
from huse_tf.training.scalars import ScalarLog
from huse_tf.training.standing import Standing
from huse_tf.training.tensorboard.board import Board

# Losses are fetched from the device this often, not at every step.
FETCH_SECONDS = 0.5


class Trainer:
    """Trains an experiment in a run folder, from wherever the folder stands.

    Attributes:
        scorer: computes the metrics of a split.
    """

    def __init__(self, experiment: Experiment, run: RunFolder, together: Alone = ALONE):
        """Builds the optimizers and loads the newest checkpoint, if there is one.

        Args:
            experiment: from `preparation.prepare`.
            run: claimed and described.
            together: whom the run is trained with.

        Raises:
            InputError: all checkpoints are damaged, or of another architecture; the
                validation rows cannot have training.best_metric; not all processes
                see the same checkpoints.
        """
        config = experiment.config
        self._config = config.training
        self._catalog = experiment.catalog
        checkpoints = Checkpoints(
            run.checkpoints_folder, config.training.keep_checkpoints
        )
        self._pipeline = dataclasses.replace(
            experiment.pipeline,
            begun=beginning.begun(checkpoints.newest_state(), self._catalog),
        )
        self._model = experiment.model
        self._run = run
        self._together = together
        self.scorer = Scorer(
            self._model, config, self._catalog, experiment.text_encoder
        )
        best.check_best_metric(self._config.best_metric, self.scorer, self._pipeline)
        self._board = Board(experiment, run, self.scorer)
        groups = self._model.multipliers
        last_step = self._pipeline.last_step(config.training.epochs)
        with together.scope():
            self._model.compile(
                optimizers_by_group(config.optimizer, groups, last_step)
            )
            self._average = WeightAverage(
                changing_variables(self._model), decay=config.optimizer.average_decay
            )
        self._best = best_weights(run)
        self._values = {
            "model": model_values(self._model),
            "optimizer": [v.value for v in self._model.optimizer.variables],
            "average": self._average.variables,
        }
        self._standing = Standing(
            run, config, self._pipeline, checkpoints, self._values, together
        )
        self._standing.go_on(self._catalog, experiment.keys_before)
        if together.leads:
            run.forget_after(self.state["step"])
        self._pending: list[tf.Tensor] = []

    @property
    def state(self) -> dict:
        """What a checkpoint holds beside variables: see `Standing`."""
        return self._standing.state

    @property
    def last_step(self) -> int:
        """The step at which training ends."""
        return self._standing.last_step

    @property
    def has_new_rows(self) -> bool:
        """Whether rows came or went since the last step that was taken."""
        return self._standing.has_new_rows

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to train and to validate."""
        return self._standing.finished

    @property
    def why_stopped_early(self) -> str:
        """Why training ended before its last epoch, and how to go on; "" if not."""
        return self._standing.why_stopped_early

    def train(self) -> None:
        """Trains to the end.

        Raises:
            Interrupted: SIGINT or SIGTERM came; everything is saved.
            KeyboardInterrupt: it came before there was anything to save.
            Diverged: the loss or a weight is not finite; the last checkpoint is kept.
            InputError: the folder cannot be written.
        """
        first = self.state["step"]
        batches = self._together.batches(self._pipeline, first, self.last_step)
        products = max(0, self.last_step - first) * self._pipeline.batch_size
        with STOP, ScalarLog(self._run, first) as log, self._shown():
            at_once, xla = self._config.steps_per_call, self._config.jit_compile
            take = self._together.taking(self._step, batches, at_once, xla)
            with (
                Progress(products, "Training", unit="products") as bar,
                STOP.deferred(),
            ):
                self._saved = self._fetched = time.monotonic()
                (self._stop,) = self._together.agreed(STOP.asked)
                self._validate_if_due(log, bar)
                self._save_if(False)
                while self.state["step"] < self.last_step and not self.finished:
                    count = self._standing.steps_until_a_look(at_once)
                    with multiplying(in_tf32=self._config.tf32):
                        self._pending.append(take(count))
                    self.state["step"] += count
                    self._after_step(log, bar)
                self._save_if(True)

    def _step(self, batch: dict) -> tf.Tensor:
        losses = self._model.optimise(batch)
        self._average.update()
        return tf.stack([losses[name] for name in self._names])

    def _shown(self) -> AbstractContextManager:
        return self._board if self._together.leads else nullcontext()

    def _after_step(self, log: ScalarLog, bar: Progress) -> None:
        """Logs, validates and saves where it is time to.

        Raises:
            Interrupted: a signal came; everything is saved.
        """
        now = time.monotonic()
        epoch_ends = self._standing.epoch_ends
        self._stop, save, fetch = self._together.agreed(
            STOP.asked,
            now - self._saved >= 60 * self._config.checkpoint_minutes,
            now - self._fetched > FETCH_SECONDS,
        )
        if epoch_ends or save or self._stop or fetch:
            self._fetch(bar)
        if epoch_ends:
            self._log_epoch(log)
        self._validate_if_due(log, bar)
        self._save_if(save)

    def _save_if(self, due: bool) -> None:
        """Saves where it is due or a signal came.

        Raises:
            Interrupted: a signal came.
        """
        if due or self._stop:
            self._check_weights()
            self._standing.save()
            self._saved = self._fetched = time.monotonic()
        if self._stop:
            self._together.part()
            raise Interrupted(
                f"stopped after step {self.state['step']:,} of {self.last_step:,} and "
                "saved; the same command goes on"
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
        values = np.concatenate([losses.numpy() for losses in self._pending])
        now = time.monotonic()
        self.state["seconds"] += now - self._fetched
        self._fetched = now
        back, what = divergence.first_not_finite(values, self._names)
        if what:
            self._stop_not_finite(self.state["step"] - back + 1, what)
        sums = self.state["sums"]
        for name, column in zip(self._names, values.T, strict=True):
            sums[name] = sums.get(name, 0.0) + float(column.sum(dtype=np.float64))
        self.state["summed"] += len(values)
        bar.update(
            len(values) * self._pipeline.batch_size,
            epoch=self._pipeline.epoch(self.state["step"] - 1) + 1,
            **dict(zip(self._names, values[-1].tolist(), strict=True)),
        )
        self._pending.clear()

    def _check_weights(self) -> None:
        """Stops where the last step made a variable infinite or NaN."""
        if not all(map(divergence.are_finite, self._values.values())):
            self._stop_not_finite(self.state["step"], "its update is not finite")

    def _stop_not_finite(self, step: int, what: str) -> None:
        positions = self._pipeline.positions(step - 1)
        raise divergence.report(
            self._run, self._catalog, positions, step, what, self._together.leads
        )

    def _log_epoch(self, log: ScalarLog) -> None:
        step, steps = self.state["step"], self.state["summed"]
        scalars = {name: total / steps for name, total in self.state["sums"].items()}
        scalars["learning_rate"] = float(self._model.optimizer.learning_rate)
        products = steps * self._pipeline.batch_size
        scalars["products_per_second"] = products / max(self.state["seconds"], 1e-9)
        if self._together.leads:
            log.write("train", step, self._standing.epoch, scalars)
        self.state.update(sums={}, summed=0, seconds=0.0)

    def _validate_if_due(self, log: ScalarLog, bar: Progress) -> None:
        """Validates, keeps the best weights; a signal puts it off to the next run."""
        if not self._standing.is_validation_due or self._stop:
            return
        self._check_weights()
        if self._together.leads:
            with self._average.swapped():
                self._validate(log, bar)
        self._standing.state = self._together.told(self.state)
        (self._stop,) = self._together.agreed(STOP.asked)

    def _validate(self, log: ScalarLog, bar: Progress) -> None:
        step, epoch = self.state["step"], self._standing.epoch
        if not len(self._pipeline.split["validation"]):
            self._keep_best({"step": step, "epoch": epoch})
            return
        try:
            with STOP.interruptible():
                metrics = self.scorer.metrics(self._pipeline, "validation")
        except (KeyboardInterrupt, Interrupted):
            return
        name = self._config.best_metric
        log.write("validation", step, epoch, metrics)
        better = best.is_best(name, metrics, self.state)
        bar.message(best.line(epoch, name, metrics, better))
        if better:
            value = metrics[name]
            self._keep_best({"step": step, "epoch": epoch, name: value})
            self.state.update(best=value, best_loss=metrics["loss"], best_epoch=epoch)
        self.state["validated"] = step
        ends = step >= self.last_step
        if not ends and best.has_waited(self._config, self.state, epoch):
            self.state["stopped_early"] = ends = True
        self._board.validated(step, last=ends)
        self._fetched = time.monotonic()

    def _keep_best(self, state: dict) -> None:
        self._best.save({"model": self._values["model"]}, state)
        self.state["validated"] = state["step"]
