"""A project of the real images, for all tests here; they are left out where no container engine runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.acceptance.conftest import Home, make_home
from tests.containers.project import Project, running_project


@pytest.fixture(scope="session")
def project() -> Iterator[Project]:
    try:
        docker.from_env(timeout=5).ping()
    except docker.errors.DockerException as error:
        pytest.skip(f"no container engine runs here: {error}")
    with running_project() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, project: Project) -> Home:
    """A machine that uses the project."""
    made = make_home(tmp_path)
    return Home(made.folder, made.environment | project.environment)
