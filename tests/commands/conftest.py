import pytest
from programs import Caller, programs


@pytest.fixture(scope="session")
def call(tmp_path_factory):
    return Caller(tmp_path_factory.mktemp("without"))


@pytest.fixture(scope="session")
def helps(call):
    """How a command is called -> what its --help prints."""
    found, called = {}, list(programs().items())
    for few in (called[i : i + 4] for i in range(0, len(called), 4)):
        started = [(name, call.start([*words, "--help"])) for name, words in few]
        for name, process in started:
            output, errors = process.communicate(timeout=120)
            assert (process.returncode, errors) == (0, ""), name
            found[name] = output
    return found
