"""Small SavedModels with the interfaces of TF-Hub's text models, and a round trip."""

import numpy as np
import tensorflow as tf

WIDTH = 6
CLS, SEP = 1, 2


def save_preprocessor(folder):
    """Words are lower-case and split at blanks; each letter is one token."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def tokenize(sentences):
        words = tf.strings.split(tf.strings.lower(sentences))
        letters = tf.strings.unicode_decode(words.values, "UTF-8")
        return words.with_values(letters.with_values(letters.values % 97 + 3))

    ragged = tf.RaggedTensorSpec([None, None, None], tf.int32, 2, tf.int64)

    @tf.function(input_signature=[[ragged], tf.TensorSpec([], tf.int32)])
    def bert_pack_inputs(segments, seq_length):
        tokens = segments[0].merge_dims(1, 2)[:, : seq_length - 2]
        ends = tf.ones([tokens.nrows(), 1], tf.int32)
        ids = tf.concat([ends * CLS, tokens, ends * SEP], axis=1)
        shape = tf.stack([-1, seq_length])
        dense = ids.to_tensor(shape=shape)
        mask = tf.ones_like(ids).to_tensor(shape=shape)
        return {
            "input_word_ids": dense,
            "input_mask": mask,
            "input_type_ids": tf.zeros_like(dense),
        }

    module = tf.train.Checkpoint()
    module.tokenize = tokenize
    module.bert_pack_inputs = bert_pack_inputs
    tf.saved_model.save(module, str(folder))
    return str(folder)


def save_bert(folder, n_layers=5, layer_name="transformer/layer_{}/kernel"):
    """Each layer adds tanh(W (token + mean of real tokens)); dropout in training."""
    draw = np.random.default_rng(5)

    def variable(name, *shape):
        return tf.Variable(draw.normal(size=shape), dtype=tf.float32, name=name)

    embeddings = variable("word_embeddings/embeddings", 100, WIDTH)
    kernels = [variable(layer_name.format(i), WIDTH, WIDTH) for i in range(n_layers)]
    pooler = variable("pooler_transform/kernel", WIDTH, WIDTH)

    def encode(inputs, training=False):
        mask = tf.cast(inputs["input_mask"], tf.float32)[:, :, None]
        tokens, outputs = tf.gather(embeddings, inputs["input_word_ids"]), []
        for kernel in kernels:
            mean = tf.reduce_sum(tokens * mask, 1, keepdims=True)
            mean /= tf.reduce_sum(mask, 1, keepdims=True)
            tokens = tokens + tf.tanh((tokens + mean) @ kernel)
            outputs.append(tokens)
        if training:
            tokens = tf.nn.dropout(tokens, 0.5)
        pooled = tf.tanh(tokens[:, 0] @ pooler)
        return {
            "sequence_output": tokens,
            "pooled_output": pooled,
            "default": pooled,
            "encoder_outputs": outputs,
        }

    module = tf.train.Checkpoint()
    module.variables = [embeddings, *kernels, pooler]
    module.trainable_variables = [embeddings, *kernels, pooler]
    module.__call__ = tf.function(encode)
    ids = tf.TensorSpec([None, None], tf.int32)
    names = ("input_word_ids", "input_mask", "input_type_ids")
    for training in (False, True):
        specs = {name: ids for name in names}
        module.__call__.get_concrete_function(specs, training=training)
    tf.saved_model.save(module, str(folder))
    return str(folder)


def save_sentence_encoder(folder):
    """Features: number of bytes, number of words."""

    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            n_words = tf.strings.split(texts).row_lengths()
            sizes = [tf.strings.length(texts), tf.cast(n_words, tf.int32)]
            return tf.cast(tf.stack(sizes, axis=1), tf.float32)

    tf.saved_model.save(Module(), str(folder))
    return str(folder)


def encode(encoder, texts):
    """Host part and model part, one batch: float32 [B, dim]."""
    prepared = encoder.prepare(tf.constant(texts, tf.string))
    return encoder(prepared, training=False).numpy()


def encode_exported(encoder, folder, texts):
    """The same through a SavedModel of the encoder, in batches of 1 and the rest."""

    class Served(tf.Module):
        def __init__(self):
            super().__init__()
            self.encoder = encoder

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def embed(self, texts):
            return self.encoder(self.encoder.prepare(texts), training=False)

    tf.saved_model.save(Served(), str(folder))
    served = tf.saved_model.load(str(folder))
    batches = (tf.constant(texts[:1]), tf.constant(texts[1:]))
    return np.concatenate([served.embed(batch) for batch in batches])
