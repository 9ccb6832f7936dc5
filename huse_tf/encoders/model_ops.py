"""What a SavedModel would do beside computing: operations that reach out of it.

A SavedModel is a program. Most operations turn numbers into numbers; those listed here
read or write files, speak to the network, call Python or end the process, whenever a
model that holds them is loaded or answers.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from huse_tf.errors import InputError, first_line

_FILES = (
    "ReadFile WriteFile MatchingFiles MatchingFilesDataset WholeFileReader "
    "WholeFileReaderV2 TextLineReader TextLineReaderV2 FixedLengthRecordReader "
    "FixedLengthRecordReaderV2 TFRecordReader TFRecordReaderV2 LMDBReader Save "
    "SaveSlices Restore RestoreSlice TextLineDataset FixedLengthRecordDataset "
    "FixedLengthRecordDatasetV2 TFRecordDataset TFRecordDatasetV2 CSVDataset "
    "CSVDatasetV2 LMDBDataset SqlDataset SnapshotDataset SnapshotDatasetV2 "
    "SnapshotDatasetReader SnapshotNestedDatasetReader SnapshotChunkDataset "
    "ListSnapshotChunksDataset SaveDataset SaveDatasetV2 LoadDataset CacheDataset "
    "CacheDatasetV2 DatasetToTFRecord ImmutableConst "
    "GenerateVocabRemapping LoadAndRemapMatrix DecodeProtoV2 EncodeProto "
    "CreateSummaryFileWriter CreateSummaryDbWriter ImportEvent WriteSummary "
    "WriteScalarSummary WriteHistogramSummary WriteImageSummary WriteAudioSummary "
    "WriteGraphSummary WriteRawProtoSummary FlushSummaryWriter CloseSummaryWriter "
    "FileSystemSetConfiguration DistributedSave FixedUnigramCandidateSampler "
    "RecordInput"
)
_NETWORK = (
    "DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 "
    "DataServiceDatasetV4 RegisterDataset RegisterDatasetV2 RpcServer "
    "RpcServerStart RpcServerRegister RpcClient RpcCall RpcCheckStatus RpcGetValue "
    "DeleteRpcFutureResource DebugIdentity DebugIdentityV2 DebugIdentityV3 "
    "DebugNanCount DebugNumericSummary RemoteCall "
    "ConfigureDistributedTPU CollectiveInitializeCommunicator"
)
_PYTHON = "PyFunc PyFuncStateless EagerPyFunc"
_PROCESS = "Abort"
REACHING = frozenset(f"{_FILES} {_NETWORK} {_PYTHON} {_PROCESS}".split())
# Every SavedModel has these, to write and read its own variables; elsewhere they reach.
_OF_SAVERS = frozenset(("SaveV2", "RestoreV2", "MergeV2Checkpoints"))
_SAVERS = ("__inference__traced_save", "__inference__traced_restore")


def reaching(ops: Iterable[str]) -> list[str]:
    """Returns which of these operations reach out of a model, sorted."""
    return sorted({op for op in ops if _plain(op) in REACHING})


def check(where: str, path: str | Path, allowed: str) -> None:
    """Looks at what a SavedModel holds, without loading it.

    Args:
        where: "section.key = handle", to begin the message with.
        path: its folder.
        allowed: operations that may reach out, joined by commas.

    Raises:
        InputError: others do, or the file cannot be read.
    """
    names = {name.strip() for name in allowed.split(",")}
    found = [op for op in _reaching_in(_read(where, Path(path))) if op not in names]
    if found:
        key = f"{where.partition('.')[0]}.allowed_ops"
        raise InputError(
            f"{where}: this model is a program that reaches out of itself "
            f"({', '.join(found)}): it would touch files, the network or Python here "
            f"and wherever it is exported to. Set {key} = "
            f"{','.join(sorted({*found, *names} - {''}))} if you trust it, or use "
            "another model"
        )


def _plain(op: str) -> str:
    """An operation's name without what marks an earlier name of the same."""
    return op.removeprefix("Experimental")


def _read(where: str, path: Path):
    """Parses saved_model.pb, or saved_model.pbtxt."""
    from google.protobuf import message, text_format
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    try:
        if (path / "saved_model.pb").exists():
            saved.ParseFromString((path / "saved_model.pb").read_bytes())
        else:
            text = (path / "saved_model.pbtxt").read_text(encoding="utf-8")
            text_format.Parse(text, saved)
    except (message.DecodeError, text_format.ParseError, ValueError) as error:
        raise InputError(
            f"{where}: {path} cannot be loaded as a SavedModel: {first_line(error)}. "
            "Download it again, or use another encoder"
        ) from error
    return saved


def _reaching_in(saved) -> list[str]:
    found = set()
    for meta_graph in saved.meta_graphs:
        graph = meta_graph.graph_def
        called = set(_called(graph))
        for node in graph.node:
            if _does_reach(node):
                found.add(node.op)
        for function in graph.library.function:
            name = function.signature.name
            is_saver = name.startswith(_SAVERS) and name not in called
            for node in function.node_def:
                if _does_reach(node) or (node.op in _OF_SAVERS and not is_saver):
                    found.add(node.op)
    return sorted(found)


def _called(graph) -> Iterator[str]:
    """Yields the functions that other functions call, in whatever attribute."""
    for function in graph.library.function:
        for node in function.node_def:
            yield node.op
            for value in node.attr.values():
                yield value.func.name
                yield from (called.name for called in value.list.func)


def _does_reach(node) -> bool:
    if node.op == "PrintV2":  # which can write to a file
        return node.attr["output_stream"].s.startswith(b"file")
    return _plain(node.op) in REACHING
