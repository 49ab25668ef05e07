"""The zip for Lambda: small enough, the same every time, and complete."""

import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from copilot.cloud import bundle
from copilot.errors import Unavailable

VERSION = "{}.{}".format(*sys.version_info[:2])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle.build(tmp_path_factory.mktemp("cache"), VERSION)


def test_it_stays_under_the_limit_with_nothing_heavy_in_it(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        files = archive.infolist()
    assert sum(file.file_size for file in files) < bundle.MOST_BYTES
    tops = {file.filename.partition("/")[0] for file in files}
    assert {"copilot", "numpy", "tokenizers"} <= tops
    assert not tops & {"onnxruntime", "boto3", "pydantic", "litellm", "chromadb", "sqlite_utils"}


def test_of_our_own_code_only_what_answers_is_in_it(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        rooms = {name.split("/")[1] for name in archive.namelist() if name.startswith("copilot/")}
        cloud = {name for name in archive.namelist() if name.startswith("copilot/cloud/")}
    assert not rooms & {"intents", "routing", "faces", "evaluation", "context.py", "intent.py"}
    assert cloud == {f"copilot/cloud/{name}.py" for name in ("__init__", "handler", "inference", "service", "speaker")}


def test_it_is_the_same_bytes_when_built_again(built: Path, tmp_path: Path) -> None:
    again = bundle.build(tmp_path, VERSION)
    assert again.name == built.name
    assert sha256(again.read_bytes()).digest() == sha256(built.read_bytes()).digest()


def test_installed_libraries_do_where_there_are_no_wheels(tmp_path: Path) -> None:
    if not bundle._this_machine_will_do(VERSION, "x86_64"):
        pytest.skip("this machine is not linux x86_64")
    with zipfile.ZipFile(bundle.build(tmp_path, VERSION, wheels=tmp_path / "none")) as archive:
        names = archive.namelist()
    assert any(name.startswith("numpy/_core/_multiarray_umath") for name in names)
    assert any(name.startswith("tokenizers/tokenizers") for name in names)


def test_a_wheel_that_is_not_in_the_lock_is_not_packed(tmp_path: Path) -> None:
    for name in bundle.LIBRARIES:
        (tmp_path / f"{name}-9.9-cp399-cp399-manylinux_2_28_x86_64.whl").write_bytes(b"forged")
    with pytest.raises(Unavailable):
        bundle.build(tmp_path / "cache", "3.99", wheels=tmp_path)


def test_for_another_machine_its_own_wheels_are_packed(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="aarch64") as missing:
        bundle.build(tmp_path, VERSION, wheels=tmp_path / "none", machine="aarch64")
    assert "manylinux_2_28_aarch64" in missing.value.hint


def test_for_another_python_without_wheels_the_command_is_given(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as missing:
        bundle.build(tmp_path, "3.99", wheels=tmp_path / "none")
    assert "pip download" in missing.value.hint
    assert "--python-version 3.99" in missing.value.hint
