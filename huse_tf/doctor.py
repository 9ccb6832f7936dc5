"""Checks what a run needs, before hours are spent.

Example: {program} --config config.ini --set data.csv=/shop/catalog.csv

It takes the flags of the trainers. Exit status 1 where training would stop; every line
that says so begins with STOP.
"""

import collections
import importlib.metadata
import platform
import shutil
import sys
from pathlib import Path

import numpy as np
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from huse_tf import cli
from huse_tf.catalog import SPLITS, Catalog, read_catalog
from huse_tf.config import Config
from huse_tf.errors import InputError

PYTHON = SpecifierSet(">=3.11,<3.14")
SHOWN = 5  # classes and pictures named in a line
SMALL_CLASS = 10  # products; classes below it are counted
_REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"

cli.define_training_flags()


class Page:
    """Lines for the screen, and whether one of them stops a training."""

    def __init__(self) -> None:
        """Starts an empty page."""
        self.stops = False

    def head(self, title: str) -> None:
        """Prints a heading."""
        print(f"\n{title}")

    def line(self, name: str, value: object) -> None:
        """Prints what was found."""
        print(f"  {name:<18} {value}")

    def warn(self, message: str) -> None:
        """Prints what may be wrong."""
        print(f"  look at            {message}")

    def stop(self, message: str) -> None:
        """Prints what would stop a training."""
        self.stops = True
        print(f"  STOP               {cli.with_flags(message)}")


def check_versions(page: Page) -> None:
    """Compares what is installed with the ranges that were tried."""
    page.head("Versions")
    python = Version(platform.python_version())
    page.line("python", f"{python} (tried: {PYTHON})")
    if not PYTHON.contains(python, prereleases=True):
        page.warn(
            f"Python {python.major}.{python.minor} is outside of the tried {PYTHON}"
        )
    for requirement in requirements():
        tried = requirement.specifier
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            page.stop(
                f"{requirement.name} is not installed: pip install '{requirement.name}"
                f"{tried}'"
            )
            continue
        page.line(requirement.name, f"{version} (tried: {tried})")
        if not tried.contains(version, prereleases=True):
            page.warn(f"{requirement.name} {version} is outside of the tried {tried}")


def requirements() -> list[Requirement]:
    """Returns what the package requires on this platform."""
    if _REQUIREMENTS.exists():
        lines = _REQUIREMENTS.read_text(encoding="utf-8").splitlines()
        texts = [line.split(" #")[0].strip() for line in lines]
        texts = [text for text in texts if text and not text.startswith("#")]
    else:
        texts = importlib.metadata.requires("huse_tf") or []
    parsed = map(Requirement, texts)
    return [r for r in parsed if r.marker is None or r.marker.evaluate({"extra": ""})]


def check_devices(page: Page) -> None:
    """Names the devices that TensorFlow sees."""
    import tensorflow as tf

    from huse_tf.machine import device_name

    page.head("Devices")
    for device in tf.config.list_physical_devices():
        page.line(device.device_type, device_name(device))


def check_catalogue(page: Page, config: Config) -> Catalog | None:
    """Reads the catalogue and says what is in it."""
    from huse_tf.run.material import check_best_metric
    from huse_tf.training.fit import what_follows

    page.head("Catalogue")
    try:
        catalog = read_catalog(config.data)
    except InputError as error:
        page.stop(str(error))
        return None
    for line in catalog.summary().splitlines():
        print(f"  {line}")
    try:
        total = len(catalog) + len(catalog.rejected)
        catalog.check_bad_rows(config.data.max_bad_rows.limit(total))
    except InputError as error:
        page.stop(str(error))
    sizes = np.bincount(catalog.labels, minlength=len(catalog.class_names))
    page.line(
        "class sizes",
        f"{sizes.min():,} to {sizes.max():,}, median {np.median(sizes):,.0f}; "
        f"{np.count_nonzero(sizes < SMALL_CLASS):,} classes below {SMALL_CLASS}",
    )
    for title, order in (
        ("largest", np.argsort(-sizes)),
        ("smallest", sizes.argsort()),
    ):
        named = [f"{catalog.class_names[i]} {sizes[i]:,}" for i in order[:SHOWN]]
        page.line(title, ", ".join(named))
    rows = len(catalog.indices("train"))
    if rows == 0:
        page.stop(f"{config.data.csv}: no row has split 'train'; training needs some")
        return catalog
    batch = min(config.training.batch_size, rows)
    steps = rows // batch
    page.line(
        "an epoch",
        f"{steps:,} steps of {batch:,} products; {config.training.epochs:,} epochs "
        f"are {steps * config.training.epochs:,} steps",
    )
    for line in what_follows(config, {n: catalog.indices(n) for n in SPLITS}):
        page.warn(line)
    try:
        check_best_metric(config, catalog)
    except InputError as error:
        page.stop(str(error))
    return catalog


