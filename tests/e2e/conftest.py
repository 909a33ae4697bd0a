import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kafka_broker import KafkaBroker           # noqa: E402
from weir_process import WeirProcess, binary   # noqa: E402

_numbers = itertools.count(1)


@pytest.fixture(scope='session')
def weir():
    """The path of the program."""
    path = binary()
    assert path.exists(), f'{path} is not built'
    return path


@pytest.fixture(scope='session')
def broker(tmp_path_factory):
    """One real broker for all tests; each uses topics and groups of its own."""
    one = KafkaBroker(tmp_path_factory.mktemp('kafka') / 'broker').start()
    yield one
    one.stop()


class Pipeline:
    """Topics and a consumer group of one test, and the weir processes on them."""

    def __init__(self, broker, folder, partitions=4):
        number = next(_numbers)
        self.broker = broker
        self.folder = folder
        self.group = f'weir-{number}'
        self.topics = {role: f't{number}.{role}' for role in ('requests', 'alerts', 'observations', 'state', 'dead_letter')}
        self.requests = self.topics['requests']
        self.processes = []
        broker.create_topic(self.requests, partitions)

    def weir(self, **changes):
        """A further process, not yet started."""
        one = WeirProcess(self.folder / f'weir-{len(self.processes) + 1}', self.broker, self.topics, self.group, changes)
        self.processes.append(one)
        return one

    def start(self, **changes):
        return self.weir(**changes).start()

    def alerts(self):
        """The committed records of the alerts topic as kcat sees them, payloads parsed."""
        import json
        found = self.broker.records(self.topics['alerts'])
        for one in found:
            one['alert'] = json.loads(one['payload'])
        return found

    def dead_letters(self):
        return self.broker.raw_records(self.topics['dead_letter'])

    def committed(self, stage='detect'):
        """{partition: offset} that the stage's group has committed for its input."""
        topic = self.requests if stage == 'detect' else self.topics['observations']
        offsets = self.broker.group_offsets(f'{self.group}-{stage}')
        return {partition: offset for (name, partition), offset in offsets.items() if name == topic}

    def close(self):
        for one in self.processes:
            one.kill()


@pytest.fixture
def pipeline(broker, tmp_path):
    one = Pipeline(broker, tmp_path)
    yield one
    one.close()
