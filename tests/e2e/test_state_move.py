"""`weir state move`: another number of partitions for the observations, and clients whose windows, episodes and decisions go on
(docs/upgrades.md)."""
import json
import re
import signal
import subprocess

import pytest
from confluent_kafka import KafkaException

import traffic
from command import run, run_on_terminal
from conftest import Pipeline
from test_decisions import RULES, check_lives, decision_records
from test_exactly_once import STAYS, assert_same, long_stories, told
from test_pipeline import kind_of, phase_of
from waiting import wait_for
from weir_process import binary, environment

LATER_S = 8_000     # when everything that is open is over
CHANGES = {**STAYS, 'decisions': {'simulate': False, 'rules': RULES}, 'hash_key': 'which partition a client has'}


def with_partitions(count, **changes):
    """The settings of a process that knows this number of partitions."""
    return {**CHANGES, 'kafka': {**CHANGES['kafka'], 'topics': {'observations_partitions': count}}, **changes}


def scored(pipeline, weir, count):
    wait_for(lambda: pipeline.observed() == count, 90, lambda: f'all records; {pipeline.observed()} of {count}\n{weir.process.log_tail()}', 0.2)
    wait_for(pipeline.all_scored, 90, lambda: f'all observations\n{weir.process.log_tail()}', 0.2)


def move(weir, partitions, name, *more, **options):
    """The command, on the configuration of a process that has ended."""
    topics = weir.config['kafka']['topics']
    return run('state', 'move', '--config', weir.config_path, '--observations', f"{topics['observations']}.{name}",
               '--state', f"{topics['state']}.{name}", '--partitions', str(partitions), *more, **options)


def rename(pipeline, name):
    for role in ('observations', 'state'):
        pipeline.topics[role] += f'.{name}'


def new_topics(pipeline):
    """Those of the moved state that are there."""
    return {pipeline.topics[role] + '.new' for role in ('observations', 'state')} & set(pipeline.broker.topics())


def closed(pipeline):
    """{(client, kind, episode): count} of the closing alerts."""
    found = {}
    for one in pipeline.alerts():
        if phase_of(one) == 'closed':
            key = one['key'], kind_of(one), one['alert']['finding_info']['uid']
            assert key not in found, f'closed twice: {key}'
            found[key] = one['alert']['count']
    return found


def late_records(first):
    """So much later that all is over, from so many clients that each partition of the requests has some."""
    records = [traffic.record(first + number, LATER_S + number % 2, f'late-{number % 60}', traffic.address(600_000 + number % 60))
               for number in range(240)]
    return records, [f'late-{number % 60}'.encode() for number in range(240)]


def open_now(weir):
    metrics = weir.metrics()
    return metrics.sum('weir_episodes_open'), metrics.sum('weir_decisions_active')


def told_open(pipeline):
    """What is open and in force by what was published; the gauges follow once a second."""
    wait_for(lambda: pipeline.decided('decisions'), 60, 'the decisions to be visible')
    phases = [phase_of(one) for one in pipeline.alerts()]
    in_force = sum(steps[-1][2] is not None for steps in decision_records(pipeline).values())
    return phases.count('opened') - phases.count('closed'), in_force


def all_closed(pipeline, weir):
    """After the late records. The last close when weir is told that every source is at its end, seconds after the last record."""
    wait_for(lambda: told_open(pipeline)[0] == 0, 60, lambda: f'the end of {told_open(pipeline)[0]} episodes\n{weir.process.log_tail()}', 0.5)


def undisturbed(pipeline, count, partitions):
    """What a group of its own makes of the same requests that is never stopped: (alerts, closing counts, decisions)."""
    other = Pipeline(pipeline.broker, pipeline.folder / 'undisturbed')
    other.folder.mkdir()
    other.requests = other.topics['requests'] = pipeline.requests
    try:
        weir = other.weir(**with_partitions(partitions)).start()
        scored(other, weir, count)
        all_closed(other, weir)
        assert weir.stop() == 0
        return told(other), closed(other), decision_records(other)
    finally:
        other.close()


def decided(records):
    """{client: the decisions about it}, without when exactly they ended."""
    return {key: [value for _, _, value in steps if value is not None] for key, steps in records.items()}


