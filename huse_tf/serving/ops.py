"""Since which release TensorFlow, and TF Serving of the same number, knows an op."""

from collections.abc import Iterable

BASELINE = "2.12"

# What each release has and the one before has not: the ops exported by the
# gen_*_ops.py files in the tensorflow-cpu wheels 2.12.1, 2.13.1, ..., 2.20.0 and of
# tensorflow 2.21.0, the ops for TPUs (TPU*, Xla*, *SparseCore*) left out.
_NEW = {
    "2.13": "CollectiveAllToAllV2 DebugIdentityV3 RaggedFillEmptyRows "
    "RaggedFillEmptyRowsGrad RelayoutGrad SegmentMaxV2 SegmentMinV2 "
    "SnapshotChunkDataset",
    "2.14": "Conv RelayoutLike SparseSegmentMeanGradV2 SparseSegmentSqrtNGradV2 "
    "SparseSegmentSumGradV2 TFRecordDatasetV2",
    "2.15": "FFTND IFFTND IRFFTND RFFTND",
    "2.16": "DatasetFingerprint GlobalIterId ListSnapshotChunksDataset",
    "2.17": "GlobalShuffleDataset IndexFlatMapDataset IteratorGetModelProto "
    "WeightedFlatMapDataset",
    "2.18": "CheckPinned",
    "2.20": "DecodeWebP",
    "2.21": "DecodeJxl",
}
_SINCE = {op: release for release, ops in _NEW.items() for op in ops.split()}


def since(op: str) -> str:
    """Returns the oldest release known to have an op; BASELINE for older ones."""
    return _SINCE.get(op, BASELINE)


def oldest_release(ops: Iterable[str]) -> tuple[str, list[str]]:
    """Returns the oldest release that has all ops, and the ops that older ones lack."""
    ops = list(ops)
    oldest = max((since(op) for op in ops), key=_as_numbers, default=BASELINE)
    newest = [op for op in ops if since(op) == oldest != BASELINE]
    return oldest, newest


def _as_numbers(release: str) -> list[int]:
    return [int(part) for part in release.split(".")]
