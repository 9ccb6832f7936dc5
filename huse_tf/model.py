"""The model: the network, and one place that computes the losses."""

from typing import Any

import keras
import tensorflow as tf

from huse_tf import replicas
from huse_tf.by_group import grouped
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.objectives import Objective
from huse_tf.presence import Present
from huse_tf.towers import SharedClassifier


@keras.saving.register_keras_serializable("huse_tf")
class HuseModel(keras.Model):
    """The network with its objective, and the encoders where these train along.

    A batch is a dict: "label" int32 [B]; "image" and "text", the features, float32
    [B, D_i] and [B, D_t], or, for a modality whose encoder is inside, what that
    encoder's `prepare` returned; and, where a text may come twice in a batch, "text_id"
    int64 [B], the same number where the text is the same. Where products may lack a
    modality, "has_image" and "has_text", bool [B], say which have it. What stands in
    the place of one that is not there must be finite: its embedding is a zero vector,
    and no loss counts it.

    `compile`, `fit`, `evaluate`, `predict` and callbacks are Keras's. What they report
    is each loss's mean over the rows: a batch counts by its rows. Terms over the pairs
    of a batch, such as eq. 9, and terms over the products of a batch that have a
    modality, are thereby the batches' own, weighted by their rows.
    """

    def __init__(
        self,
        network: keras.Model,
        objective: Objective,
        *,
        image_encoder: ImageEncoder | None = None,
        text_encoder: TextEncoder | None = None,
    ):
        """Takes the parts.

        Args:
            network: from `towers.embedding_network`.
            objective: outputs and labels to named scalars.
            image_encoder: given if batches hold pixels instead of image features.
            text_encoder: given if batches hold tokens instead of text features.

        Raises:
            ValueError: the objective is none, does not keep to its contract, or does
                not fit the network's classifier.
        """
        super().__init__(name="huse")
        _check_fit(network, objective)
        self.network = network
        self.objective = objective
        self._of_objective = list(objective.variables)  # Keras tracks lists, not tuples
        self.image_encoder = image_encoder
        self.text_encoder = text_encoder
        self._means = [keras.metrics.Mean(name=name) for name in objective.names]
        self.built = True

    def call(self, batch: dict, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the embeddings and logits of a batch; "label" is not read."""
        image, text = batch["image"], batch["text"]
        if self.image_encoder is not None:
            image = self.image_encoder(image, training=training)
        if self.text_encoder is not None:
            text = self.text_encoder(text, training=training)
        outputs = self.network({"image": image, "text": text}, training=training)
        present = self.present(batch)
        if present is None:
            return outputs
        embeddings = {
            name: outputs[name] * tf.cast(has, tf.float32)[:, None]
            for name, has in zip(
                ("image_embedding", "text_embedding"), present, strict=True
            )
        }
        return {**outputs, **embeddings}

    @staticmethod
    def present(batch: dict) -> Present | None:
        """Says which products of a batch have which modality; None: all have both."""
        given = [batch.get("has_image"), batch.get("has_text")]
        if all(has is None for has in given):
            return None
        all_have = tf.ones_like(batch["label"], tf.bool)
        return Present(
            *(all_have if has is None else tf.cast(has, tf.bool) for has in given)
        )

    def losses_of(self, batch: dict, training: bool) -> dict[str, tf.Tensor]:
        """Returns the objective's named scalars, for training and validation alike."""
        return self.judged(self(batch, training=training), batch)

    def judged(self, outputs: dict, batch: dict) -> dict[str, tf.Tensor]:
        """Returns the objective's named scalars of the outputs that a batch gave."""
        return self.objective(
            outputs, batch["label"], batch.get("text_id"), self.present(batch)
        )

    @property
    def groups(self) -> dict[str, list[keras.Variable]]:
        """What trains, by the optimizer that it shares.

        Network and objective have one, and so has each encoder that trains along.
        """
        own = [*self.network.trainable_variables, *self._of_objective]
        groups = {"network": own}
        for name in ("image_encoder", "text_encoder"):
            encoder = getattr(self, name)
            if encoder is not None and encoder.trainable_variables:
                groups[name] = encoder.trainable_variables
        return groups

    @property
    def multipliers(self) -> dict[str, float]:
        """Factors on the learning rate, by group."""
        return {
            name: getattr(getattr(self, name), "learning_rate_multiplier", 1.0)
            for name in self.groups
        }

    def compile(
        self,
        optimizer: Any = "rmsprop",
        *,
        auto_scale_loss: bool = True,
        jit_compile: bool = False,
        **settings: Any,
    ) -> None:
        """Gives each group of variables its optimizer.

        Args:
            optimizer: a Keras name or instance, of which each encoder that trains along
                takes a copy, its learning rate times the encoder's
                `learning_rate_multiplier`; or a dict of one for each of `groups`.
            auto_scale_loss: whether the loss is scaled where towers are float16. One
                scale serves all groups: an overflow in any skips the step of all.
            jit_compile: whether to use XLA, which knows no strings.
            **settings: run_eagerly and steps_per_execution, as Keras has them.

        Raises:
            ValueError: a loss or metrics are given, or optimizers of other groups.
        """
        for name in ("loss", "loss_weights", "metrics", "weighted_metrics"):
            if settings.pop(name, None) is not None:
                raise ValueError(
                    f"{name} must be left out: the objective computes the losses, and "
                    "`evaluation.evaluate` the metrics"
                )
        groups = self.groups
        sizes = {name: len(variables) for name, variables in groups.items()}
        chosen = grouped(optimizer, self.multipliers, sizes)
        scales = isinstance(chosen, keras.optimizers.LossScaleOptimizer)
        if auto_scale_loss and not scales and _has_float16(self.network):
            chosen = keras.optimizers.LossScaleOptimizer(chosen)
        super().compile(
            optimizer=chosen,
            auto_scale_loss=False,
            jit_compile=jit_compile,
            **settings,
        )
        if not chosen.built:
            chosen.build([v for group in groups.values() for v in group])

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model as it was compiled when it was saved."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def optimise(self, batch: dict) -> dict[str, tf.Tensor]:
        """Takes one optimisation step and returns the losses before it.

        Several replicas, as in a `tf.distribute.Strategy.run`, take it together: the
        losses are of all their rows.
        """
        variables = [v for group in self.groups.values() for v in group]
        with tf.GradientTape() as tape:
            outputs = self(batch, training=True)
            losses = self.judged(*replicas.gathered(outputs, batch))
            scaled = self.optimizer.scale_loss(replicas.share_of(losses["loss"]))
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return losses

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Takes one step of Keras's `fit` and returns the epoch's means so far."""
        _check_batch(batch)
        return self._mean(batch, self.optimise(batch))

    def test_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Takes in one batch of Keras's `evaluate`, and returns the means so far."""
        _check_batch(batch)
        return self._mean(batch, self.losses_of(batch, training=False))

    def _mean(self, batch: dict, losses: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        rows = tf.shape(batch["label"])[0]
        for mean in self._means:
            mean.update_state(losses[mean.name], sample_weight=rows)
        return {mean.name: mean.result() for mean in self._means}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """A mean for each of the objective's names."""
        return list(self._means)

    def get_config(self) -> dict[str, Any]:
        """Returns what rebuilds the model.

        Raises:
            NotImplementedError: an encoder inside cannot be rebuilt from its config.
        """
        parts = {"network": self.network, "objective": self.objective}
        for name in ("image_encoder", "text_encoder"):
            encoder = parts[name] = getattr(self, name)
            if encoder is not None and "get_config" not in vars(type(encoder)):
                raise NotImplementedError(
                    f"{name} inside of a HuseModel cannot be saved with it: "
                    f"{type(encoder).__name__} has no get_config. Save the weights "
                    "(model.save_weights, or ModelCheckpoint with "
                    "save_weights_only=True) and build the model again to load them, "
                    "or train with train.py, whose run folder holds everything"
                )
        serialize = keras.saving.serialize_keras_object
        return {name: serialize(part) for name, part in parts.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects=None) -> "HuseModel":
        """Builds what `get_config` was asked about."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(
            **{name: deserialize(v, custom_objects) for name, v in config.items()}
        )

    def export(self, filepath, format="tf_saved_model", **settings) -> None:
        """Exports the network: features in, embeddings and logits out.

        Args:
            filepath: folder of the SavedModel.
            format: as Keras has it.
            **settings: as Keras has them.

        Raises:
            NotImplementedError: an encoder is inside.
        """
        if self.image_encoder is not None or self.text_encoder is not None:
            raise NotImplementedError(
                "A HuseModel with an encoder inside takes what `prepare` returned, "
                "which no server has: export a run of train.py with export.py, which "
                "takes picture files and strings, or model.network, which takes "
                "features"
            )
        self.network.export(filepath, format=format, **settings)


def _check_fit(network: keras.Model, objective: Objective) -> None:
    """Raises ValueError where an objective is none or is not for this network."""
    if not isinstance(objective, Objective):
        raise ValueError(f"objective must be an Objective. Received: {objective!r}")
    found = [x for x in network.layers if isinstance(x, SharedClassifier)]
    if found:
        trained = "separate" if len(found) > 1 else "shared"
        received = trained if found[0].trainable else "untrained"
        if objective.classifier != received:
            raise ValueError(
                f'network must be built with classifier="{objective.classifier}" for '
                f'{type(objective).__name__}. Received: classifier="{received}"'
            )
        if objective.classes not in (None, found[0].classes):
            raise ValueError(
                f"network must have the {objective.classes} classes of "
                f"{type(objective).__name__}. Received: {found[0].classes} classes"
            )
    # Two rows that say nothing: a contract that is not kept shows here, in one line,
    # and not under the traceback of a step.
    outputs = {
        name: tf.zeros([2, *output.shape[1:]], output.dtype)
        for name, output in network.output.items()
    }
    objective(outputs, tf.zeros([2], tf.int32))


def _check_batch(batch: Any) -> None:
    needed = ("image", "text", "label")
    if not isinstance(batch, dict) or any(name not in batch for name in needed):
        received = ", ".join(batch) if isinstance(batch, dict) else type(batch).__name__
        raise ValueError(
            f"a batch must be a dict of {', '.join(needed)}. Received: {received}"
        )


def _has_float16(network: keras.Layer) -> bool:
    """Says whether a layer, or one inside of it, computes in float16."""
    inside = map(_has_float16, getattr(network, "layers", ()))
    return network.compute_dtype == "float16" or any(inside)
