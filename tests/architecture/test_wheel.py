"""What an installer gets: the wheel holds every file of the package, and one version."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import tradecli
from tests.architecture import tree


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(tree.ROOT)).build(directory=str(folder), versions=["standard"])
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    files = {tree.name(path) for path in tree.tracked() if tree.PACKAGE in path.parents}
    assert packed == files


def test_the_wheel_is_pure_python_and_carries_the_version_of_the_package(wheel: zipfile.ZipFile) -> None:
    assert Path(str(wheel.filename)).name == f"tradecli-{tradecli.__version__}-py3-none-any.whl"


def test_the_wheel_starts_at_the_two_stage_entry_and_has_the_licence(wheel: zipfile.ZipFile) -> None:
    folder = f"tradecli-{tradecli.__version__}.dist-info"
    assert "tradecli = tradecli.__main__:main" in wheel.read(f"{folder}/entry_points.txt").decode()
    assert f"{folder}/licenses/LICENSE" in wheel.namelist()
