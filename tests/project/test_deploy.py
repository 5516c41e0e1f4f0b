"""What it is run with: the compose file, the image, the unit and what Prometheus is told name what there is."""

import configparser
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric
from ruamel.yaml import YAML
from typer.main import get_command

from project.repository import PAGES, ROOT
from slotmcp.cli.commands import app
from slotmcp.cli.exits import Exit
from slotmcp.domain.errors import ErrorCode, SlotmcpError
from slotmcp.settings import CONFIG_VARIABLE, ENV_PREFIX, Settings
from slotmcp.telemetry.metrics import REGISTRY

DEPLOY = ROOT / "deploy"
OBSERVABILITY = ROOT / "examples" / "observability"
COMPOSE = ROOT / "compose.yaml"
DOCKERFILE = ROOT / "Dockerfile"
UNIT = DEPLOY / "slotmcp.service"
FILES = [COMPOSE, DOCKERFILE, *sorted(DEPLOY.iterdir()), *sorted(OBSERVABILITY.iterdir()), *PAGES]
BIN = Path(sys.executable).parent
KNOWN_SETTINGS = {CONFIG_VARIABLE, *(ENV_PREFIX + name.upper() for name in Settings.model_fields)}
NO_SETTING = re.compile(r"SLOTMCP_(?:REWRITE|TEST_\w+)")
"""What only the tests read."""
RESTARTS = {"always", "on-failure", "unless-stopped"}


def read(path: Path) -> Any:  # noqa: ANN401  any YAML
    return YAML(typ="safe").load(path.read_text("utf-8"))


def services() -> dict[str, Any]:
    told: dict[str, Any] = read(COMPOSE)["services"]
    return told


def check_compose(path: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  ourselves


def parsed(words: list[str]) -> dict[str, Any]:
    """What a command line of ours is understood as; an error where it is none."""
    (name, *options) = words
    command = get_command(app).commands[name]  # type: ignore[attr-defined] # it is a group
    given: dict[str, Any] = command.make_context(name, options).params
    return given


def test_the_compose_file_is_what_the_specification_says(tmp_path: Path) -> None:
    done = check_compose(COMPOSE)
    assert done.returncode == 0, done.stdout
    broken = tmp_path / "compose.yaml"
    broken.write_text(COMPOSE.read_text().replace("restart:", "restrat:"))
    assert check_compose(broken).returncode == 1


def test_two_slotmcp_stand_beside_each_other_and_differ_in_name_and_port_alone() -> None:
    pair = [one for name, one in services().items() if name.startswith("slotmcp-")]
    assert len(pair) == 2
    assert len({str(one["ports"]) for one in pair}) == 2
    for one in pair:
        del one["ports"], one["environment"]["SLOTMCP_ALLOWED_HOSTS"]
    assert pair[0] == pair[1]


@pytest.mark.parametrize("name", services())
def test_each_service_is_looked_after(name: str) -> None:
    service = services()[name]
    assert service["healthcheck"]["test"]
    assert service["restart"] in RESTARTS
    assert "no-new-privileges:true" in service["security_opt"]
    assert "build" in service or re.search(r":v?\d", service["image"]), "a tag that says which"


@pytest.mark.parametrize("name", services())
def test_ports_are_open_to_this_machine_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in services()[name].get("ports", []))


def test_no_secret_is_in_a_file_and_each_that_is_named_is_one_of_a_folder_that_git_leaves_out() -> None:
    for path in (COMPOSE, DOCKERFILE, *DEPLOY.iterdir(), *OBSERVABILITY.iterdir()):
        assert not re.search(r"(?i)password\s*[:=]\s*[^\s{]|://[^/\s:]+:[^/\s@]+@|slk_", path.read_text("utf-8")), path
    secrets = read(COMPOSE)["secrets"]
    assert {one["file"].rpartition("/")[0] for one in secrets.values()} == {"./secrets"}
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert {name for service in services().values() for name in service.get("secrets", [])} == set(secrets)


