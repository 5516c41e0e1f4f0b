"""Debian's nginx with the shipped configuration, but a test's ports and without TLS."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.until import is_open, until

NGINX_CONF: Final = Path(__file__).parents[2] / "deploy" / "nginx.conf"
FOLDERS: Final = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def upstream_ports() -> list[int]:
    """Return the ports of the servers, as often as they are named."""
    return [int(port) for port in re.findall(r"server 127\.0\.0\.1:(\d+)", NGINX_CONF.read_text("utf-8"))]


@contextmanager
def proxying_with_nginx(folder: Path, port: int, ports: Mapping[int, int]) -> Iterator[str]:
    """Run the proxy on a port until the block ends; yield its URL. `ports` replaces the ports of the servers."""
    site = re.sub(r"ssl_certificate.*;", "", NGINX_CONF.read_text("utf-8"))
    site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    for shipped_port, test_port in ports.items():
        site = site.replace(f"127.0.0.1:{shipped_port}", f"127.0.0.1:{test_port}")
    paths = "".join(f"{name}_temp_path {folder}/{name};\n" for name in FOLDERS)
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1; events {{}}\n"
        f"http {{ access_log off; {paths} {site} }}\n",
        "utf-8",
    )
    command = ["/usr/sbin/nginx", "-e", str(folder / "nginx.log"), "-c", str(path)]
    with subprocess.Popen(command) as process:  # noqa: S603  Debian's
        try:
            until(lambda: is_open(port), "nginx listens")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
