"""What came out of a variant's runs, over the seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from huse_tf.comparison.variants import Variant
from huse_tf.metrics.registry import MODALITIES


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Attributes:
        settings: "section.key" -> value; all that the sweep varies.
        score: of the validation rows, None where the training diverged.
    """

    settings: Mapping[str, Any]
    score: float | None


@dataclass(frozen=True)
class Outcome:
    """A row of the tables.

    Attributes:
        variant: what was trained.
        settings: "section.key" -> value, as chosen.
        trials: what they were chosen from, may be empty.
        seeds: seed -> the metrics of the test rows.
        folders: seed -> the run folder.
    """

    variant: Variant
    settings: Mapping[str, Any]
    trials: Sequence[Trial]
    seeds: Mapping[int, Mapping[str, float]]
    folders: Mapping[int, Path]

    @property
    def mean(self) -> dict[str, float]:
        """Means over the seeds of the metrics that mean something here."""
        return {name: float(np.mean(values)) for name, values in self._values()}

    @property
    def std(self) -> dict[str, float]:
        """Sample standard deviations over the seeds; none of a single seed."""
        if len(self.seeds) < 2:
            return {}
        return {name: float(np.std(v, ddof=1)) for name, v in self._values()}

    def _values(self) -> list[tuple[str, list[float]]]:
        runs = list(self.seeds.values())
        counts = ("n", "n_image", "n_text", "n_both", "n_queries")
        names = [name for name in runs[0] if name not in counts]
        if not self.variant.shares_space:
            names = [name for name in names if not _crosses(name)]
        return [(name, [run[name] for run in runs]) for name in names]


def _crosses(name: str) -> bool:
    """Says whether a metric compares images with texts."""
    first, second = MODALITIES
    return name in ("modal_gap", "balanced_retrieval") or name.startswith(
        (
            f"{first}_to_{second}",
            f"{second}_to_{first}",
            "words_to_image",
            "words_to_product",
        )
    )
