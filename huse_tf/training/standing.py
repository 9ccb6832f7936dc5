"""Where a training stands: which step, what was best, and the checkpoints of it."""

from typing import Any

from huse_tf.catalog import Catalog
from huse_tf.config import Config
from huse_tf.errors import InputError
from huse_tf.run.checkpoints import Checkpoints, Variables
from huse_tf.run.folder import RunFolder
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.together import Alone
from huse_tf.run.world import former_world, world
from huse_tf.training import beginning, best
from huse_tf.training.optimizers import moved_cosine


class Standing:
    """The state of a training and its checkpoints, from wherever the folder stands.

    Attributes:
        state: what a checkpoint holds beside variables: "step", the number of steps
            taken; "sums" of the losses of "summed" steps of this epoch and its
            "seconds"; "validated", the last step that was; the "best" value of
            training.best_metric, its "best_loss" and its "best_epoch";
            "stopped_early"; "last_step", at which training was to end; "world", what a
            metric depends on; and "rows", what a step's batch depends on.
        last_step: the step at which training ends.
    """

    def __init__(
        self,
        run: RunFolder,
        config: Config,
        pipeline: Pipeline,
        checkpoints: Checkpoints,
        values: Variables,
        together: Alone,
    ):
        """Takes what it is of; nothing is loaded yet.

        Args:
            run: claimed and described.
            config: the effective one.
            pipeline: the run's, from where its rows begin.
            checkpoints: of the run.
            values: what a checkpoint holds.
            together: whom the run is trained with.
        """
        self._run, self._config, self._pipeline = run, config, pipeline
        self._checkpoints, self._values = checkpoints, values
        self._together = together
        self.last_step = pipeline.last_step(config.training.epochs)
        sums = {"sums": {}, "summed": 0, "seconds": 0.0}
        self.state: dict[str, Any] = {"step": 0, **sums, "validated": 0}
        self.state |= best.NONE_YET

    def go_on(self, catalog: Catalog, keys_before: tuple[str, ...]) -> None:
        """Loads the newest checkpoint, as far as it holds for this config.

        Args:
            catalog: the pipeline's.
            keys_before: see `run.build.Experiment`.

        Raises:
            InputError: all checkpoints are damaged, or of another architecture; or not
                all processes see the same ones.
        """
        now = {
            "last_step": self.last_step,
            "world": world(self._run, self._config),
            "rows": beginning.note(self._pipeline, catalog),
        }
        former = former_world(self._run, self._config, keys_before)
        saved = self._checkpoints.restore(self._values)
        self.state |= (saved or {}) | now
        if saved is not None:
            self._compare(saved, former)
        elif self._run.metrics_file.exists():
            folder = self._run.checkpoints_folder
            print(f"{folder}: none was saved yet, starting at step 0")
        self._agree()

    def _compare(self, saved: dict, former: str) -> None:
        """Drops of a saved state what does not hold now.

        `former` is what earlier versions called this world.
        """
        if self.has_new_rows:  # what was summed is of an epoch that ends here
            self.state.update(sums={}, summed=0, seconds=0.0)
        if saved["world"] == former:  # only the config.ini before this one knew it
            self.save()
        elif saved["world"] != self.state["world"]:  # its values do not compare
            self.state.update(best.NONE_YET)
        waited = best.has_waited(self._config.training, self.state, self.epoch)
        self.state["stopped_early"] &= waited
        step, before = self.state["step"], saved["last_step"]
        optimizer = self._config.optimizer
        if before != self.last_step and optimizer.schedule == "cosine":
            print(moved_cosine(optimizer, step, before, self.last_step))

    def _agree(self) -> None:
        """Takes the leading process's state, which must be of the same step."""
        mine = self.state["step"]
        self.state = self._together.told(self.state)
        step = self.state["step"]
        (apart,) = self._together.agreed(mine != step)
        if apart:
            raise InputError(
                f"`run_dir` {self._run.path}: the first worker goes on after step "
                f"{step:,}, but not every other one does, this one after {mine:,}; "
                "name a folder that all workers share"
            )

    def save(self) -> None:
        """Writes a checkpoint, in the leading process.

        Raises:
            InputError: the folder cannot be written or the disk is full.
        """
        if self._together.leads:
            self._checkpoints.save(self._values, self.state)

    @property
    def epoch(self) -> int:
        """Epochs finished."""
        return self._pipeline.epoch(self.state["step"])

    @property
    def epoch_ends(self) -> bool:
        """Whether the last step was the last one of an epoch."""
        return self._pipeline.ends_epoch(self.state["step"])

    def steps_until_a_look(self, most: int) -> int:
        """Says how many steps to take before an epoch or the training ends.

        Args:
            most: at least 1; fewer steps than that, where one of them ends before.
        """
        first = self.state["step"]
        ends = range(first + 1, min(first + most, self.last_step) + 1)
        here = next(
            (step for step in ends if self._pipeline.ends_epoch(step)), ends[-1]
        )
        return here - first

    @property
    def has_new_rows(self) -> bool:
        """Whether rows came or went since the last step that was taken."""
        return 0 < self._pipeline.begun.step == self.state["step"]

    @property
    def is_validation_due(self) -> bool:
        """Whether this step is one to validate after, and was not yet."""
        training = self._config.training
        return best.is_due(training, self.state, self._pipeline, self.last_step)

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to train and to validate."""
        if self.state["stopped_early"]:
            return True
        return self.state["step"] >= self.last_step and not self.is_validation_due

    @property
    def why_stopped_early(self) -> str:
        """Why training ended before its last epoch, and how to go on; "" if not."""
        if not self.state["stopped_early"]:
            return ""
        return best.why_stopped(self._config.training, self.state, self.epoch)
