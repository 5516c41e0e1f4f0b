"""The compose file, the image, the systemd unit, the proxy and the Prometheus files agree with the program."""

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

from project.repository import PAGES, ROOT, headings, prose
from slotmcp.cli.commands import app
from slotmcp.cli.exits import Exit
from slotmcp.domain.errors import ErrorCode, SlotmcpError
from slotmcp.settings import CONFIG_VARIABLE, ENV_PREFIX, Settings
from slotmcp.telemetry.metrics import REGISTRY
from slotmcp.web.health import CHECK_TIMEOUT_SECONDS
from slotmcp.web.serving import CLOSE_SECONDS
from support import systemd_unit
from support.caddy import CADDYFILE, SECOND, reverse_proxies, shipped_config, upstreams
from support.nginx import upstream_ports

DEPLOY = ROOT / "deploy"
OBSERVABILITY = ROOT / "examples" / "observability"
COMPOSE = ROOT / "compose.yaml"
DOCKERFILE = ROOT / "Dockerfile"
FILES = [COMPOSE, DOCKERFILE, *sorted(DEPLOY.iterdir()), *sorted(OBSERVABILITY.iterdir()), *PAGES]
BIN = Path(sys.executable).parent
KNOWN_SETTINGS = {CONFIG_VARIABLE, *(ENV_PREFIX + name.upper() for name in Settings.model_fields)}
NO_SETTING = re.compile(r"SLOTMCP_REWRITE")
"""Variables that only the tests read."""
RESTARTS = {"always", "on-failure", "unless-stopped"}


def read(path: Path) -> Any:  # noqa: ANN401  any YAML
    return YAML(typ="safe").load(path.read_text("utf-8"))


def services() -> dict[str, Any]:
    compose_services: dict[str, Any] = read(COMPOSE)["services"]
    return compose_services


def check_compose(path: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  an installed linter


def parse_command_line(words: list[str]) -> dict[str, Any]:
    """Return the parameters of a command line; raise an error if it is invalid."""
    (name, *options) = words
    command = get_command(app).commands[name]  # type: ignore[attr-defined] # it is a group
    parameters: dict[str, Any] = command.make_context(name, options).params
    return parameters


def test_the_compose_file_follows_the_specification(tmp_path: Path) -> None:
    done = check_compose(COMPOSE)
    assert done.returncode == 0, done.stdout
    broken = tmp_path / "compose.yaml"
    broken.write_text(COMPOSE.read_text().replace("restart:", "restrat:"))
    assert check_compose(broken).returncode == 1


def test_the_two_servers_differ_only_in_name_and_port() -> None:
    pair = [service for name, service in services().items() if name.startswith("slotmcp-")]
    assert len(pair) == 2
    assert len({str(service["ports"]) for service in pair}) == 2
    for service in pair:
        del service["ports"], service["environment"]["SLOTMCP_ALLOWED_HOSTS"]
    assert pair[0] == pair[1]


@pytest.mark.parametrize("name", services())
def test_each_service_has_a_health_check_and_restarts(name: str) -> None:
    service = services()[name]
    assert service["healthcheck"]["test"]
    assert service["restart"] in RESTARTS
    assert "no-new-privileges:true" in service["security_opt"]
    assert "build" in service or re.search(r":v?\d", service["image"]), "a tag that names a version"


@pytest.mark.parametrize("name", services())
def test_ports_are_open_to_the_local_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in services()[name].get("ports", []))


def test_secrets_come_from_a_folder_that_git_ignores() -> None:
    for path in (COMPOSE, DOCKERFILE, *DEPLOY.iterdir(), *OBSERVABILITY.iterdir()):
        assert not re.search(r"(?i)password\s*[:=]\s*[^\s{]|://[^/\s:]+:[^/\s@]+@|slk_", path.read_text("utf-8")), path
    secrets = read(COMPOSE)["secrets"]
    assert {secret["file"].rpartition("/")[0] for secret in secrets.values()} == {"./secrets"}
    assert {"/secrets/", "/.env"} <= set((ROOT / ".gitignore").read_text().splitlines())
    assert {name for service in services().values() for name in service.get("secrets", [])} == set(secrets)


