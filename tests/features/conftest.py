import pytest
from feature_fakes import Pictures, Settings, pixels_of


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "features")


@pytest.fixture
def pictures(tmp_path):
    return Pictures(tmp_path / "images", pixels_of(100))
