"""Where the training of a catalogue's rows begins: at step 0, or where rows changed."""

from collections.abc import Mapping
from typing import Any

from huse_tf.catalog import Catalog
from huse_tf.run.pipelines import AT_ONCE, Begun, Pipeline


def note(pipeline: Pipeline, catalog: Catalog) -> dict[str, Any]:
    """Returns what a checkpoint's state keeps, under "rows", for `begun`."""
    return {
        "catalog": catalog.fingerprint,
        "steps_per_epoch": pipeline.steps_per_epoch,
        "begun": list(pipeline.begun),
    }


def begun(state: Mapping[str, Any] | None, catalog: Catalog) -> Begun:
    """Says where the training of a catalogue's rows begins.

    Args:
        state: of the checkpoint to go on from, if any; earlier versions' has no "rows".
        catalog: of today.

    Returns:
        Where it began, or, where the state is of other rows, its step, and the epochs
        finished by then; an epoch that was under way is left as it is.
    """
    if state is None or "rows" not in state:
        return AT_ONCE
    rows = state["rows"]
    before = Begun(*rows["begun"])
    if rows["catalog"] == catalog.fingerprint:
        return before
    taken = state["step"] - before.step
    return Begun(state["step"], before.epoch + taken // rows["steps_per_epoch"])