@pytest.mark.parametrize('old, new', [(4, 7), (6, 4)])
def test_episodes_windows_and_decisions_go_on_in_another_number_of_partitions(pipeline, old, new):
    keys, records = long_stories(count=3_000, abusers=60, attackers=40)
    half = len(records) // 2
    weir = pipeline.weir(**with_partitions(old)).start()
    pipeline.broker.produce(pipeline.requests, records[:half], keys=keys[:half])
    scored(pipeline, weir, half)
    episodes, decisions = told_open(pipeline)
    wait_for(lambda: open_now(weir) == (episodes, decisions), 30, lambda: f'{open_now(weir)} are {episodes, decisions}')
    assert episodes > 20 and decisions > 5, (episodes, decisions)
    assert weir.stop() == 0
    before = closed(pipeline)

    dry = move(weir, new, 'new', '--dry-run')
    assert dry.code == 0 and 'nothing was written' in dry.out, dry
    assert not new_topics(pipeline)
    code, _, shown = run_on_terminal('state', 'move', '--config', weir.config_path, '--observations', 'x', '--state', 'y', '--partitions', str(new), '--dry-run')
    assert code == 0 and re.search(rf'\[#+\.*\] {old} of {old} ', shown), shown
    done = move(weir, new, 'new')
    assert done.code == 0, done
    assert f'{int(episodes)} open episodes, {int(decisions)} decisions in force' in done.out, done
    assert done.out.splitlines()[0] == dry.out.splitlines()[0].replace('would move', 'moved')
    assert 'without room: 0 clients' in done.out and 'the clock of every new partition' in done.err
    assert run('state', 'move', '--help').code == 0

    rename(pipeline, 'new')
    assert f"observations: {pipeline.topics['observations']}\n    observations_partitions: {new}" in done.out
    weir = pipeline.weir(**with_partitions(new)).start()
    wait_for(lambda: open_now(weir) == (episodes, decisions), 30, lambda: f'{open_now(weir)} are {episodes, decisions}')
    metrics = weir.wait_for_metric('weir_state_restores_total', new)
    assert metrics.sum('weir_state_chunks_damaged_total') == metrics.sum('weir_state_chunks_lost_total') == 0
    assert metrics.sum('weir_state_restores_total') == new
    late, late_keys = late_records(len(records))
    pipeline.broker.produce(pipeline.requests, records[half:], keys=keys[half:])
    scored(pipeline, weir, len(records))
    pipeline.broker.produce(pipeline.requests, late, keys=late_keys)
    scored(pipeline, weir, len(records) + len(late))
    all_closed(pipeline, weir)
    assert weir.stop() == 0
    assert pipeline.dead_letters() == []

    alerts, ends, made = undisturbed(pipeline, len(records) + len(late), old)
    assert len(alerts) > 150 and {kind for _, kind, _, _ in alerts} == {'abuse', 'attack', 'burst'}
    assert_same(told(pipeline), alerts)
    assert closed(pipeline) == ends and len(ends) > 100
    assert len(set(ends) - set(before)) > 50, 'too few were open at the move'
    mine = decision_records(pipeline)
    check_lives(mine)
    assert decided(mine) == decided(made)


@pytest.fixture
def stopped(pipeline):
    """A weir that has scored some attacks, and stopped."""
    weir = pipeline.weir(**with_partitions(3)).start()
    records = [traffic.record(number, number, f'attacker-{number % 9}', traffic.address(number % 9), **traffic.ATTACKS['sqli']) for number in range(90)]
    pipeline.broker.produce(pipeline.requests, records)
    scored(pipeline, weir, 90)
    assert weir.stop() == 0
    return weir


def known(weir, client='attacker-1'):
    """The attacks that its open episode has counted; 0: it is not known."""
    def answer():      # a lane that stands still for a while does not answer in time
        found = weir.get(f'/api/v1/clients/{client}')
        return found if found[0] in (200, 404) else None
    status, _, body = weir.process.wait_until(answer, 30, 'weir told of a client')
    if status == 404:
        return 0
    episode, = [one for one in json.loads(body)['open_episodes'] if one['kind'] == 'attack']
    return episode['count']


