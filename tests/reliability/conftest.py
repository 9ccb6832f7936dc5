import pytest
from processes import run, small_catalogue, small_network, train


class Shop:
    """A small catalogue, and trainings on it in processes of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = {
            "data.csv": small_catalogue(folder),
            "image_encoder.name": small_network(folder),
            "features.folder": folder / "features",
        }

    def arguments(self, name, settings=None, *more):
        """What `processes.train` takes, for the run folder of this name."""
        return (str(self.folder / name), {**self.settings, **(settings or {})}, *more)

    def log(self, name):
        return self.folder / f"{name}.log"

    def train(self, name, settings=None, *more):
        """Trains to the end: (exit status, output)."""
        return run(train, *self.arguments(name, settings, *more), log=self.log(name))


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """Shared: tests take run folders of names of their own."""
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def calm(shop):
    """A training that nothing disturbs: its folder."""
    status, output = shop.train("calm")
    assert status == 0, output
    return shop.folder / "calm"
