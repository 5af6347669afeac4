"""Open pages in a browser, each against a server of its own."""

import os
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser

from tests.browser.desk_server import Desk, DeskServer
from tests.browser.scripted_server import ScriptedServer
from tests.browser.site import Site
from tests.browser.visitor import Visitor
from tooling.browsers import running_browser
from tooling.errors import CommandError


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Launch one browser for all tests of this folder."""
    try:
        with running_browser() as browser:
            yield browser
    except CommandError as problem:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(problem))


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visitor]:
    """Open pages; at the end, assert that none broke its policy, raised, warned or asked another host."""
    visitor = Visitor(browser)
    yield visitor
    visitor.close()
    assert visitor.misdeeds == []


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Serve the page from `/` with scripted answers."""
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve a page of another origin with the widget."""
    with closing(Site()) as site:
        yield site


@pytest.fixture
def desk_server() -> Iterator[DeskServer]:
    """Serve the console; at the end, assert that what it was answered is what the API answers."""
    server = DeskServer()
    yield server
    server.close()
    assert server.faults == []


@pytest.fixture
def desk(desk_server: DeskServer) -> Desk:
    """What the console's server knows."""
    return desk_server.desk