def test_it_refuses_while_weir_runs_or_observations_are_not_scored(pipeline, stopped):
    stopped.start()
    refused = move(stopped, 5, 'new')
    assert refused.code == 1 and re.search(r'the group weir-\d+-score has 1 members .*stop all weir processes', refused.err), refused
    assert stopped.stop() == 0
    detects = pipeline.weir(**with_partitions(3, stages=['detect'])).start()
    pipeline.broker.produce(pipeline.requests, [traffic.record(100 + number, 100 + number, f'attacker-{number}', traffic.address(number), **traffic.ATTACKS['xss'])
                                                for number in range(9)])
    wait_for(lambda: pipeline.observed() == 99, 60, 'they were judged')
    assert detects.stop() == 0
    refused = move(stopped, 5, 'new')
    assert refused.code == 1 and re.search(r'[1-9]\d* blocks of observations in [1-3] partitions of \S+ are not scored yet', refused.err), refused
    assert not new_topics(pipeline)
    scores = pipeline.weir(**with_partitions(3, stages=['score'])).start()
    wait_for(pipeline.all_scored, 60, 'they were scored')
    assert scores.stop() == 0
    # What only says how far the sources are is told again, and keeps nobody waiting.
    blocks = len(pipeline.broker.records(pipeline.topics['observations']))
    detects.start()
    wait_for(lambda: len(pipeline.broker.records(pipeline.topics['observations'])) > blocks, 60, 'a block about sources')
    assert detects.stop() == 0
    assert not pipeline.all_scored()
    done = move(stopped, 5, 'new')
    assert done.code == 0, done
    again = move(stopped, 5, 'new')
    assert again.code == 1 and 'is not empty' in again.err, again
    rename(pipeline, 'new')
    assert known(pipeline.weir(**with_partitions(5)).start()) == 11


@pytest.mark.parametrize('arguments, says', [
    (['--observations', 'weir.alerts', '--state', 's', '--partitions', '4'], "'weir.alerts' is in use already"),
    (['--observations', 'x', '--state', 'x', '--partitions', '4'], "'x' is in use already"),
    (['--observations', 'x', '--state', 'y', '--partitions', '0'], '--partitions'),
    (['--observations', 'x', '--partitions', '4'], '--state is required')])
def test_wrong_usage_is_told_as_such(arguments, says):
    wrong = run('state', 'move', *arguments)
    assert wrong.code == 2 and says in wrong.err, wrong


def test_a_configuration_that_is_not_that_of_the_processes_is_refused(pipeline, stopped):
    stopped.config['score']['clients_max'] = 10_000
    stopped.write_config()
    wrong = move(stopped, 5, 'new')
    assert wrong.code == 2 and 'made with another one' in wrong.err, wrong
    del stopped.config['score']['clients_max']
    stopped.config['hash_key'] = 'quite another key'
    stopped.write_config()
    wrong = move(stopped, 5, 'new')
    assert wrong.code == 1 and 'made with another hash_key' in wrong.err, wrong
    stopped.config['kafka']['group_id'] += '-other'
    stopped.write_config()
    wrong = move(stopped, 5, 'new')
    assert wrong.code == 1 and 'there is no state to move' in wrong.err, wrong


def has_records(pipeline, topic):
    """Whether anything was written to it; a topic that is just being made has no leaders yet."""
    if topic not in pipeline.broker.topics():
        return False
    try:
        return sum(pipeline.ends(topic, 'read_uncommitted').values()) > 0
    except KafkaException:
        return False


def test_what_a_crash_leaves_counts_for_nothing_and_it_can_be_run_again(pipeline, stopped):
    broker = pipeline.broker
    old = dict(pipeline.topics)
    state = f"{old['state']}.new"
    crashed = subprocess.run([binary(), 'state', 'move', '--config', stopped.config_path, '--observations', f"{old['observations']}.new",
                              '--state', state, '--partitions', '5'], env=environment({'WEIR_CRASH_AT': 'move.before_commit'}), check=False, timeout=120)
    assert crashed.returncode == -signal.SIGKILL, 'it was done before it died'
    wait_for(lambda: has_records(pipeline, state), 30, 'what was written before it died')      # the broker may still be at it
    half = move(stopped, 5, 'new')
    assert half.code == 1 and 'is not empty: delete it' in half.err, half

    assert new_topics(pipeline)
    rename(pipeline, 'new')      # somebody starts on it all the same
    weir = pipeline.weir(**with_partitions(5)).start(timeout=120)
    assert known(weir) == 0
    assert weir.stop() == 0
    admin = broker.admin
    for future in admin.delete_topics([f"{old['observations']}.new", state]).values():
        future.result(60)
    wait_for(lambda: not {state, f"{old['observations']}.new"} & set(broker.topics()), 30, 'they are gone')
    wait_for(lambda: not broker.group_offsets(f'{pipeline.group}-score', {f"{old['observations']}.new": 5}), 60, 'their offsets are gone')
    done = move(stopped, 5, 'new')
    assert done.code == 0, done
    assert known(pipeline.weir(**with_partitions(5)).start()) == 10
