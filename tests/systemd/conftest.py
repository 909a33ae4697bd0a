import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import machine as machines                      # noqa: E402
from kafka_broker import NEVER_KILLED, KafkaBroker      # noqa: E402


@pytest.fixture(scope='session')
def supported():
    """Containers work here, or the tests are skipped; in CI they must."""
    reason = machines.unsupported()
    if reason and os.environ.get('CI') != 'true':
        pytest.skip(reason)
    assert not reason, reason


@pytest.fixture(scope='session')
def broker(tmp_path_factory):
    one = KafkaBroker(tmp_path_factory.mktemp('kafka') / 'broker', properties=NEVER_KILLED).start()
    yield one
    one.stop()
