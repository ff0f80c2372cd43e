"""The guard of the suite against the network."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests import offline


@pytest.mark.expects_refusal
@pytest.mark.parametrize("address", ["192.0.2.1", "8.8.8.8", "10.0.0.1"])
def test_a_connection_that_leaves_the_machine_is_refused_and_remembered(address: str) -> None:
    with socket.socket() as endpoint, pytest.raises(offline.Forbidden):
        endpoint.connect((address, 9))
    assert offline.attempts == [f"socket.connect {address}:9"]


@pytest.mark.expects_refusal
def test_a_datagram_and_a_look_up_of_a_name_are_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint, pytest.raises(offline.Forbidden):
        endpoint.sendto(b"", ("192.0.2.1", 9))
    with pytest.raises(offline.Forbidden):
        socket.getaddrinfo("example.org", 443)


@pytest.mark.expects_refusal
@pytest.mark.parametrize("host", ["", "0.0.0.0"])
def test_a_port_open_to_every_interface_is_refused(host: str) -> None:
    with socket.socket() as endpoint, pytest.raises(offline.Forbidden):
        endpoint.bind((host, 0))


@pytest.mark.parametrize(
    ("host", "local"), [("::1", True), ("localhost", True), (None, True), ("::2", False)]
)
def test_only_the_loopback_is_local(host: str | None, local: bool) -> None:
    assert offline.is_local(host) is local


@pytest.mark.asyncio
async def test_a_server_on_the_loopback_is_reached() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("localhost", port)
        writer.write(b"here\n")
        assert await reader.readline() == b"here\n"
        writer.close()


def test_a_pair_of_unix_sockets_works() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"x")
        assert other.recv(1) == b"x"
