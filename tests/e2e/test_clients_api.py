"""What a running weir tells of one client, and what of a client that another process has."""
import http.client
import json
import subprocess
from urllib.parse import quote

import pytest

import traffic
from conftest import Pipeline
from waiting import wait_for
from weir_process import binary

ATTACKS = 3


@pytest.fixture(scope='module')
def two(broker, tmp_path_factory):
    """Two processes that share the partitions of the observations, after some traffic."""
    pipeline = Pipeline(broker, tmp_path_factory.mktemp('clients'))
    first = pipeline.start(kafka={'instance_id': 'first'}, http={'requests_per_minute': 100_000}, log={'level': 'debug'})
    second = pipeline.start(kafka={'instance_id': 'second'}, http={'requests_per_minute': 100_000})

    def is_shared():
        scoring = [one.metrics().sum('weir_assigned_partitions', stage='score') for one in (first, second)]
        return all(scoring) and first.ready() and second.ready()
    first.process.wait_until(is_shared, 120, 'both score')
    records = [traffic.record(number, number * number, 'mallory', f'81.64.0.{number}', user_agent=f'{traffic.BROWSER} v{number}',
                              **traffic.ATTACKS['sqli']) for number in range(1, ATTACKS + 1)]
    records += [traffic.record(100 + number, 30 + number, f'customer-{number}', f'81.64.1.{number}') for number in range(40)]
    broker.produce(pipeline.requests, records)
    first.process.wait_until(lambda: pipeline.observed() == len(records) and pipeline.all_scored(), 120, 'all was scored')
    yield pipeline, first, second
    pipeline.close()


def asked(weir, client, *options):
    def answered():
        done = subprocess.run([binary(), 'ctl', 'client', client, '--address', f'127.0.0.1:{weir.port}', *options], capture_output=True,
                              text=True, timeout=180, check=False)
        return came_in_time(done.stdout) and done
    return wait_for(answered, 30, f'an answer about {client}', 0.2)


def came_in_time(body):
    """Neither a lane nor the brokers took longer than the API waits for them; then one asks again."""
    told = json.loads(body) if body.startswith('{') else {}
    late = 'does not answer in time' in told.get('error', '') or 'ask again' in told.get('error', '')
    return bool(told) and not late and told.get('owner', {}) is not None


def here_and_elsewhere(two, client):
    """What the process says that has the client's partition, and the other's answer."""
    answers = sorted(answers_about(two, client), key=lambda one: one[0])
    assert [status for status, _, _ in answers] == [200, 404], answers
    return [json.loads(body) for _, _, body in answers]


def answers_about(two, client):
    def answered():
        answers = [weir.get(f'/api/v1/clients/{quote(client, safe="")}') for weir in two[1:]]
        return all(came_in_time(body) for _, _, body in answers) and answers
    return wait_for(answered, 30, f'answers about {client}', 0.2)


def test_the_owner_tells_what_it_keeps_of_a_client(two):
    def is_as_committed():
        here, _ = here_and_elsewhere(two, 'mallory')
        return here['as_of']['offset'] == two[0].committed('score')[here['partition']['number']]
    # Blocks that only say how far the input was read come all the time: perhaps between the two questions.
    wait_for(is_as_committed, 30, 'the state is that of the committed offset', 0.2)
    here, _ = here_and_elsewhere(two, 'mallory')
    assert here['client'] == 'mallory' and here['client_type'] == 'customer' and here['known'] is True
    assert here['owner']['lane'] == 'score-0' and here['owner']['instance_id'] in ('first', 'second')
    window = here['window']
    assert window['requests'] == window['addresses'] == window['user_agents'] == ATTACKS
    assert 'user_agent_rotation' in window['reasons'] and window['risk_score'] == 20 and window['suspicious'] is False
    assert here['burst_window']['malicious'] == ATTACKS
    episode, = here['open_episodes']
    assert episode['kind'] == 'attack' and episode['count'] == ATTACKS and 'sqli' in episode['categories']
    published = [one['alert'] for one in two[0].alerts() if one['key'] == 'mallory']
    assert {one['episode_id'] for one in here['recent_alerts']} == {one['finding_info']['uid'] for one in published} == {episode['episode_id']}
    assert len(here['recent_alerts']) == len(published)


