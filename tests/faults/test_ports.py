"""X13: nothing listens by default."""

from __future__ import annotations

import ast

from tests.architecture import tree

LISTENING = frozenset(
    [
        "start_server",
        "start_unix_server",
        "create_server",
        "bind",
        "TCPSite",
        "SockSite",
        "UnixSite",
        "run_app",
    ]
)
LOOPBACK = "tradecli/venues/loopback/"


def test_x13_no_module_of_the_package_listens_but_the_venue_of_the_rehearsal() -> None:
    found = {
        f"{tree.name(path)}: {node.func.attr}"
        for path in tree.modules()
        if not tree.name(path).startswith(LOOPBACK)
        for node in ast.walk(tree.parse(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LISTENING
    }
    assert not found


def test_x13_the_venue_of_the_rehearsal_listens_on_the_loopback_address_only() -> None:
    words = [
        node.value
        for path in tree.modules()
        if tree.name(path).startswith(LOOPBACK)
        for node in ast.walk(tree.parse(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert "127.0.0.1" in words and "0.0.0.0" not in words and "::" not in words