def check_pictures(page: Page, config: Config, catalog: Catalog) -> None:
    """Reads every picture file and looks for the same content twice."""
    from huse_tf.features.image_keys import PictureKeys
    from huse_tf.features.keys import sortable

    page.head("Pictures")
    names = PictureKeys(Path(config.features.folder), catalog.image_root)
    keys, unreadable = names.of(catalog.images, progress=True)
    if unreadable:
        first = next(iter(unreadable))
        page.warn(
            f"{len(unreadable):,} cannot be read, such as row {catalog.rows[first]}: "
            f"{unreadable[first]}"
        )
    readable = np.setdiff1d(np.flatnonzero(catalog.has_image), list(unreadable))
    flat = sortable(keys[readable])
    _, group, counts = np.unique(flat, return_inverse=True, return_counts=True)
    page.line(
        "different contents",
        f"{len(counts):,} in {len(readable):,} products; "
        f"{int((counts > 1).sum()):,} contents stand in several rows",
    )
    twice = readable[counts[group] > 1]
    by_content = collections.defaultdict(list)
    for row in twice.tolist():
        by_content[keys[row].tobytes()].append(row)
    for rows in sorted(by_content.values(), key=len, reverse=True)[:SHOWN]:
        numbers = ", ".join(str(catalog.rows[row]) for row in rows[:SHOWN])
        page.line(f"{len(rows):,} times", f"{catalog.images[rows[0]]}: rows {numbers}")
    leaks = sum(
        len({catalog.split[i] for i in rows}) > 1 for rows in by_content.values()
    )
    if leaks:
        page.warn(
            f"{leaks:,} contents stand in more than one split: what is tested was seen "
            "in training; without a split column data.split_together = pictures puts "
            "them into one"
        )


def check_rows(page: Page, catalog: Catalog) -> None:
    """Names rows in two splits, and counts what the run's report suspects."""
    from huse_tf.suspects.examining import examined

    for line in examined(catalog, cli.run_dir() / "report.html"):
        page.warn(line)


def check_encoders(
    page: Page, config: Config, catalog: Catalog | None
) -> dict[str, int]:
    """Builds the encoders, which downloads what is not cached, and lets them read.

    Args:
        page: what is found is printed there.
        config: the effective config.
        catalog: text encoders that learn from training texts are adapted to its, and
            1,000 of its texts and all class names are looked at.

    Returns:
        The lengths of the features by section, where these are known.
    """
    from huse_tf.encoders.images.factory import make_image_encoder
    from huse_tf.encoders.texts.factory import adapted_text_encoder, make_text_encoder
    from huse_tf.encoders.texts.unread import check_texts
    from huse_tf.run.material import class_graph

    page.head("Encoders")
    dims = {}
    for section in ("image_encoder", "text_encoder", "class_encoder"):
        settings = getattr(config, section)
        found = f"{settings.name}: there"
        try:
            if section == "image_encoder":
                encoder = make_image_encoder(settings)
            elif section == "text_encoder" and catalog is not None:
                texts = catalog.texts[catalog.indices("train")]
                encoder = adapted_text_encoder(settings, texts)
                unread = check_texts(settings, encoder, catalog.texts, catalog.rows)
                if unread:
                    page.warn(unread)
            elif section == "class_encoder" and catalog is not None:
                class_graph(config, catalog.class_names, page.warn)
                if settings.graph != "names":
                    found = f"not needed: graph = {settings.graph}"
            else:
                encoder = make_text_encoder(settings, section)
        except InputError as error:
            page.stop(str(error))
            continue
        if catalog is not None and section != "class_encoder":
            dims[section] = encoder.dim
        page.line(section, found)
    return dims


def check_disk(page: Page, config: Config, rows: int, dims: dict[str, int]) -> None:
    """Compares what the features take with what is free."""
    page.head("Disk")
    folder = Path(config.features.folder)
    free = shutil.disk_usage(_existing(folder)).free
    width = np.dtype(config.features.dtype).itemsize
    parts = [dims.get(name, 0) for name in ("image_encoder", "text_encoder")]
    needed = rows * width * sum(parts)
    page.line("features.folder", folder)
    page.line("features", f"{needed:,} bytes at most, {free:,} free")
    if needed > free:
        page.stop(
            f"features.folder {folder}: {needed:,} bytes may be needed, {free:,} are "
            "free; free some space, set features.dtype = float16, or name a folder on "
            "another disk"
        )


def _existing(folder: Path) -> Path:
    """Returns the folder, or the nearest above it that is there."""
    return next(f for f in (folder, *folder.absolute().parents) if f.exists())


def examine() -> bool:
    """Prints the page.

    Returns:
        Whether a training would start.
    """
    page = Page()
    check_versions(page)
    if page.stops:
        return False
    cli.start_tensorflow()
    check_devices(page)
    config = cli.training_config()
    catalog = check_catalogue(page, config)
    if catalog is not None:
        config = config.settled(catalog.separator)
    dims = check_encoders(page, config, catalog)
    if catalog is not None:
        check_disk(page, config, len(catalog), dims)
        if not page.stops:
            check_pictures(page, config, catalog)
            check_rows(page, catalog)
    print("\nTraining would stop." if page.stops else "\nTraining can start.")
    return not page.stops


def main() -> None:
    """Prints the page; raises InputError where training would stop."""
    if not examine():
        raise InputError("training would stop: see the lines that begin with STOP")


if __name__ == "__main__":
    cli.run(sys.modules[__name__], "python -m huse_tf.doctor")
