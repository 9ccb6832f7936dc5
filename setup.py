"""What pyproject.toml cannot say: the wheel carries config.ini and the example.

They stay where a clone has them and are copied while a wheel is built, to where
`huse example` looks. An editable install needs no copy: it has the clone.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithStarter(build_py):
    """Builds the package, then copies what `huse example` lays down into it."""

    def run(self) -> None:
        """Copies after the modules."""
        super().run()
        if self.editable_mode:
            return
        starter = Path(self.build_lib, "huse_tf", "starter")
        shutil.rmtree(starter, ignore_errors=True)
        starter.mkdir(parents=True)
        shutil.copyfile("config.ini", starter / "config.ini")
        shutil.copytree(
            "data/example",
            starter / "data" / "example",
            ignore=shutil.ignore_patterns("__pycache__"),
        )


if __name__ == "__main__":
    setup(cmdclass={"build_py": BuildWithStarter})
