"""What is optimised: HUSE and the methods that it is compared with."""

from collections.abc import Callable, Sequence

import numpy as np

from huse_tf.class_embeddings import class_embeddings_from_graph
from huse_tf.config import Config
from huse_tf.errors import InputError
from huse_tf.objectives.base import Objective
from huse_tf.objectives.baselines import AdaMine, Cme, Devise, Hie, Separate, Triplet
from huse_tf.objectives.huse import Huse, HuseP

__all__ = [
    "AdaMine",
    "Cme",
    "Devise",
    "Hie",
    "Huse",
    "HuseP",
    "Objective",
    "Separate",
    "Triplet",
    "make_objective",
]

Embed = Callable[[], np.ndarray]
_MAKERS: dict[str, Callable[[Config, np.ndarray, Embed], Objective]] = {
    "huse": lambda config, graph, embed: Huse(
        graph,
        alpha=config.loss.alpha,
        beta=config.loss.beta,
        gamma=config.loss.gamma,
        margin=config.loss.margin,
        graph_margin=config.loss.graph_margin,
    ),
    "huse_p": lambda config, graph, embed: HuseP(
        embed(),
        alpha=config.loss.alpha,
        beta=config.loss.beta,
        gamma=config.loss.gamma,
    ),
    "triplet": lambda config, graph, embed: Triplet(
        margin=config.objective.triplet_margin
    ),
    "cme": lambda config, graph, embed: Cme(
        margin=config.objective.cme_margin,
        positive_share=config.objective.cme_positive_share,
        classification_weight=config.objective.cme_classification_weight,
    ),
    "adamine": lambda config, graph, embed: AdaMine(
        margin=config.objective.adamine_margin,
        class_weight=config.objective.adamine_class_weight,
    ),
    "devise": lambda config, graph, embed: Devise(
        embed(), margin=config.objective.devise_margin
    ),
    "hie": lambda config, graph, embed: Hie(
        embed(), classification_weight=config.objective.hie_classification_weight
    ),
    "separate": lambda config, graph, embed: Separate(),
}


def make_objective(
    config: Config, graph: np.ndarray, class_names: Sequence[str]
) -> Objective:
    """Builds the objective that objective.name says.

    Args:
        config: objective, loss, towers.embedding_dim and training.best_metric are
            read.
        graph: float32 [K, K], A. Class embeddings psi are placed by it, see
            `class_embeddings_from_graph`.
        class_names: [K], for messages.

    Raises:
        InputError: psi does not fit into towers.embedding_dim, or the objective does
            not report training.best_metric.
    """

    def embed() -> np.ndarray:
        dim = config.towers.embedding_dim
        return class_embeddings_from_graph(graph, dim, class_names)

    objective = _MAKERS[config.objective.name](config, graph, embed)
    best = config.training.best_metric
    if (best.endswith("_loss") and best not in objective.names) or (
        best.endswith("_accuracy") and not objective.classifies
    ):
        raise InputError(
            f"training.best_metric = {best}: objective.name = {config.objective.name} "
            f"does not report it; its losses are {', '.join(objective.names)}, and "
            "every objective reports the retrieval metrics, such as image_to_text_R@1"
        )
    return objective
