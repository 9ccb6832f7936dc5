"""Trains all variants: sweeps, then seeds; what is finished is not repeated."""

import dataclasses
import functools
import gc
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np

from huse_tf.comparison import sweep
from huse_tf.comparison.outcomes import Outcome, Trial
from huse_tf.comparison.variants import Variant, changed
from huse_tf.config import ClassEncoderConfig, Config
from huse_tf.errors import Diverged, InputError
from huse_tf.evaluation import write_evaluation
from huse_tf.objectives import make_objective
from huse_tf.progress import clock
from huse_tf.run import changes
from huse_tf.run.build import make_experiment
from huse_tf.run.folder import RunFolder
from huse_tf.run.material import Material, class_graph, read_material
from huse_tf.run.pipelines import features_in_ram
from huse_tf.training.fit import train_and_evaluate
from huse_tf.training.trainer import Trainer


@dataclasses.dataclass(frozen=True)
class Budget:
    """What each variant may use.

    Attributes:
        seeds: how many trainings with the chosen settings.
        trials: how many settings are tried before; fewer than 2 leave no choice.
        trial_epochs: of each trial.
    """

    seeds: int
    trials: int
    trial_epochs: int


class Runner:
    """Trains variants in <folder>/<variant>/seed-<n> and .../trials/<n>.

    Attributes:
        seconds: spent in runs, by this process.
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        variants: Sequence[Variant],
        budget: Budget,
    ):
        """Takes what is to be done; nothing is read yet.

        Args:
            config: what the variants have in common; training.seed is the first seed.
            folder: claimed, of the comparison.
            variants: what is trained.
            budget: the same for each.
        """
        self._config = changed(config, {"export.at_end": False})
        self._folder = folder
        self._variants = variants
        self._budget = budget
        self._first = config.training.seed
        self._epochs_trained = 0.0
        self._graphs: dict[ClassEncoderConfig, np.ndarray] = {}
        self.seconds = 0.0

    def outcomes(self) -> Iterator[Outcome]:
        """Trains one variant after the other.

        Raises:
            InputError: the user's input is wrong.
            Interrupted: a signal came; the same call goes on.
        """
        for variant in self._variants:
            settings, trials = self._choose(variant)
            seeds, folders = {}, {}
            for seed in self._seeds():
                path = self._folder / variant.name / f"seed-{seed}"
                config = self._of(variant, settings | {"training.seed": seed})
                if seed == self._first and trials and self._trials_are_whole():
                    copy_run(self._trial_folder(variant, best_trial(trials)), path)
                seeds[seed] = self._train(variant, f"seed {seed}", path, config, "test")
                folders[seed] = path
            chosen = self._settings(self._of(variant, settings), variant)
            yield Outcome(variant, chosen, trials, seeds, folders)

    def _choose(self, variant: Variant) -> tuple[dict, list[Trial]]:
        """Tries settings and returns the best by the validation rows."""
        if self._budget.trials < 2:
            return {}, []
        drawn, trials = [], []
        for number in range(self._budget.trials):
            settings = sweep.draw(self._config, variant, number)
            epochs = {"training.epochs": self._budget.trial_epochs}
            config = self._of(variant, settings | epochs)
            tried = self._settings(config, variant)
            path = self._trial_folder(variant, number)
            metrics = self._train(
                variant, f"trial {number}", path, config, "validation"
            )
            value = sweep.score(variant, metrics) if metrics else None
            drawn.append(settings)
            trials.append(Trial(tried, value))
        best = best_trial(trials)
        if trials[best].score is None:
            raise InputError(
                f"{variant.name}: each of the {len(trials)} trials diverged; lower "
                "optimizer.learning_rate, or raise `trials`, in another `run_dir`"
            )
        return drawn[best], trials

    def _train(
        self, variant: Variant, label: str, path: Path, config: Config, split: str
    ) -> dict[str, float]:
        """Trains and evaluates in a run folder, unless that was done before.

        Returns:
            The metrics of the split; none of a trial that diverged.
        """
        run = RunFolder(path)
        run.claim()
        changes.check_config(run, config)
        if not run.evaluation_file.exists():
            settings = self._settings(config, variant)
            shown = ", ".join(f"{key} {value}" for key, value in settings.items())
            print(f"\n{variant.name}, {label} ({shown})", flush=True)
            start = time.monotonic()
            try:
                self._train_now(run, config, split)
            finally:
                self.seconds += time.monotonic() - start
                # Or each run would add its graphs to the process.
                keras.backend.clear_session()
                gc.collect()
            self._report(variant, label, run.read_evaluation())
        evaluation = run.read_evaluation()
        return {name: v for name, v in evaluation.items() if name != "meta"}

    def _train_now(self, run: RunFolder, config: Config, split: str) -> None:
        material = dataclasses.replace(
            self._material, graph=self._graph(config.class_encoder)
        )
        experiment = make_experiment(material, config, run)
        trainer = Trainer(experiment, run)
        before = trainer.state["step"]
        try:
            metrics, meta = train_and_evaluate(experiment, trainer, split)
        except Diverged as error:
            if split == "test":
                raise
            print(error)
            metrics, meta = {}, {"split": split, "diverged": str(error)}
        finally:
            steps = trainer.state["step"] - before
            self._epochs_trained += steps / experiment.pipeline.steps_per_epoch
        write_evaluation(run.evaluation_file, metrics, meta)

    def _report(self, variant: Variant, label: str, evaluation: dict) -> None:
        """Prints a line about a finished run, and how long the others will take."""
        left = [
            epochs
            for path, epochs in self._planned()
            if not RunFolder(path).evaluation_file.exists()
        ]
        names = ["image_to_text_R@1", "text_to_image_R@1"] * variant.shares_space
        shown = [
            f"{name.replace('_to_', '->')} {evaluation[name]:.4f}"
            for name in (*names, "fusion_accuracy")
            if name in evaluation
        ]
        runs = len(list(self._planned()))
        line = f"{variant.name}, {label}: {evaluation['meta']['split']} rows, "
        line += f"{', '.join(shown) or 'diverged'} | {runs - len(left)} of {runs} runs"
        if left and self._epochs_trained:
            each = self.seconds / self._epochs_trained
            line += f", {clock(each * sum(left))} left"
        print(line, flush=True)

    def _planned(self) -> Iterator[tuple[Path, int]]:
        """Lists all run folders, each with its epochs; what is copied takes none."""
        trials = self._budget.trials if self._budget.trials > 1 else 0
        for variant in self._variants:
            for number in range(trials):
                yield self._trial_folder(variant, number), self._budget.trial_epochs
            for seed in self._seeds():
                copied = seed == self._first and trials and self._trials_are_whole()
                epochs = 0 if copied else self._config.training.epochs
                yield self._folder / variant.name / f"seed-{seed}", epochs

    def _seeds(self) -> range:
        return range(self._first, self._first + self._budget.seeds)

    def _trials_are_whole(self) -> bool:
        """Says whether the best trial is the first seed's training."""
        return self._budget.trial_epochs == self._config.training.epochs

    def _trial_folder(self, variant: Variant, number: int) -> Path:
        return self._folder / variant.name / "trials" / str(number)

    def _of(self, variant: Variant, settings: dict) -> Config:
        return changed(self._config, {**variant.changes, **settings})

    def _settings(self, config: Config, variant: Variant) -> dict:
        if variant.name in sweep.SPACE:
            return {key: config.value(key) for key in sweep.keys(variant.name)}
        return {key: config.value(key) for key in variant.changes}

    @functools.cached_property
    def _material(self) -> Material:
        """The encoded catalogue, once for all runs, checked for what they need."""
        first = self._of(self._variants[0], {})
        rejected = RunFolder(self._folder).rejected_file
        material = read_material(first, rejected, features_in_ram)
        names = material.catalog.class_names
        for variant in self._variants:
            make_objective(self._of(variant, {}), material.graph, names)
        needed = ["test"] + ["validation"] * (self._budget.trials > 1)
        for split in needed:
            if not len(material.pipeline.split[split]):
                raise InputError(
                    f"{self._config.data.csv}: no row has split '{split}', which a "
                    f"comparison needs; set data.{split}_fraction"
                    + (", or `trials` 0" if split == "validation" else "")
                )
        return material

    def _graph(self, config: ClassEncoderConfig) -> np.ndarray:
        """A, made once for each way to make it."""
        if config not in self._graphs:
            catalog = self._material.catalog
            whole = dataclasses.replace(self._config, class_encoder=config)
            whole = whole.settled(catalog.separator)
            self._graphs[config] = class_graph(whole, catalog.class_names)
        return self._graphs[config]


def best_trial(trials: Sequence[Trial]) -> int:
    """Returns which trial to choose, the first of equals."""
    scores = [-np.inf if trial.score is None else trial.score for trial in trials]
    return int(np.argmax(scores))


def copy_run(source: Path, target: Path) -> None:
    """Copies a trained run, without its evaluation, whole or not at all."""
    if target.exists():
        return
    beside = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(
        source, beside, ignore=shutil.ignore_patterns("lock", "evaluation.json")
    )
    os.rename(beside, target)
