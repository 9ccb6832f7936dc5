"""Takes the pictures of docs/ from a run: report and TensorBoard.

Example: python train.py -e 400 && python -m tools.screenshots runs/huse
Needs Chromium (Debian: apt-get install chromium) and a run with a report.
"""

import argparse
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from huse_tf.training.tensorboard.board import FOLDER

ROOT = Path(__file__).parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--hide-scrollbars", "--enable-unsafe-swiftshader"),
)
START_SECONDS = 90


def main() -> None:
    """Takes all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="the folder of a run")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    arguments = parser.parse_args()
    run, docs = arguments.run.resolve(), arguments.docs.resolve()

    report = (run / "report.html").as_uri()
    shoot(report, docs / "report.png", 1180, 3150)
    write_grids(run, docs)
    port = free_port()
    tensorboard = [sys.executable, "-m", "tensorboard.main", "--port", str(port)]
    with serving([*tensorboard, "--logdir", str(run / "tensorboard")], port) as url:
        choice = urllib.parse.quote(FOLDER)
        wait_for_projector(f"{url}/data/plugins_listing")
        shoot(
            f"{url}/?darkMode=false#projector&run={choice}",
            docs / "projector.png",
            1400,
            900,
            seconds=25,
        )


def shoot(url: str, to: Path, width: int, height: int, seconds: int = 1) -> None:
    """Takes a picture of a page once it has had `seconds` to settle."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"none of {', '.join(BROWSERS)} is installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [browser, *FLAGS, f"--user-data-dir={profile}"]
        command += [f"--window-size={width},{height}", f"--screenshot={to}"]
        command += [f"--virtual-time-budget={1000 * seconds}", url]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
    print(to)


def write_grids(run: Path, docs: Path) -> None:
    """Copies the newest grid of each direction out of TensorBoard's files."""
    events = EventAccumulator(str(run / "tensorboard" / FOLDER)).Reload()
    for tag in events.Tags()["tensors"]:
        picture = events.Tensors(tag)[-1].tensor_proto.string_val[2]
        to = docs / f"{tag.replace('/', '_')}.jpg"
        to.write_bytes(picture)
        print(to)


@contextlib.contextmanager
def serving(command: list[str], port: int) -> Iterator[str]:
    """Runs a server and yields its address once it answers."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + START_SECONDS
        while not answers(port):
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{' '.join(command)} does not answer")
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(port: int) -> bool:
    """Says whether something listens at a port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_for_projector(url: str) -> None:
    """Waits until TensorBoard has found the projector's files."""
    for _ in range(START_SECONDS):
        with urllib.request.urlopen(url) as answer:
            if json.load(answer)["projector"]["enabled"]:
                return
        time.sleep(1)
    sys.exit("TensorBoard found nothing for its projector")


def free_port() -> int:
    """Returns a port that nothing listens at."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


if __name__ == "__main__":
    main()
