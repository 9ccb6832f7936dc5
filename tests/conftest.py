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
