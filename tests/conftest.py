import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data():
    """The folder with `encoders/` and the unpacked `fashion/`, where there is one."""
    folder = os.environ.get("HUSE_REAL_DATA")
    if not folder:
        pytest.skip("HUSE_REAL_DATA names no folder with real encoders and data")
    return Path(folder)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """The folder of a run on 24 products of the example, trained in this process."""
    from small_runs import train_small_run

    return train_small_run(tmp_path_factory.mktemp("small"))
