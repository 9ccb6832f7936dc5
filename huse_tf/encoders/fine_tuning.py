"""Which variables of an image backbone train."""

import keras

from huse_tf.errors import InputError


def freeze(network: keras.Layer, fine_tune: str, train_batch_norm: bool) -> None:
    """Makes trainable what is to be fine-tuned, and nothing else.

    A frozen batch-norm layer keeps its statistics, and normalises with them.

    Args:
        network: a Keras model, or a TFSMLayer.
        fine_tune: none | last_N (the last N layers with weights; frozen batch-norm
            layers do not count) | all.
        train_batch_norm: whether batch-norm layers train as other layers do.

    Raises:
        InputError: there is nothing to train, there are fewer than N layers, or
            batch-norm layers are to train and there are none.
    """
    if fine_tune == "none":
        network.trainable = False
        return
    network.trainable = True
    if isinstance(network, keras.layers.TFSMLayer):
        if train_batch_norm:
            raise InputError(
                "image_encoder.train_batch_norm = yes: a TF-Hub model normalises with "
                "the statistics it came with; set it to no, or use a .keras file"
            )
        parts = _variables_by_layer(network)
    else:
        parts = _layers(network, train_batch_norm)
    kept = _last(parts, fine_tune)
    for part in parts[: len(parts) - kept]:
        for unit in part:
            unit.trainable = False


def _last(parts: list, fine_tune: str) -> int:
    """Returns how many of the last parts train."""
    wanted = len(parts)
    if fine_tune != "all":
        wanted = int(fine_tune.removeprefix("last_"))
    if not parts or wanted > len(parts):
        raise InputError(
            f"image_encoder.fine_tune = {fine_tune}: the encoder has {len(parts)} "
            "layers that can train; use "
            + ("a smaller number or all" if parts else "none, or another encoder")
        )
    return wanted


def _layers(network: keras.Model, train_batch_norm: bool) -> list[list[keras.Layer]]:
    """Returns the layers that can train, in order; freezes batch-norm if asked."""
    leaves = _leaves(network)
    norms = [x for x in leaves if isinstance(x, keras.layers.BatchNormalization)]
    if train_batch_norm and not norms:
        raise InputError(
            "image_encoder.train_batch_norm = yes: the encoder has no batch-norm "
            "layers (those of embedded are folded into its kernels); set it to no"
        )
    if not train_batch_norm:
        for norm in norms:
            norm.trainable = False
    return [[layer] for layer in leaves if layer.trainable_weights]


def _leaves(network: keras.Model) -> list[keras.Layer]:
    leaves = []
    for layer in network.layers:
        leaves += _leaves(layer) if isinstance(layer, keras.Model) else [layer]
    return leaves


def _variables_by_layer(module: keras.layers.TFSMLayer) -> list[list[keras.Variable]]:
    """Groups a SavedModel's variables by their names less the last word.

    Those of batch-norm layers, told by a moving mean, are frozen.
    """
    groups: dict[str, list[keras.Variable]] = {}
    for variable in module.trainable_weights:
        groups.setdefault(variable.name.rpartition("_")[0], []).append(variable)
    fixed = {variable.name.split(":")[0] for variable in module.non_trainable_weights}
    norms = {layer for layer in groups if f"{layer}_moving_mean" in fixed}
    for layer in norms:
        for variable in groups.pop(layer):
            variable.trainable = False
    return list(groups.values())
