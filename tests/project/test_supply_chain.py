"""Supply chain: pinned packages and images, the bill of materials, the workflows."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from project.repository import ROOT, pyproject
from project.test_deploy import read

BIN: Final = Path(sys.executable).parent
WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LOCK: Final[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
EXACT_TAG: Final = re.compile(r"[\w./-]+:v?\d+\.\d+(?:\.\d+)?(?:-[a-z]+)*")
"""Image with the version of one build: PostgreSQL's have two numbers, others three."""
NPM: Final = "https://registry.npmjs.org/"
OWN_IMAGE: Final = "slotmcp:0.1.0"


def images() -> set[str]:
    """Return every image that the Dockerfile, the compose file and the workflows name."""
    compose = {service["image"] for service in read(ROOT / "compose.yaml")["services"].values()}
    jobs = [job for path in WORKFLOWS for job in read(path)["jobs"].values() if "container" in job]
    containers = {image for job in jobs for image in _matrix_images(job) or [job["container"]]}
    bases = set(re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE))
    return {*compose, *containers, *bases} - {OWN_IMAGE}


def _matrix_images(job: dict[str, Any]) -> list[str]:
    listed: list[str] = job.get("strategy", {}).get("matrix", {}).get("image", [])
    return listed


@pytest.mark.parametrize("image", sorted(images()))
def test_each_image_has_an_exact_tag(image: str) -> None:
    assert EXACT_TAG.fullmatch(image)
    minimum = 2 if image.startswith("postgres:") else 3
    assert len(image.partition(":")[2].partition("-")[0].split(".")) == minimum


def test_all_stages_have_one_base_image() -> None:
    assert len({image for image in images() if image.startswith("python:") and image.endswith("-slim-bookworm")}) == 1


def test_each_locked_python_package_comes_from_pypi_with_hashes() -> None:
    packages = [package for package in LOCK["package"] if package["name"] != "slotmcp"]
    assert len(packages) > 50
    for package in packages:
        assert package["source"] == {"registry": "https://pypi.org/simple"}, package["name"]
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert files
        assert all(file["hash"].startswith("sha256:") for file in files), package["name"]


@pytest.mark.parametrize("folder", ["inspector", "conformance", "tokens", "release"])
def test_each_locked_npm_package_comes_from_the_registry_with_a_hash(folder: str) -> None:
    locked = json.loads((ROOT / "tests" / folder / "package-lock.json").read_text("utf-8"))["packages"]
    packages = {name: package for name, package in locked.items() if name and not package.get("inBundle")}
    assert packages
    for name, package in packages.items():
        assert package.get("resolved", NPM).startswith(NPM), name
        assert package["integrity"].startswith("sha512-"), name


def test_the_bill_of_materials_lists_exactly_the_packages_of_an_installation(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (options,) = re.findall(r"\$\(UV\) (export .+) --output-file", makefile)
    path = tmp_path / "sbom.json"
    run("uv", *options.split(), "--output-file", str(path))
    sbom = json.loads(path.read_text("utf-8"))
    assert sbom["bomFormat"] == "CycloneDX"
    assert sbom["metadata"]["component"]["version"] == pyproject()["project"]["version"]
    listed = {component["name"] for component in sbom["components"]}
    exported = run("uv", "export", "--locked", "--offline", "--no-default-groups", "--no-emit-project", "--no-hashes")
    assert listed == set(re.findall(r"^([\w.-]+)==", exported, re.MULTILINE))
    assert {"mcp", "pydantic", "cryptography"} <= listed
    assert listed & {"pytest", "ruff", "pgserver"} == set()
    locked = {package["name"]: package["version"] for package in LOCK["package"]}
    assert all(locked[component["name"]] == component["version"] for component in sbom["components"])


def test_a_changed_dependency_without_a_new_lock_file_fails_the_gate(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    check = [str(BIN / "uv"), "lock", "--check", "--offline", "--project", str(tmp_path)]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  an installed tool
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "pyproject.toml").read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text(text.replace('"tzdata>=2025.1"', '"tzdata>=2025.1,<2026"'), "utf-8")
    assert subprocess.run(check, capture_output=True, timeout=60, check=False).returncode != 0  # noqa: S603  as above


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_each_workflow_follows_its_schema_and_bounds_its_time(path: Path) -> None:
    for schema in ("vendor.github-workflows", "custom.github-workflows-require-timeout"):
        run("check-jsonschema", "--builtin-schema", schema, str(path))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_each_workflow_has_few_permissions_and_only_github_s_own_actions(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    actions = re.findall(r"uses: (.+)", path.read_text("utf-8"))
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action) for action in actions)
    assert len(actions) == sum("uses" in step for job in workflow["jobs"].values() for step in job["steps"])


def test_a_release_is_published_after_the_gate_and_the_audit() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert [step.get("run") for step in jobs["gate"]["steps"]][-2:] == ["bash .ci/run", "make audit"]
    assert jobs["package"]["needs"] == "gate"
    assert {jobs[name]["needs"] for name in ("image", "registry")} == {"package"}


def test_the_release_resolves_the_digest_of_every_image(tmp_path: Path) -> None:
    steps = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]["package"]["steps"]
    (script,) = [step["run"] for step in steps if "digest" in step.get("name", "")]
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho sha256:0\n")
    docker.chmod(0o755)
    (tmp_path / "dist").mkdir()
    for name in ("Dockerfile", "compose.yaml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=environment, timeout=60, check=True)  # noqa: S603, S607  our own script
    resolved = (tmp_path / "dist" / "images.txt").read_text("utf-8").splitlines()
    assert resolved == sorted(
        f"{image}@sha256:0" for image in images() if not re.search(r"python:[\d.]+-bookworm", image)
    )


def run(program: str, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603  an installed tool
        [BIN / program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
