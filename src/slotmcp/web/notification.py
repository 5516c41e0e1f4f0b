"""Notification of systemd, with its sd_notify protocol: one datagram to a socket that the environment names."""

import socket


def notify_ready(address: str) -> None:
    """Report to the service manager that the server is ready; without an address, there is none.

    An address that begins with "@" is in Linux's abstract namespace.
    """
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect("\0" + address[1:] if address.startswith("@") else address)
        manager.sendall(b"READY=1")
