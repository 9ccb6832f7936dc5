"""Writes the vectors of all products of a catalogue to files.

Example: {program} --run_dir runs/huse --to vectors

What is there already is not made again: interrupted, the same command goes on.
"""

from absl import flags

from huse_tf import cli

cli.define_run_dir()
cli.define_allow_code()
cli.define_engine()
_CSV = flags.DEFINE_string("csv", None, "Another catalogue than the run's own.")
_IMAGES = flags.DEFINE_string("images", None, "The folder of that CSV's pictures.")
_TO = flags.DEFINE_string("to", None, "The folder of the files.")
_FORMAT = flags.DEFINE_enum(
    "format", "parquet", ["parquet", "npy"], "Of the files, with all columns or ids."
)
_PART = flags.DEFINE_string("part", "1/1", "K/N: the K-th of N shares, K from 1.")
_DTYPE = flags.DEFINE_enum(
    "dtype",
    None,
    ["float32", "float16", "int8"],
    "Of the vectors; else export.vector_dtype.",
)


def main() -> None:
    """Embeds, writes, and says how many."""
    from huse_tf.bulk.request import read_request
    from huse_tf.bulk.tables import import_pyarrow

    request = read_request(_CSV.value, _IMAGES.value, _TO.value)
    if _FORMAT.value == "parquet":
        import_pyarrow()
    cluster = cli.cluster(alone=_PART.value == "1/1")
    cli.start_tensorflow()
    from huse_tf.bulk.embed import embed_catalogue
    from huse_tf.features.encode import read_part
    from huse_tf.run.restore import restore_run

    part = read_part(_PART.value)
    trained = restore_run(cli.run_dir(), cli.allow_code())
    if cluster:
        from huse_tf.bulk.by_ray import embed_by_ray

        code = cli.allow_code()
        embed_by_ray(trained, code, request, _FORMAT.value, _DTYPE.value, cluster)
        return
    embed_catalogue(trained, request, _FORMAT.value, part, _DTYPE.value)