def test_what_is_mounted_is_there() -> None:
    mounted = [volume for service in services().values() for volume in service.get("volumes", [])]
    own = [volume.partition(":")[0] for volume in mounted if volume.startswith("./")]
    assert own
    assert all((ROOT / path).is_file() for path in own)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\bSLOTMCP_[A-Z][A-Z_]*[A-Z]\b", NO_SETTING.sub("", path.read_text("utf-8"))))
    assert named - KNOWN_SETTINGS == set()


def test_what_is_started_can_be() -> None:
    unit = read_unit()
    in_unit = shlex.split(unit["Service"]["ExecStart"])[1:]
    in_image = read_json_words("CMD")
    lines = [in_unit, in_image, *(one["command"] for name, one in services().items() if name.startswith("slotmcp-"))]
    assert all(parsed([*map(str, line)])["port"] == 8000 for line in lines)


def test_whoever_stops_it_waits_until_it_has() -> None:
    least = Settings.model_fields["stop_seconds"].default + 5
    stops = [int(one["stop_grace_period"].removesuffix("s")) for name, one in services().items() if "slotmcp" in name]
    assert min(*stops, int(read_unit()["Service"]["TimeoutStopSec"])) >= least


def test_the_unit_gives_up_on_what_only_a_person_can_mend() -> None:
    assert read_unit()["Service"]["RestartPreventExitStatus"] == str(int(Exit.USAGE))


def test_the_dockerfile_has_no_bad_habits() -> None:
    done = subprocess.run([BIN / "hadolint", DOCKERFILE], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  a linter
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_nobody_in_particular_with_the_uv_of_the_makefile() -> None:
    text = DOCKERFILE.read_text()
    assert re.search(r"^USER [1-9]\d+$", text, re.MULTILINE)
    (makefile,) = re.findall(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert f"uv=={makefile}\n" in text


def test_prometheus_asks_the_slotmcp_that_there_are_with_the_key_that_it_is_given() -> None:
    (job,) = read(OBSERVABILITY / "prometheus.yml")["scrape_configs"]
    (targets,) = job["static_configs"]
    hosts = [one["environment"]["SLOTMCP_ALLOWED_HOSTS"] for name, one in services().items() if "slotmcp" in name]
    assert targets["targets"] == hosts
    assert [host.partition(":")[0] for host in hosts] == [name for name in services() if "slotmcp" in name]
    assert job["authorization"]["credentials_file"] == "/run/secrets/" + services()["prometheus"]["secrets"][0]


def test_alerts_are_about_metrics_and_outcomes_that_there_are() -> None:
    counted = {sample for family in REGISTRY.collect() for sample in samples_of(family)}
    rules = [rule for group in read(OBSERVABILITY / "alerts.yml")["groups"] for rule in group["rules"]]
    told = " ".join(rule["expr"] for rule in rules)
    assert set(re.findall(r"slotmcp_\w+", told)) <= counted
    outcomes = {ErrorCode.INTERNAL, *(error.code for error in leaves(SlotmcpError))}
    assert set(re.findall(r'outcome=~"([^"]+)"', told)[0].split("|")) <= outcomes


def samples_of(family: Metric) -> set[str]:
    """What its samples are called."""
    parts = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
    return {family.name + part for part in parts}


def leaves(error: type[SlotmcpError]) -> list[type[SlotmcpError]]:
    kinds = error.__subclasses__()
    return [error] if not kinds else [leaf for kind in kinds for leaf in leaves(kind)]


def read_unit() -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # as the documentation has it
    unit.read(UNIT)
    return unit


def read_json_words(instruction: str) -> list[str]:
    (found,) = re.findall(rf"^{instruction} (\[.+\])$", DOCKERFILE.read_text(), re.MULTILINE)
    return [str(word) for word in YAML(typ="safe").load(found)]
