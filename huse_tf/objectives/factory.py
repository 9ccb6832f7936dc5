"""From [objective] and [loss] to an objective, the project's or the user's own."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from huse_tf.class_embeddings import class_embeddings_from_graph
from huse_tf.errors import InputError
from huse_tf.metrics.registry import metric
from huse_tf.objectives.base import Objective
from huse_tf.objectives.registry import OBJECTIVES
from huse_tf.registry import is_own, own_class, own_code


class Settings(Protocol):
    """What is read of a config: objective.name, towers.embedding_dim, any key."""

    objective: Any
    towers: Any
    training: Any

    def value(self, key: str) -> Any:
        """Returns the value of "section.key"."""


def make_objective(
    config: Settings, graph: np.ndarray, class_names: Sequence[str]
) -> Objective:
    """Builds the objective that objective.name says.

    Args:
        config: objective, loss, towers.embedding_dim and training.best_metric are
            read.
        graph: float32 [K, K], A. Class embeddings psi are placed by it, see
            `class_embeddings_from_graph`.
        class_names: [K], for messages.

    Raises:
        InputError: psi does not fit into towers.embedding_dim, the objective does not
            report training.best_metric, or the user's own is no `Objective`.
    """

    def embed() -> np.ndarray:
        dim = config.towers.embedding_dim
        return class_embeddings_from_graph(graph, dim, class_names)

    name = config.objective.name
    if is_own(name):
        objective = _make_own(name, config, graph, embed)
        _check_own(name, objective, config.towers.embedding_dim, len(class_names))
    else:
        places, weights = _arguments(name, config, graph, embed)
        objective = OBJECTIVES[name].load()(*places, **weights)
    best = config.training.best_metric
    wanted = metric(best)
    is_term = not wanted.maker
    if (is_term and best not in objective.names) or (
        "classifier" in wanted.needs and not objective.classifies
    ):
        raise InputError(
            f"training.best_metric = {best}: objective.name = {name} "
            f"does not report it; its losses are {', '.join(objective.names)}, and "
            "every objective reports the retrieval metrics, such as image_to_text_R@1"
        )
    return objective


def _arguments(
    name: str, config: Settings, graph: np.ndarray, embed: Callable[[], np.ndarray]
) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Returns what a registered class takes: where the classes are, and its keys.

    A key such as objective.triplet_margin is the class's argument `margin`.
    """
    entry = OBJECTIVES[name]
    places = {"graph": lambda: [graph], "embeddings": lambda: [embed()], "": list}
    keys = {
        key.partition(".")[2].removeprefix(f"{name}_"): config.value(key)
        for key in entry.keys
    }
    return places[entry.classes](), keys


def _make_own(
    name: str, config: Settings, graph: np.ndarray, embed: Callable[[], np.ndarray]
) -> Objective:
    """Builds the user's class as the registered one that it derives from is built.

    One of no such base takes A, and has its weights in its own code.
    """
    folder = getattr(name, "folder", None)
    made = own_class("objective.name", name, Objective, folder)
    registered = {entry.load(): known for known, entry in OBJECTIVES.items()}
    base = next((registered[b] for b in made.__mro__ if b in registered), None)
    places, keys = [graph], {}
    if base is not None:
        places, keys = _arguments(base, config, graph, embed)
    with own_code(f"objective.name = {name}: making it", made.__module__):
        return made(*places, **keys)


def _check_own(name: str, objective: Objective, dim: int, classes: int) -> None:
    """Raises where the user's objective does not keep to `Objective`'s contract."""
    names = tuple(objective.names)
    if names[:1] != ("loss",) or not all(n.endswith("_loss") for n in names[1:]):
        raise InputError(
            f"objective.name = {name}: expected `names` to be loss and terms that end "
            f"in _loss, all of them minimised, received {names}"
        )
    rows = tf.one_hot([0, 1], dim)
    logits = tf.zeros([2, classes])
    outputs = {
        **dict.fromkeys(("image_embedding", "text_embedding"), rows),
        **dict.fromkeys(("image_logits", "text_logits"), logits),
    }
    labels = tf.constant([0, classes - 1], tf.int32)
    with own_code(
        f"objective.name = {name}: its terms of two products",
        type(objective).__module__,
    ):
        scalars = {
            n: tf.convert_to_tensor(v) for n, v in objective(outputs, labels).items()
        }
    wrong = sorted(set(scalars) ^ set(names)) + [
        f"{n} ({v.dtype.name} {v.shape})"
        for n, v in scalars.items()
        if v.shape.rank != 0 or v.dtype != tf.float32
    ]
    if wrong:
        raise InputError(
            f"objective.name = {name}: expected a float32 scalar for each of "
            f"{', '.join(names)}; wrong or on one side only: {', '.join(wrong)}"
        )
