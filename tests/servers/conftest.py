import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'e2e')]

from labelled_requests import requests  # noqa: E402
from web_servers import SERVERS     # noqa: E402


@pytest.fixture(scope='session')
def sent():
    """The requests that every server got, by their names."""
    return {one.name: one for one in requests()}


@pytest.fixture(scope='session')
def ran(tmp_path_factory, sent):
    """ran('nginx'): that server after it got all requests, with its logs. Runs each server once."""
    servers = {}

    def run(name):
        if name not in servers:
            servers[name] = SERVERS[name](tmp_path_factory.mktemp(name), list(sent.values())).run()
        return servers[name]
    return run
