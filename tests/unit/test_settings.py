"""Settings: sources, precedence and messages for invalid values."""

from pathlib import Path

import pytest

from slotmcp.settings import CONFIG_VARIABLE, ENV_PREFIX, Settings, SettingsError, config_file


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (CONFIG_VARIABLE, *(ENV_PREFIX + field.upper() for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def write_config(text: str) -> Path:
    path = config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    return str(caught.value)


def test_the_default_database_is_in_the_users_data_folder() -> None:
    settings = Settings.load()
    assert settings.database_path.name == "slotmcp.db"
    assert settings.database_path.is_absolute()
    assert (settings.log_level, settings.log_format) == ("warning", "console")


@pytest.mark.parametrize("value", ["{}/x.db", "sqlite:///{}/x.db"])
def test_a_database_is_set_by_url_or_by_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str) -> None:
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", value.format(tmp_path))
    assert Settings.load().database_path == tmp_path / "x.db"


def test_a_relative_path_and_the_home_folder_are_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", "sqlite:///here.db")
    assert Settings.load().database_path == tmp_path / "here.db"
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", "~/there.db")
    assert Settings.load().database_path == tmp_path / "home" / "there.db"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://me:secret@db/slots", "starts with mysql://"),
        ("postgresql://me:secret@db", "names no database"),
        ("postgres://me:secret@db/", "names no database"),
        ("postgresql://me:secret@db:x/slots", "is not a valid address"),
        ("postgresql://me:se]cr[et@db/slots", "is not a valid address"),
        ("redis://x", "starts with redis://"),
        ("sqlite://x.db", "starts with sqlite://"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        (":memory:", "names no file"),
        ("sqlite:///x.db?mode=ro", "question mark"),
    ],
)
def test_an_unsupported_database_is_rejected_with_the_valid_form(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: str
) -> None:
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", url)
    sentence = refusal()
    assert sentence.startswith("SLOTMCP_DATABASE_URL ")
    assert expected in sentence
    assert "sqlite:///PATH" in sentence
    assert "secret" not in sentence
    assert "cr[et" not in sentence


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@db:5432/slots?sslmode=require",
        "postgres://db/slots",
        "postgresql+asyncpg://me@/slots?host=/run/postgresql",
    ],
)
def test_a_postgresql_database_is_set_by_url(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert not Settings.load().is_postgres
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", url)
    monkeypatch.setenv("SLOTMCP_DATABASE_TIMEOUT_SECONDS", "0.25")
    settings = Settings.load()
    assert (settings.is_postgres, settings.database_url) == (True, url)
    assert (settings.database_pool_size, settings.database_timeout_ms) == (10, 250)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"), [("POOL_SIZE", "1"), ("POOL_SIZE", "many"), ("TIMEOUT_SECONDS", "0"), ("TIMEOUT_SECONDS", "inf")]
)
def test_a_pool_size_or_timeout_out_of_bounds_is_rejected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SLOTMCP_DATABASE_{name}", value)
    assert refusal().startswith(f"SLOTMCP_DATABASE_{name} is '{value}'; ")


