"""The reference of decisions agrees with `weir scan`, and the comparison sees what differs."""
import json
import subprocess

import pytest
import yaml

import input_records
import published
from reference_decisions import POLICY, DecisionReference
from reference_scorer import alerts_of
from test_reference_scorer import FREQUENT, RULES, configuration
from weir_process import binary, environment
from workload import Workload

RECORDS = 60_000
ONE_CHUNK = {'clients_max': 4096}     # more than there are
UNBOUNDED = POLICY | {'per_minute_max': 1_000_000}


class Observed:
    """A request as a block would tell of it."""

    def __init__(self, request):
        self.partition, self.offset, self.time_ms, self.is_count = request.partition, request.offset, request.time_ms, False
        self.client_hash = 0


def expected(values, policy=UNBOUNDED):
    requests = [request for offset, value in enumerate(values) if (request := input_records.read('http.requests', 0, offset, value))]
    reference = DecisionReference(policy, alerts_of(requests, FREQUENT), chunks=1)
    reference.take_block([], 0, [Observed(one) for one in requests])
    reference.end_partition()
    return reference


def scanned(values, folder, policy=UNBOUNDED):
    """The steps that weir scan tells."""
    path, config, out = folder / 'requests.ndjson', folder / 'weir.yaml', folder / 'decisions.ndjson'
    path.write_bytes(b'\n'.join(values) + b'\n')
    config.write_text(yaml.safe_dump({'score': configuration(FREQUENT) | ONE_CHUNK, 'decisions': policy}))
    subprocess.run([binary(), 'scan', '--config', config, '--rules', RULES, '--output', 'summary', '--decisions', out, path],
                   capture_output=True, check=True, env=environment())
    steps = []
    for line in map(json.loads, out.read_text().splitlines()):
        change = line.pop('change')
        value = None if change == 'ended' else {'version': 1, **line}
        steps.append(published.decision_facts(f'{line["client_type"]}:{line["client"]}', change, line['id'], value))
    return steps


@pytest.mark.parametrize('seed', [1, 2, 3])
def test_weir_scan_and_the_reference_decide_the_same(tmp_path, seed):
    values = [value for _, value in Workload(seed, 1).records(RECORDS)]
    reference, steps = expected(values), scanned(values, tmp_path)
    found = published.DecisionComparison(reference.steps, steps)
    found.left_over = []       # the file ends before they do
    assert found.exact, '\n'.join(found.examples())
    kinds = found.kinds()
    assert set(kinds) == {'made', 'renewed', 'replaced', 'ended'} and min(kinds.values()) > 50, kinds
    values = [one['value'] for one in reference.steps if one['value']]
    assert {one['rule'] for one in values} == {rule['name'] for rule in POLICY['rules']}
    assert {one['scope'] for one in values} == {'ip', 'range', 'customer', 'api_key'}
    assert max(one['times'] for one in values) > 3 and reference.skipped['spared'] > 10


@pytest.mark.parametrize('per_minute_max', [20, 60])
def test_a_budget_leaves_out_the_same(tmp_path, per_minute_max):
    policy = POLICY | {'per_minute_max': per_minute_max}
    values = [value for _, value in Workload(4, 1).records(RECORDS)]
    reference, steps = expected(values, policy), scanned(values, tmp_path, policy)
    found = published.DecisionComparison(reference.steps, steps)
    found.left_over = []
    assert found.exact, '\n'.join(found.examples())
    assert reference.skipped['budget'] > 50 and found.kinds()['made'] > 50, (reference.skipped, found.kinds())


@pytest.fixture(scope='module')
def lives():
    """What must be there of some clients whose decisions are all over."""
    steps = expected([value for _, value in Workload(9, 1).records(20_000)]).steps
    last = {one['client']: one for one in steps}
    return [one for one in steps if last[one['client']]['value'] is None]


def figures(lives, published_ones):
    found = published.DecisionComparison(lives, published_ones)
    assert not found.exact and found.examples()
    return {name: count for name, count in found.figures().items() if count and name not in ('expected', 'published')}


def place_of(lives, change):
    """Of a change that is not the last of its client."""
    last = {one['client']: number for number, one in enumerate(lives)}
    return next(number for number, one in enumerate(lives) if one['id'][1] == change and last[one['client']] != number)


def test_the_same_is_exact(lives):
    found = published.DecisionComparison(lives, list(lives))
    assert found.exact and not found.examples() and len(lives) > 300


@pytest.mark.parametrize('change', ['made', 'renewed', 'replaced', 'ended'])
def test_a_missing_step_is_lost(lives, change):
    number = place_of(lives, change)
    assert figures(lives, lives[:number] + lives[number + 1:]) == {'lost': 1}


@pytest.mark.parametrize('change', ['made', 'renewed', 'replaced', 'ended'])
def test_a_step_that_comes_again_is_duplicated(lives, change):
    number = place_of(lives, change)
    assert figures(lives, lives[:number + 1] + lives[number:])['duplicated'] == 1


def test_a_decision_without_its_tombstone_is_left_over(lives):
    number = max(number for number, one in enumerate(lives) if one['id'][1] == 'ended')
    assert figures(lives, lives[:number] + lives[number + 1:]) == {'lost': 1, 'left_over': 1}


def test_a_step_that_must_not_be_there_is_different(lives):
    one = published.decision_step('address:192.0.2.1', 'ended', 'another', None)
    assert figures(lives, [*lives, one]) == {'different': 1}


@pytest.mark.parametrize('name', ['action', 'value', 'until', 'times', 'reason', 'retry_after_s', 'simulate'])
def test_a_changed_member_is_different(lives, name):
    number = place_of(lives, 'made')
    changed = lives[number] | {'value': lives[number]['value'] | {name: 'changed'}}
    assert figures(lives, lives[:number] + [changed] + lives[number + 1:]) == {'different': 1}


def test_steps_of_a_client_in_another_order_are_different(lives):
    number = place_of(lives, 'made')
    client = [place for place, one in enumerate(lives) if one['client'] == lives[number]['client']]
    swapped = list(lives)
    swapped[client[0]], swapped[client[1]] = lives[client[1]], lives[client[0]]
    assert figures(lives, swapped) == {'different': 1}
