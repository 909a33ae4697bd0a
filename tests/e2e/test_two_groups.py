"""Two groups of weir on the same topics: each scores what its own processes found, nothing twice, and both say so."""
from collections import Counter

import pytest

import traffic
from conftest import Pipeline
from test_pipeline import kind_of, phase_of
from waiting import wait_for
from weir_process import OBSERVATIONS

FOREIGN = 'weir_foreign_observation_blocks_total'
COUNT = 600


def records(begin):
    """Attackers among customers; keyed, so that each client's records have an order."""
    for number in range(begin, begin + COUNT):
        client = f'client-{number % 60}'
        fields = traffic.ATTACKS['sqli'] if number % 60 < 12 else {}
        yield client, traffic.record(number, number / 10, client, traffic.address(number % 60), **fields)


def produce(pipeline, begin=0):
    keys, values = zip(*records(begin))
    pipeline.broker.produce(pipeline.requests, values, keys=[key.encode() for key in keys])


def raised(pipeline):
    """How often each opening and updating alert of attacks and abuse is there."""
    return Counter((one['key'], kind_of(one), phase_of(one), one['headers']['ce_id']) for one in pipeline.alerts()
                   if phase_of(one) != 'closed' and kind_of(one) != 'burst')


def await_alerts(pipeline, *weirs):
    for weir in weirs:
        weir.wait_for_metric(OBSERVATIONS, COUNT)
    wait_for(pipeline.all_scored, 60, lambda: f'all observations\n{weirs[0].process.log_tail()}', 0.2)


@pytest.fixture
def shared(pipeline):
    """A second group on the topics of the first."""
    other = Pipeline(pipeline.broker, pipeline.folder / 'other')
    other.topics = pipeline.topics
    other.requests = pipeline.requests
    yield other
    other.close()


def test_each_group_scores_its_own_findings_alone(broker, pipeline, shared, tmp_path):
    alone = Pipeline(broker, tmp_path / 'alone')
    try:
        produce(alone)
        await_alerts(alone, alone.start())
        wanted = raised(alone)
    finally:
        alone.close()
    assert wanted and set(wanted.values()) == {1}

    produce(pipeline)
    first, second = pipeline.start(), shared.start()
    await_alerts(pipeline, first)
    await_alerts(shared, second)
    both = raised(pipeline)
    kinds = Counter(key[:3] for key in both.elements())
    assert kinds == Counter({key: 2 * count for key, count in Counter(key[:3] for key in wanted.elements()).items()})
    for weir, group in ((first, shared.group), (second, pipeline.group)):
        weir.wait_for_metric(FOREIGN, 1)
        assert weir.metric('weir_observations_total') == COUNT
        weir.wait_for_log(f'blocks of the group {group},')

    # Each has a state of its own: after a kill the first goes on where it was, without a second alert of anything.
    first.kill()
    again = pipeline.start()
    produce(pipeline, COUNT)
    wait_for(lambda: pipeline.observed() == 2 * COUNT and shared.observed() == 2 * COUNT, 60, lambda: f'the second half\n{again.process.log_tail()}')
    wait_for(pipeline.all_scored, 60, 'all observations of the first group', 0.2)
    opened = Counter(key[:3] for key in raised(pipeline).elements() if key[2] == 'opened')
    assert opened == Counter({key: count for key, count in kinds.items() if key[2] == 'opened'})
