"""A checkout as a stranger has it, and Cowbell installed from it and from the sdist."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from installed_package import ROOT, Installed, copied_into_image, files_in_git, install

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def workshop() -> Iterator[Path]:
    """A folder that other users may look into, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="cowbell-package-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def checkout(workshop: Path) -> Path:
    """The files that are in git, and nothing else."""
    folder = workshop / "checkout"
    for name in files_in_git():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def sdist(workshop: Path, checkout: Path) -> Path:
    """The unpacked sdist, made by the pinned build backend."""
    tools = workshop / "tools"
    subprocess.run(["python3", "-m", "venv", tools], check=True, timeout=60)
    pinned = checkout / "docs" / "deploy" / "build-requirements.txt"
    subprocess.run(
        [tools / "bin" / "pip", "install", "--quiet", "--require-hashes", "--requirement", pinned],
        check=True,
        timeout=300,
    )
    subprocess.run(
        [tools / "bin" / "hatchling", "build", "--target", "sdist", "--directory", workshop],
        cwd=checkout,
        check=True,
        timeout=60,
    )
    (archive,) = workshop.glob("cowbell-*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(workshop, filter="data")
    return workshop / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="session")
def context(workshop: Path, checkout: Path) -> Path:
    """What the Dockerfile copies before it calls install.sh."""
    folder = workshop / "context"
    for name in copied_into_image():
        if (checkout / name).is_dir():
            shutil.copytree(checkout / name, folder / name)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, folder / name)
    return folder


@pytest.fixture(scope="session", params=["checkout", "sdist", "context"])
def installed(request: pytest.FixtureRequest, workshop: Path) -> Installed:
    """Cowbell as install.sh installs it, from each of the three."""
    source: Path = request.getfixturevalue(request.param)
    there = Installed(workshop / f"from-{request.param}", workshop / f"empty-{request.param}")
    there.empty.mkdir()
    done = install(source, there.folder)
    assert done.returncode == 0, done.stderr
    return there