def test_the_other_says_where_the_partition_is(two):
    here, elsewhere = here_and_elsewhere(two, 'mallory')
    assert 'another process' in elsewhere['error'] and elsewhere['partition'] == here['partition']
    assert elsewhere['owner']['instance_id'] == here['owner']['instance_id'] + '-score-0'
    assert elsewhere['owner']['client_id'] == 'weir-score-0' and '127.0.0.1' in elsewhere['owner']['host']


def test_an_address_of_a_named_client_is_known_by_its_counts_alone(two):
    here, _ = here_and_elsewhere(two, '81.64.1.7')
    assert here['client_type'] == 'address' and here['window']['requests'] == 0 and here['burst_window']['requests'] == 1


def test_somebody_unknown_is_404_and_no_name_422(two):
    answers = answers_about(two, 'nobody-at-all')
    assert [status for status, _, _ in answers] == [404, 404]
    texts = sorted(json.loads(body)['error'] for _, _, body in answers)
    assert texts[0].startswith('another process') and texts[1].startswith('no client of this name')
    assert two[1].get('/api/v1/clients/api_key:plain-key')[0] == 422
    for path in ('/api/v1/clients/', '/api/v1/clients/a/b'):
        assert two[1].get(path)[0] == 404
    for path in ('/api/v1/clients/%ff', '/api/v1/clients/a%00', '/api/v1/clients/%', '/api/v1/clients/a?x=1'):
        assert two[1].get(path)[0] == 400


def test_the_command_prints_it_and_says_where_else_to_ask(two):
    here, _ = here_and_elsewhere(two, 'mallory')
    owner, other = (two[1], two[2]) if here['owner']['instance_id'] == 'first' else (two[2], two[1])
    done = asked(owner, 'customer:mallory')
    assert done.returncode == 0 and json.loads(done.stdout)['window'] == here['window']
    done = asked(other, 'mallory')
    assert done.returncode == 1 and json.loads(done.stdout)['owner']['instance_id'].startswith(here['owner']['instance_id'])


def test_the_log_does_not_name_who_was_asked_about(two):
    assert asked(two[1], 'customer-of-a-secret-kind').returncode == 1
    two[1].wait_for_log('/api/v1/clients/{id}')
    assert 'customer-of-a-secret-kind' not in two[1].log()


# --- decisions

def decide(weir, client, what, *options):
    def answered():
        done = subprocess.run([binary(), 'ctl', what, client, '--address', f'127.0.0.1:{weir.port}', *options], capture_output=True, text=True,
                              timeout=180, check=False)
        return 'could not be stored' not in done.stdout and done    # within 5 s
    done = wait_for(answered, 30, 'the order is stored', 0.2)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def attack(pipeline, number, client, seconds):
    """One more attack of the client, scored."""
    before = pipeline.observed()
    pipeline.broker.produce(pipeline.requests, [traffic.record(number, seconds, client, '81.64.9.9', **traffic.ATTACKS['sqli'])])
    pipeline.processes[0].process.wait_until(lambda: pipeline.observed() == before + 1 and pipeline.all_scored(), 120, 'it was scored')


def alerts_of(pipeline, client):
    return [one['alert'] for one in pipeline.alerts() if one['key'] == client]


def in_force(weirs, client, offset):
    """Whoever has the client's partition is past the offset."""
    def is_past():
        for weir in weirs:
            status, _, body = weir.get(f'/api/v1/clients/{client}')
            told = json.loads(body) if status in (200, 404) else {}
            if 'as_of' in told:
                return (told['as_of']['offset'] or 0) > offset
        return False
    weirs[0].process.wait_until(is_past, 60, 'the decision was read')


