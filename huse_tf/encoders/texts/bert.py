"""BERT from TF-Hub: a preprocessor and an encoder that can be fine-tuned."""

import re

import keras
import tensorflow as tf

from huse_tf.encoders import hub, text_ops
from huse_tf.encoders.base import TextEncoder
from huse_tf.encoders.texts import limit, salient
from huse_tf.errors import InputError

INPUTS = ("input_word_ids", "input_mask", "input_type_ids")
N_SPECIAL = 2  # [CLS] and [SEP] around the text's own tokens
_LAYER = re.compile(r"\blayer_(\d+)\b")


class BertEncoder(TextEncoder):
    """Tokenises on the host; BERT and the pooling run with the model.

    `pooling` says how the tokens' vectors become one. last4 (section 4.1.1)
    concatenates the last four layers' outputs of each token and averages over the real
    tokens; mean averages the last layer's; pooled is BERT's own pooled_output.
    """

    def __init__(
        self,
        preprocess: str,
        handle: str,
        pooling: str,
        max_tokens: int,
        salient_tokens: int = 0,
        fine_tune: str = "none",
    ):
        """Loads preprocessor and encoder.

        Args:
            preprocess: TF-Hub URL or folder of the preprocessor.
            handle: TF-Hub URL or folder of the encoder.
            pooling: pooled | mean | last4.
            max_tokens: longer texts are cut to this many tokens, [CLS] and [SEP]
                included.
            salient_tokens: of a longer text the most important tokens are kept, this
                many or what max_tokens leaves beside [CLS] and [SEP]; 0 cuts its end.
            fine_tune: none | last_N | all: which transformer layers train.

        Raises:
            InputError: a handle cannot be reached or is no such model; fine_tune asks
                for what the encoder does not have.
        """
        super().__init__(trainable=fine_tune != "none", dtype="float32", autocast=False)
        for key, value in (("preprocess", preprocess), ("handle", handle)):
            if not value:
                raise InputError(
                    f"text encoder bert: {key} is empty; expected a TF-Hub URL or "
                    "folder"
                )
        self.pooling, self.max_tokens = pooling, max_tokens
        self._limit = min(salient_tokens, max_tokens - N_SPECIAL)
        text_ops.register(preprocess)
        self._preprocess = _load_preprocessor(preprocess)
        # what trains must not be shared with other encoders of this process
        self._model = (
            hub.load(handle)
            if fine_tune == "none"
            else hub.load_path(hub.resolve(handle))
        )
        self.dim = self._probe(handle)
        self.encoder_variables = self._register_variables(handle, fine_tune)
        self.identity = {
            "name": "bert",
            "preprocess": hub.digest(hub.resolve(preprocess)),
            "weights": hub.digest(hub.resolve(handle)),
            "pooling": pooling,
            "max_tokens": max_tokens,
            "salient_tokens": self._limit,
            "preprocessing": 1,
        }

    def prepare(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tokenises and pads to the longest text of the batch.

        Args:
            texts: string [B], UTF-8.

        Returns:
            input_word_ids, input_mask, input_type_ids: int32 [B, T], T <= max_tokens.
        """
        texts = limit.cut(texts)
        if self._limit:
            sentences = salient.split_sentences(texts)
            words = sentences.with_values(self._preprocess.tokenize(sentences.values))
            tokens = salient.keep_salient(words, self._limit)
        else:
            tokens = self._preprocess.tokenize(texts)
        lengths = tf.reduce_sum(tokens.with_values(tokens.values.row_lengths()), axis=1)
        longest = tf.reduce_max(tf.concat([lengths, [0]], axis=0))
        length = tf.minimum(tf.cast(longest, tf.int32) + N_SPECIAL, self.max_tokens)
        packed = self._preprocess.bert_pack_inputs([tokens], length)
        return {name: tf.ensure_shape(packed[name], [None, None]) for name in INPUTS}

    def call(self, prepared: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Runs BERT, always without its own dropout.

        The draws of dropout inside a SavedModel have no seed and cannot be given one:
        a run that is interrupted or repeated would become another run. The towers'
        dropout regularises instead.

        Args:
            prepared: what `prepare` returned.
            training: has no effect.

        Returns:
            float32 [B, dim].
        """
        inputs = {name: prepared[name] for name in INPUTS}
        outputs = self._model(inputs, training=False)
        if self.pooling == "pooled":
            return outputs["pooled_output"]
        if self.pooling == "last4":
            tokens = tf.concat(outputs["encoder_outputs"][-4:], axis=-1)  # [B, T, 4H]
        else:
            tokens = outputs["sequence_output"]  # [B, T, H]
        return masked_mean(tokens, inputs["input_mask"])

    def _probe(self, handle: str) -> int:
        """Encodes one text of the greatest length and returns the features' length."""
        ids = tf.ones([1, self.max_tokens], tf.int32)
        inputs = dict(zip(INPUTS, (ids, ids, tf.zeros_like(ids)), strict=True))
        expected = (
            f"{handle}: expected a TF-Hub BERT encoder for {self.max_tokens} tokens "
            f"with the outputs of pooling = {self.pooling}"
        )
        try:
            outputs = self._model(inputs, training=False)
            if self.pooling == "last4" and len(outputs["encoder_outputs"]) < 4:
                raise InputError(
                    f"{expected}; it has {len(outputs['encoder_outputs'])} layers; "
                    "use pooling = mean"
                )
            return self.call(inputs).shape[-1]
        except (TypeError, ValueError, KeyError, tf.errors.OpError) as error:
            reason = (str(error).splitlines() or ["no message"])[0]
            raise InputError(
                f"{expected}; encoding gave: {reason}. Check handle, max_tokens and "
                "pooling"
            ) from error

    def _register_variables(self, handle: str, fine_tune: str) -> list[keras.Variable]:
        """Shows the loaded variables to Keras, those that train as trainable."""
        trainable = list(getattr(self._model, "trainable_variables", []))
        if self.pooling != "pooled":
            trainable = [v for v in trainable if "pooler" not in v.name]
        chosen = {v.ref() for v in select_trainable(trainable, fine_tune, handle)}
        return [
            keras.Variable(
                variable,
                trainable=variable.ref() in chosen,
                dtype=variable.dtype.name,
                name=variable.name.split(":")[0].replace("/", "_"),
            )
            for variable in self._model.variables
        ]


def masked_mean(tokens: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Averages the real tokens.

    Args:
        tokens: float32 [B, T, H].
        mask: int32 [B, T], 1 for real tokens.

    Returns:
        float32 [B, H], zeros where there is no real token.
    """
    mask = tf.cast(mask, tokens.dtype)
    sums = tf.einsum("bth,bt->bh", tokens, mask)
    return tf.math.divide_no_nan(sums, tf.reduce_sum(mask, axis=1, keepdims=True))


def select_trainable(
    variables: list[tf.Variable], fine_tune: str, handle: str
) -> list[tf.Variable]:
    """Returns the variables that `fine_tune` names.

    The last N layers are told by names with "layer_<number>"; a pooler, where it is
    used, comes after them and trains with them.

    Args:
        variables: the encoder's trainable variables.
        fine_tune: none | last_N | all.
        handle: the encoder, for messages.

    Raises:
        InputError: nothing can be trained, the names do not tell the layers, or there
            are fewer than N.
    """
    if fine_tune == "none":
        return []
    if not variables:
        raise InputError(
            f"fine_tune = {fine_tune}: {handle} has no trainable variables; use "
            "fine_tune = none or an encoder made for fine-tuning"
        )
    if fine_tune == "all":
        return variables
    layer = {}
    for variable in variables:
        found = _LAYER.search(variable.name)
        if found:
            layer[variable.ref()] = int(found[1])
    numbers = sorted(set(layer.values()))
    wanted = int(fine_tune.removeprefix("last_"))
    if wanted > len(numbers):
        raise InputError(
            f"fine_tune = {fine_tune}: the variables of {handle} name {len(numbers)} "
            "transformer layers (layer_0, layer_1, ...); use a smaller number or "
            "fine_tune = all"
        )
    last = set(numbers[len(numbers) - wanted :])
    return [v for v in variables if layer.get(v.ref()) in last or "pooler" in v.name]


def _load_preprocessor(handle: str) -> object:
    """Loads a preprocessor and checks its interface."""
    preprocessor = hub.load(handle)
    for method in ("tokenize", "bert_pack_inputs"):
        if not hasattr(preprocessor, method):
            raise InputError(
                f"{handle}: expected a TF-Hub BERT preprocessor; it has no {method}. "
                "Check preprocess"
            )
    return preprocessor