@pytest.mark.parametrize(
    "url", ["http://localhost:5000", "https://me:secret@roads.example.com/osrm/", " http://[::1]:5000 "]
)
def test_a_routing_service_is_set_by_address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert Settings.load().routing_url == ""
    monkeypatch.setenv("SLOTMCP_ROUTING_URL", url)
    assert Settings.load().routing_url == url.strip()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("localhost:5000", "is not a valid address"),
        ("ftp://localhost", "is not a valid address"),
        ("http://", "is not a valid address"),
        ("http://localhost:99999", "is not a valid address"),
        ("http://[::1", "is not a valid address"),
        ("http://me:secret@localhost/?key=1", "question mark"),
    ],
)
def test_an_invalid_address_is_rejected_with_the_valid_form(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: str
) -> None:
    monkeypatch.setenv("SLOTMCP_ROUTING_URL", url)
    sentence = refusal()
    assert sentence.startswith("SLOTMCP_ROUTING_URL ")
    assert expected in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost:6379",
        "rediss://me:secret@example.com/1",
        "unix:///run/redis.sock",
        " redis://[::1] ",
        "redis+sentinel://me:secret@one,other/slots",
        "rediss+cluster://me:secret@one,other?ssl_ca_certs=/ca.pem",
    ],
)
def test_redis_is_set_by_address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert Settings.load().redis_url == ""
    monkeypatch.setenv("SLOTMCP_REDIS_URL", url)
    assert Settings.load().redis_url == url.strip()
    assert "secret" not in repr(Settings.load())


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://me:secret@localhost", "redis://", "redis://x:99999", "redis://[::1", "unix://"]
)
def test_an_invalid_redis_address_is_rejected_with_the_valid_form(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SLOTMCP_REDIS_URL", url)
    sentence = refusal()
    assert sentence.startswith("SLOTMCP_REDIS_URL is not a valid Redis address")
    assert "redis://localhost:6379" in sentence
    assert "secret" not in sentence


def test_a_redis_prefix_has_only_plain_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().redis_prefix == "slotmcp"
    monkeypatch.setenv("SLOTMCP_REDIS_PREFIX", "acme-test.1")
    assert Settings.load().redis_prefix == "acme-test.1"
    monkeypatch.setenv("SLOTMCP_REDIS_PREFIX", "a{b}")
    assert "letters, digits" in refusal()


def test_the_environment_takes_precedence_over_the_config_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write_config('log_level = "INFO"\nlog_format = "json"\n')
    monkeypatch.setenv("SLOTMCP_LOG_FORMAT", "Console")
    settings = Settings.load()
    assert (settings.log_level, settings.log_format) == ("info", "console")


def test_an_empty_variable_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_LOG_LEVEL", "")
    monkeypatch.setenv("SLOTMCP_CONFIG", "")
    assert Settings.load().log_level == "warning"


def test_a_config_file_set_by_variable_must_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLOTMCP_CONFIG", str(tmp_path / "mine.toml"))
    assert "there is no such file" in refusal()
    (tmp_path / "mine.toml").write_text('log_level = "error"\n')
    assert Settings.load().log_level == "error"


def test_an_invalid_value_is_reported_with_its_origin_and_the_valid_form(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_config("log_format = 3\n")
    monkeypatch.setenv("SLOTMCP_LOG_LEVEL", "loud")
    assert refusal().splitlines() == [
        "SLOTMCP_LOG_LEVEL is 'loud'; it must be 'debug', 'info', 'warning' or 'error'.",
        f"log_format in {path} is 3; it must be 'console' or 'json'.",
    ]


@pytest.mark.parametrize("name", [name for name, field in Settings.model_fields.items() if not field.repr])
def test_a_secret_of_another_type_is_rejected_without_its_text(name: str) -> None:
    path = write_config(f'{name} = {{ url = "redis://me:swordfish@host" }}\n')
    assert refusal().startswith(f"{name} in {path} is of another type; it must be a valid ")
    assert "swordfish" not in refusal()


def test_another_setting_is_not_reported_as_the_database() -> None:
    path = write_config('log_levl = "info"\n')
    with pytest.raises(SettingsError, match=r"^log_levl in .* is not a setting") as caught:
        Settings.with_database("x.db", "URL")
    assert str(path) in str(caught.value)


def test_an_unknown_variable_is_rejected_with_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_DATABSE_URL", "x.db")
    assert refusal() == "SLOTMCP_DATABSE_URL is not a setting. Did you mean SLOTMCP_DATABASE_URL?"


def test_an_unknown_variable_without_a_similar_one_is_rejected_with_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_ZZZ", "1")
    listed = sorted(f"SLOTMCP_{name.upper()}" for name in ("config", *Settings.model_fields))
    assert f"The settings are {', '.join(listed)}." in refusal()


def test_an_unknown_key_of_the_config_file_is_rejected() -> None:
    path = write_config('log_levl = "info"\n')
    assert refusal() == f"log_levl in {path} is not a setting. Did you mean log_level?"


def test_an_invalid_config_file_is_rejected_with_the_line() -> None:
    path = write_config("log_level = \n")
    assert refusal().startswith(f"The config file {path} cannot be read: ")
    assert "line 1" in refusal()


def test_a_config_file_that_cannot_be_looked_up_is_rejected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / ("a" * 256)  # fails as a folder without permission does, except for root
    monkeypatch.setenv("SLOTMCP_CONFIG", str(path))
    assert refusal().startswith(f"The config file {path} cannot be read: ")


def test_lists_are_comma_separated_in_the_environment_and_arrays_in_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings.load().allowed_hosts == ()
    write_config('allowed_hosts = ["a.example.com", "b.example.com:*"]\n')
    assert Settings.load().allowed_hosts == ("a.example.com", "b.example.com:*")
    monkeypatch.setenv("SLOTMCP_ALLOWED_HOSTS", " a.example.com,, c.example.com ")
    assert Settings.load().allowed_hosts == ("a.example.com", "c.example.com")


def test_an_issuer_without_an_audience_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_OAUTH_ISSUER", "https://login.example.com")
    assert refusal().startswith("SLOTMCP_OAUTH_ISSUER is set, so set public_url or oauth_audience too")
    monkeypatch.setenv("SLOTMCP_PUBLIC_URL", "https://book.example.com/")
    assert Settings.load().oauth_audience == ""
    monkeypatch.setenv("SLOTMCP_OAUTH_AUDIENCE", "slotmcp")
    assert Settings.load().oauth_audience == "slotmcp"


def test_origins_are_kept_as_browsers_send_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_ALLOWED_ORIGINS", "https://Desk.example.com/, http://localhost:*")
    assert Settings.load().allowed_origins == ("https://desk.example.com", "http://localhost:*")


def test_a_default_port_is_not_part_of_an_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    origins = "https://desk.example.com:443, http://lab.example.com:80/, https://a.example.com:8443, http://[::1]:*"
    monkeypatch.setenv("SLOTMCP_ALLOWED_ORIGINS", origins)
    assert Settings.load().allowed_origins == (
        *("https://desk.example.com", "http://lab.example.com"),
        *("https://a.example.com:8443", "http://[::1]:*"),
    )


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "desk.example.com",
        "https://*.example.com",
        "https://desk.example.com/app",
        "https://",
        "https://a b",
    ],
)
def test_an_origin_that_no_browser_sends_is_rejected(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("SLOTMCP_ALLOWED_ORIGINS", f"https://desk.example.com,{origin}")
    problem = f'SLOTMCP_ALLOWED_ORIGINS has "{origin}", which is no origin; write each one as https://desk.example.com.'
    assert refusal() == problem


@pytest.mark.parametrize("host", ["*", "https://book.example.com", "book.example.com/mcp"])
def test_a_host_that_no_request_has_is_rejected(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("SLOTMCP_ALLOWED_HOSTS", host)
    assert refusal().startswith(f'SLOTMCP_ALLOWED_HOSTS has "{host}", which is no host name')


def test_trusted_proxies_are_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().trusted_proxies == ("127.0.0.0/8", "::1/128")
    monkeypatch.setenv("SLOTMCP_TRUSTED_PROXIES", "10.0.0.5, 10.1.0.0/16")
    assert Settings.load().trusted_proxies == ("10.0.0.5/32", "10.1.0.0/16")
    monkeypatch.setenv("SLOTMCP_TRUSTED_PROXIES", "none")
    assert Settings.load().trusted_proxies == ()


@pytest.mark.parametrize("proxy", ["proxy.example.com", "10.0.0.1/8", "*", "none, 10.0.0.5"])
def test_other_forms_of_a_trusted_proxy_are_rejected(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("SLOTMCP_TRUSTED_PROXIES", proxy)
    assert "is no address or network; write each one as 10.0.0.5" in refusal()


def test_the_public_geocoding_service_needs_a_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_GEOCODER_URL", "https://nominatim.openstreetmap.org")
    assert "requires a contact; set geocoder_contact too" in refusal()
    monkeypatch.setenv("SLOTMCP_GEOCODER_CONTACT", "ops@example.com\nX-A: b")
    assert "geocoder_contact must be an email address or a web page" in refusal()
    monkeypatch.setenv("SLOTMCP_GEOCODER_CONTACT", "ops@example.com")
    assert Settings.load().geocoder_contact == "ops@example.com"
