"""The most important words of a long text, in the graph (section 4.1.1)."""

import tensorflow as tf


def split_sentences(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits after . ! ? and at line ends.

    Args:
        texts: string [B].

    Returns:
        string [B, (sentences)], none of them blank.
    """
    texts = tf.strings.regex_replace(texts, r"([.!?]['\")\]]*)\s+", "\\1\n")
    texts = tf.strings.regex_replace(texts, r"\s*[\r\n]\s*", "\n")
    texts = tf.strings.regex_replace(texts, r"^\s+|\s+$", "")
    sentences = tf.strings.split(texts, "\n")
    return tf.ragged.boolean_mask(
        sentences, sentences.with_values(tf.strings.length(sentences.values) > 0)
    )


def keep_salient(words: tf.RaggedTensor, limit: int) -> tf.RaggedTensor:
    """Keeps the words that say most about their sentences, in their order.

    Formula: score of word w in sentence s = tf_sw * ln((1 + S) / (1 + df_w))

    S counts the sentences of that one text, df_w those with w. Words are taken by
    falling score, ties in reading order, as long as their tokens fit into `limit`: a
    text that fits is returned whole.

    Args:
        words: int32 [B, (sentences), (words), (tokens)], tokens of each word.
        limit: tokens kept of a text, at least 1.

    Returns:
        int32 [B, (words), (tokens)].
    """
    by_sentence = words.values  # [all sentences, (words), (tokens)]
    flat = by_sentence.values  # [all words, (tokens)]
    sentence = by_sentence.value_rowids()  # [all words]
    text = tf.gather(words.value_rowids(), sentence)  # [all words]
    lengths = flat.row_lengths()  # [all words]
    n_sentences = tf.gather(words.row_lengths(), text)

    scores = _scores(_word_ids(flat), sentence, words.value_rowids(), n_sentences)
    order = tf.argsort(scores, direction="DESCENDING", stable=True)
    order = tf.gather(order, tf.argsort(tf.gather(text, order), stable=True))
    used = tf.cumsum(tf.gather(lengths, order))
    tokens_of_text = tf.math.unsorted_segment_sum(lengths, text, words.nrows())
    before = tf.cumsum(tokens_of_text, exclusive=True)
    fits = used - tf.gather(before, tf.gather(text, order)) <= limit
    keep = tf.scatter_nd(order[:, None], tf.cast(fits, tf.int32), tf.shape(order)) > 0

    return tf.RaggedTensor.from_value_rowids(
        tf.ragged.boolean_mask(flat, keep), tf.boolean_mask(text, keep), words.nrows()
    )


def _word_ids(words: tf.RaggedTensor) -> tf.Tensor:
    """Numbers equal words alike: [N, (tokens)] to int64 [N]."""
    spelled = tf.strings.reduce_join(tf.strings.as_string(words), 1, separator=" ")
    return tf.unique(spelled, out_idx=tf.int64).idx


def _scores(
    word: tf.Tensor,
    sentence: tf.Tensor,
    text_of_sentence: tf.Tensor,
    n_sentences: tf.Tensor,
) -> tf.Tensor:
    """Computes the score of each word occurrence.

    Args:
        word: int64 [N], equal for equal words.
        sentence: int64 [N], the sentence of each.
        text_of_sentence: int64 [sentences].
        n_sentences: int64 [N], sentences in the text of each.

    Returns:
        float32 [N].
    """
    n_words = tf.size(word, tf.int64)
    pairs, pair_of, in_sentence = tf.unique_with_counts(sentence * n_words + word)
    # each pair of sentence and word counts once in its text
    divisor = tf.maximum(n_words, 1)
    owners = tf.gather(text_of_sentence, pairs // divisor)
    _, owner_of, sentences_with = tf.unique_with_counts(
        owners * n_words + pairs % divisor
    )
    frequency = tf.cast(tf.gather(in_sentence, pair_of), tf.float32)
    with_word = tf.gather(sentences_with, tf.gather(owner_of, pair_of))
    rarity = tf.cast(1 + n_sentences, tf.float32) / tf.cast(1 + with_word, tf.float32)
    return frequency * tf.math.log(rarity)