def test_mounted_files_exist() -> None:
    mounted = [volume for service in services().values() for volume in service.get("volumes", [])]
    files = [volume.partition(":")[0] for volume in mounted if volume.startswith("./")]
    assert files
    assert all((ROOT / path).is_file() for path in files)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_named_setting_exists(path: Path) -> None:
    named = set(re.findall(r"\bSLOTMCP_[A-Z][A-Z_]*[A-Z]\b", NO_SETTING.sub("", path.read_text("utf-8"))))
    assert named - KNOWN_SETTINGS == set()


def test_the_commands_of_unit_image_and_compose_file_are_valid() -> None:
    in_unit = shlex.split(systemd_unit.value("ExecStart").replace("%i", "8000"))[1:]
    in_image = read_json_words("CMD")
    lines = [
        in_unit,
        in_image,
        *(service["command"] for name, service in services().items() if name.startswith("slotmcp-")),
    ]
    parsed = [parse_command_line([*map(str, line)]) for line in lines]
    assert all(parameters["port"] == 8000 for parameters in parsed)
    assert all(parameters["workers"] == 1 for parameters in parsed), "several workers refuse SSE"


def test_supervisors_wait_longer_than_a_graceful_stop() -> None:
    minimum_seconds = default("drain_seconds") + default("stop_seconds") + CLOSE_SECONDS
    stops = [
        int(service["stop_grace_period"].removesuffix("s")) for name, service in services().items() if "slotmcp" in name
    ]
    assert min(*stops, int(systemd_unit.value("TimeoutStopSec"))) > minimum_seconds + 5


def test_the_proxy_notices_a_draining_and_a_started_server_in_time() -> None:
    active = reverse_proxies(shipped_config())[1]["health_checks"]["active"]
    assert active["uri"].partition("?")[0] == "/readyz"
    assert active["timeout"] > CHECK_TIMEOUT_SECONDS * SECOND, "a slow Redis does not fail the check"
    assert active["interval"] + active["timeout"] < default("drain_seconds") * SECOND
    (_, seconds) = systemd_unit.value("ExecStartPost").split()
    assert int(seconds) * SECOND > active["interval"] + CHECK_TIMEOUT_SECONDS * SECOND / 2


def test_the_proxy_closes_idle_connections_before_the_server_does() -> None:
    for proxy in reverse_proxies(shipped_config()):
        assert proxy["transport"]["keep_alive"]["idle_timeout"] < default("request_timeout_seconds") * SECOND
        assert "flush_interval" not in proxy, "Caddy 2.6 cuts responses, and later ones keep streams without a client"


def test_proxy_compose_file_and_instructions_name_the_same_ports() -> None:
    sse, calls = reverse_proxies(shipped_config())
    published = [port.rpartition(":")[0] for service in services().values() for port in service.get("ports", [])]
    assert set(upstreams(calls)) == set(published) - {"127.0.0.1:9090"}
    assert upstreams(sse) == upstreams(calls)[:1], "an SSE session belongs to one process"
    assert [f"127.0.0.1:{port}" for port in upstream_ports()] == [*upstreams(calls), *upstreams(sse)]
    page = (ROOT / "docs" / "how-to" / "run-under-systemd.md").read_text("utf-8")
    assert {f"127.0.0.1:{port}" for port in re.findall(r"slotmcp@(8\d+)", page)} == set(upstreams(calls))


def test_the_proxy_checks_the_readiness_for_its_own_host() -> None:
    _, calls = reverse_proxies(shipped_config())
    (site,) = re.findall(r"^(\S+) \{$", CADDYFILE.read_text("utf-8"), re.MULTILINE)
    assert calls["health_checks"]["active"]["uri"] == f"/readyz?host={site}"


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    text = systemd_unit.UNIT.read_text("utf-8").replace(systemd_unit.INSTALLED_BIN, str(systemd_unit.BIN))
    assert verify_unit(tmp_path, text) == ""
    assert "TimeoutStopSecs" in verify_unit(tmp_path, text.replace("TimeoutStopSec", "TimeoutStopSecs"))


def test_the_unit_allows_what_the_process_of_reports_does_to_itself() -> None:
    """A system call that the filter of the unit denies kills its process."""
    sets, allowed = system_call_sets(), set[str]()
    for words in systemd_unit.values("SystemCallFilter"):
        named = {call for word in words.removeprefix("~").split() for call in expand(word, sets)}
        allowed = allowed - named if words.startswith("~") else allowed | named
    assert {"setpriority", "prlimit64", "execve"} <= allowed
    assert "setrlimit" not in allowed, "the sets are subtracted"