def test_a_silence_holds_wherever_it_was_made_and_over_a_restart_until_it_is_ended(two):
    pipeline, first, second = two
    for number, weir in enumerate((first, second)):
        client = f'tester-{number}'
        code, told = decide(weir, client, 'silence', '--for', '4h', '--reason', 'a load test')
        assert code == 0 and told['decision'] == 'silence' and told['until'] and told['client'] == client
        in_force((first, second), client, told['offset'])
        attack(pipeline, 1000 + number, client, 0)
        assert alerts_of(pipeline, client) == []
        here, _ = here_and_elsewhere(two, client)
        silence, = here['silences']
        assert silence['reason'] == 'a load test' and silence['caller'] == 'loopback' and silence['until'] == told['until']
        assert here['open_episodes'][0]['count'] == 1 and here['recent_alerts'] == []
        weir.wait_for_log(f'order: loopback: silence customer {client}, until')
    silenced = lambda: sum(weir.metrics().sum('weir_alerts_silenced_total') for weir in (first, second))
    wait_for(lambda: silenced() >= 2, 30, 'the silenced alerts, which are counted once a second')
    assert silenced() == 2
    assert sum(weir.metrics().sum('weir_client_orders_total') for weir in (first, second)) == 2

    first.kill()
    first.start()
    first.process.wait_until(lambda: first.ready() and second.ready(), 120, 'both are back')
    attack(pipeline, 1010, 'tester-0', 2)
    attack(pipeline, 1011, 'tester-1', 2)
    assert alerts_of(pipeline, 'tester-0') == alerts_of(pipeline, 'tester-1') == []

    code, told = decide(second, 'tester-0', 'silence', '--for', '0', '--reason', 'the test is over')
    assert code == 0 and told['until'] is None
    in_force((first, second), 'tester-0', told['offset'])
    attack(pipeline, 1020, 'tester-0', 100)     # an update is due
    alert, = alerts_of(pipeline, 'tester-0')
    assert alert['count'] == 3 and alerts_of(pipeline, 'tester-1') == []


def test_a_forgotten_client_has_its_episodes_closed_and_begins_anew(two):
    pipeline, first, second = two
    attack(pipeline, 2000, 'partner', 0)
    opened, = alerts_of(pipeline, 'partner')
    code, told = decide(first, 'partner', 'forget', '--reason', 'a mistake of ours')
    assert code == 0 and told['decision'] == 'forget'
    in_force((first, second), 'partner', told['offset'])
    pipeline.processes[0].process.wait_until(lambda: len(alerts_of(pipeline, 'partner')) == 2, 60, 'its episode was closed')
    closed = alerts_of(pipeline, 'partner')[1]
    assert closed['finding_info']['uid'] == opened['finding_info']['uid'] and closed['count'] == 1 and closed['metadata']['uid'] != opened['metadata']['uid']
    here, _ = here_and_elsewhere(two, 'partner')
    assert here['known'] is False and 'window' not in here and len(here['recent_alerts']) == 2
    attack(pipeline, 2001, 'partner', 5)
    assert len(alerts_of(pipeline, 'partner')) == 3


@pytest.mark.parametrize('body, says', [
    ('{}', 'reason'), ('[]', 'no JSON object'), ('{"reason": ""}', 'reason'), ('{"reason": "x"}', 'duration_s'),
    ('{"reason": "x", "duration_s": 604801}', 'at most 604800'), ('{"reason": "x", "duration_s": -1}', 'at most'),
    ('{"reason": "x", "duration_s": 1.5}', 'whole seconds'), ('{"reason": "x", "duration_s": 18446744073709551615}', 'at most'),
    ('{"reason": "x", "duration_s": 5, "forever": true}', 'not known'), ('{"reason": "a\\nb", "duration_s": 5}', 'control'),
    ('{"reason": "x", "duration_s": 5, "episode_id": 7}', 'episode_id'), ('{"reason": "' + 'x' * 257 + '", "duration_s": 5}', '256'),
], ids=range(12))
def test_what_is_no_decision_is_422_and_says_why(two, body, says):
    connection = http.client.HTTPConnection('127.0.0.1', two[1].port, timeout=60)
    connection.request('POST', '/api/v1/clients/somebody/silence', body=body.encode(), headers={'Content-Type': 'application/json'})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    assert answer.status == 422 and says in told['error'], told


def test_the_command_refuses_what_is_no_time(two):
    assert decide(two[1], 'x', 'silence', '--for', '1 week', '--reason', 'x')[0] == 2
    assert decide(two[1], 'x', 'silence', '--for', '8d', '--reason', 'x')[0] == 1
    assert decide(two[1], 'x', 'silence', '--reason', 'x')[0] == 2