def system_call_sets() -> dict[str, list[str]]:
    """Return the system calls, and the names of other sets, that each of systemd's sets contains."""
    command = ["systemd-analyze", "--no-pager", "syscall-filter"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603  Debian's
    sets: dict[str, list[str]] = {}
    words: list[str] = []
    for line in filter(None, done.stdout.splitlines()):
        if not line.startswith((" ", "#")):
            words = sets.setdefault(line, [])
        elif not line.lstrip().startswith("#"):
            words.append(line.strip())
    return sets


def expand(word: str, sets: dict[str, list[str]]) -> set[str]:
    """Return a system call, or those of a set and of the sets in it."""
    return {call for each in sets[word] for call in expand(each, sets)} if word.startswith("@") else {word}


def verify_unit(folder: Path, text: str) -> str:
    """Return the problems of a unit."""
    unit = folder / systemd_unit.UNIT.name
    unit.write_text(text, "utf-8")
    command = ["systemd-analyze", "verify", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  Debian's
    return done.stderr


def default(setting: str) -> float:
    number: float = Settings.model_fields[setting].default
    return number


def test_containers_and_services_receive_the_variables_of_project_files() -> None:
    for name, service in services().items():
        if name.startswith("slotmcp-"):
            assert service["env_file"] == [{"path": "./secrets/calcom.env", "required": False}]
    assert systemd_unit.value("EnvironmentFile") == "-/etc/slotmcp/calcom.env"


def test_the_unit_does_not_restart_after_a_wrong_setting() -> None:
    assert systemd_unit.value("RestartPreventExitStatus") == str(int(Exit.USAGE))


def test_the_dockerfile_passes_the_linter() -> None:
    done = subprocess.run([BIN / "hadolint", DOCKERFILE], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  an installed linter
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_unprivileged_with_the_uv_of_the_makefile() -> None:
    text = DOCKERFILE.read_text()
    assert re.search(r"^USER [1-9]\d+$", text, re.MULTILINE)
    (makefile,) = re.findall(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert f"uv=={makefile}\n" in text


def test_prometheus_scrapes_the_servers_of_the_compose_file_with_its_secret() -> None:
    (job,) = read(OBSERVABILITY / "prometheus.yml")["scrape_configs"]
    (targets,) = job["static_configs"]
    hosts = [
        service["environment"]["SLOTMCP_ALLOWED_HOSTS"] for name, service in services().items() if "slotmcp" in name
    ]
    assert targets["targets"] == hosts
    assert [host.partition(":")[0] for host in hosts] == [name for name in services() if "slotmcp" in name]
    assert job["authorization"]["credentials_file"] == "/run/secrets/" + services()["prometheus"]["secrets"][0]


def test_alerts_use_existing_metrics_and_outcomes() -> None:
    known_samples = {sample for family in REGISTRY.collect() for sample in samples_of(family)}
    rules = [rule for group in read(OBSERVABILITY / "alerts.yml")["groups"] for rule in group["rules"]]
    expressions = " ".join(rule["expr"] for rule in rules)
    assert set(re.findall(r"slotmcp_\w+", expressions)) <= known_samples
    outcomes = {ErrorCode.INTERNAL, *(error.code for error in leaves(SlotmcpError))}
    assert set(re.findall(r'outcome=~"([^"]+)"', expressions)[0].split("|")) <= outcomes


def test_the_runbook_has_a_section_for_each_alert() -> None:
    groups = read(OBSERVABILITY / "alerts.yml")["groups"]
    alerts = [rule["alert"] for group in groups for rule in group["rules"]]
    runbook = ROOT / "docs" / "how-to" / "alert-runbook.md"
    assert headings(runbook, 2) == alerts
    for group in groups:
        for rule in group["rules"]:
            section = prose(runbook).partition(f"## {rule['alert']}\n")[2].strip()
            assert section.lower().startswith(rule["labels"]["severity"] + ".")


def samples_of(family: Metric) -> set[str]:
    """Return the names of the samples of a metric."""
    parts = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
    return {family.name + part for part in parts}


def leaves(error: type[SlotmcpError]) -> list[type[SlotmcpError]]:
    kinds = error.__subclasses__()
    return [error] if not kinds else [leaf for kind in kinds for leaf in leaves(kind)]


def read_json_words(instruction: str) -> list[str]:
    (words,) = re.findall(rf"^{instruction} (\[.+\])$", DOCKERFILE.read_text(), re.MULTILINE)
    return [str(word) for word in YAML(typ="safe").load(words)]
