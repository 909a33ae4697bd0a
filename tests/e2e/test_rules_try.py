"""weir rules try: what it says of a candidate rule set is right to the record. Beside it stands a reading of the rules in a few lines of
Python, over the requests themselves and over the alerts that two scans of their own give."""
import json
import random
from collections import Counter, defaultdict
from datetime import datetime

import pytest

import traffic
from command import run
from test_replay import produce

RULE = '''title: {title}
id: {id}
status: test
description: A rule of a test.
tags: [attack.discovery]
logsource: {{category: webserver}}
detection:
  it:
    cs-uri-stem|contains: '{text}'
  condition: it
falsepositives: [none]
level: {level}
weir:
  category: other
  weight: {weight}
  examples:
    positive: ['{text}/a']
    negative: ['/']
'''
REMOVED, WIDENED, SAME, ADDED, WEAK = (f'00000000-0000-4000-8000-00000000000{i}' for i in range(1, 6))
# By rule: what it looks for in paths, by the rules in force and by the candidate.
NOW = {REMOVED: '/old-admin', WIDENED: '/backup', SAME: '/same-place'}
THEN = {WIDENED: '/back', SAME: '/same-place', ADDED: '/export', WEAK: '/weak'}
WEIGHTS = {WEAK: 2}
NEAR_SECONDS = 300


def rule(number, text):
    return RULE.format(title=f'rule {number[-1]}', id=number, text=text, level='high', weight=WEIGHTS.get(number, 20))


def rule_set(folder, rules):
    folder.mkdir()
    for number, text in rules.items():
        (folder / f'{number[-1]}.yml').write_text(rule(number, text))
    return folder


def requests(count=6000, seed=3):
    """[(client, path, record)] in the order of time."""
    chance = random.Random(seed)
    kinds = ['/old-admin/', '/backup/', '/backpack/', '/export/', '/same-place/', '/weak/', '/back/export/']
    found = []
    for number in range(count):
        path, client = f'/products/{number % 997}', f'customer-{chance.randrange(300)}'
        if chance.random() < 0.05:
            path = chance.choice(kinds) + str(chance.randrange(30))
            if chance.random() < 0.7:
                client = f'prober-{chance.randrange(25)}'
        found.append((client, path, traffic.record(number, number * 0.4, client, traffic.address(sum(client.encode())), path=path)))
    return found


@pytest.fixture(scope='module')
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp('try')
    made = requests()
    (folder / 'requests.json').write_bytes(b'\n'.join(record for _, _, record in made) + b'\n')
    return {'folder': folder, 'requests': made, 'file': folder / 'requests.json', 'now': rule_set(folder / 'now', NOW),
            'then': rule_set(folder / 'then', THEN)}


def tried(case, *more, candidate=None):
    done = run('rules', 'try', candidate or case['then'], '--rules', case['now'], '--profile', 'flat', '-o', 'json', case['file'], *more)
    assert done.out, done
    return json.loads(done.out), done


def hits(rules, path):
    return {number for number, text in rules.items() if text in path}


def is_malicious(rules, path):
    return any(WEIGHTS.get(number, 20) >= 10 for number in hits(rules, path))


def test_hits_now_and_then_are_right_to_the_record(case):
    report, _ = tried(case)
    rows = {one['id']: one for one in report['rules']}
    for number in (REMOVED, WIDENED, SAME, ADDED, WEAK):
        now = [i for i, (_, path, _) in enumerate(case['requests']) if number in hits(NOW, path)]
        then = [i for i, (_, path, _) in enumerate(case['requests']) if number in hits(THEN, path)]
        row = rows[number]
        assert row['hits'] == {'current': len(now), 'candidate': len(then)}, row
        assert (row['new_hits'], row['lost_hits']) == (len(set(then) - set(now)), len(set(now) - set(then)))
        new, lost = sorted(set(then) - set(now))[:3], sorted(set(now) - set(then))[:3]
        assert [one['place'] for one in row['new_examples']] == [f'requests.json:{i + 1}' for i in new]
        assert [one['place'] for one in row['lost_examples']] == [f'requests.json:{i + 1}' for i in lost]
        for i, example in zip(new, row['new_examples']):
            client, path, _ = case['requests'][i]
            assert example['client'] == f'customer:{client}' or example['client'] == client
            assert example['target'].startswith(path)
    assert {number: row['state'] for number, row in rows.items()} == {
        REMOVED: 'removed', WIDENED: 'changed', SAME: 'same', ADDED: 'added', WEAK: 'added'}
    assert min(row['hits']['current'] + row['hits']['candidate'] for row in rows.values()) > 10


def test_malicious_requests_are_counted_by_both(case):
    report, _ = tried(case)
    now = [is_malicious(NOW, path) for _, path, _ in case['requests']]
    then = [is_malicious(THEN, path) for _, path, _ in case['requests']]
    assert report['requests'] == report['records'] == len(now)
    assert (report['current']['malicious'], report['candidate']['malicious']) == (sum(now), sum(then))
    assert report['new_malicious'] == sum(b and not a for a, b in zip(now, then))
    assert report['lost_malicious'] == sum(a and not b for a, b in zip(now, then))


def test_candidates_for_false_alarms_are_those_of_quiet_clients_and_routes(case):
    report, _ = tried(case)
    loud_clients = {client for client, path, _ in case['requests'] if is_malicious(NOW, path)}
    loud_paths = {path for _, path, _ in case['requests'] if is_malicious(NOW, path)}
    expected = Counter((client, path) for client, path, _ in case['requests']
                       if is_malicious(THEN, path) and not is_malicious(NOW, path) and client not in loud_clients and path not in loud_paths)
    found = report['false_alarm_candidates']
    assert found['requests'] == sum(expected.values()) > 5 and found['exact']
    listed = {(one['client'].removeprefix('customer:'), one['route'].removeprefix('shop.example.com')): one['requests'] for one in found['list']}
    assert listed == dict(expected)


def moment(text):
    return datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def opened(case, rules):
    """[(client, first, last)] of the attack alerts that open, with the time of the last that was counted."""
    hit = sorted((json.loads(record)['ts'], client) for client, path, record in case['requests'] if is_malicious(rules, path))
    by_client, found = defaultdict(list), []
    for at, client in hit:
        by_client[client].append(moment(at))
    for client, moments in by_client.items():
        first = last = moments[0]
        for at in moments[1:]:
            if at - last >= 300:      # score.episodes.idle_close_ms
                found.append((client, first, last))
                first = at
            last = at
        found.append((client, first, last))
    return found


def without(these, others):
    """Those of whom none of the others is of the same client at about the same time."""
    return [one for one in these if not any(
        one[0] == other[0] and one[1] <= other[2] + NEAR_SECONDS and other[1] <= one[2] + NEAR_SECONDS for other in others)]


def test_alerts_that_come_and_go_are_those_of_the_requests(case):
    report, _ = tried(case)
    now, then = opened(case, NOW), opened(case, THEN)
    assert report['current']['alerts_opened_by_kind']['attack'] == len(now)
    assert report['candidate']['alerts_opened_by_kind']['attack'] == len(then)
    alerts = report['alerts']
    attacks = lambda side: sorted((one['client'].removeprefix('customer:'), one['first_seen'][:19])
                                  for one in alerts[side] if one['kind'] == 'attack')
    shown = lambda found: sorted((client, datetime.utcfromtimestamp(first).isoformat()[:19]) for client, first, _ in found)
    assert attacks('new_list') == shown(without(then, now)) and attacks('new_list')
    assert attacks('lost_list') == shown(without(now, then)) and attacks('lost_list')
    assert alerts['new'] == len(alerts['new_list']) and alerts['lost'] == len(alerts['lost_list'])
    assert alerts['new_per_day'] == alerts['new'], 'a short range counts as a day'


def test_what_is_published_is_what_two_scans_publish(case):
    report, _ = tried(case)
    for side in ('now', 'then'):
        published = run('scan', '--rules', case[side], '--profile', 'flat', '-o', 'alerts', case['file']).out.splitlines()
        assert report['current' if side == 'now' else 'candidate']['alerts_published'] == len(published)


def test_the_clients_and_routes_most_touched(case):
    report, _ = tried(case)
    touched = [(client, path) for client, path, _ in case['requests'] if hits(NOW, path) != hits(THEN, path)]
    for name, index in (('client', 0), ('route', 1)):
        expected = Counter(one[index] for one in touched)
        listed = {one[name].removeprefix('customer:').removeprefix('shop.example.com'): one['requests'] for one in report[name + 's']}
        assert listed and all(expected[key] == count for key, count in listed.items())
        assert min(listed.values()) >= sorted(expected.values(), reverse=True)[len(listed) - 1]


def test_a_single_file_lies_over_the_current_rules(case):
    changed = case['folder'] / 'changed.yml'
    changed.write_text(rule(WIDENED, '/back'))
    report, _ = tried(case, candidate=changed)
    states = {one['id']: one['state'] for one in report['rules']}
    assert states == {REMOVED: 'same', WIDENED: 'changed', SAME: 'same'}
    added = case['folder'] / 'added.yml'
    added.write_text(rule(ADDED, '/export'))
    report, _ = tried(case, candidate=added)
    assert {one['id']: one['state'] for one in report['rules']}[ADDED] == 'added'
    assert report['candidate']['rules'] == report['current']['rules'] + 1


def test_a_rule_that_alerts_on_ordinary_traffic_fails_the_limits(case):
    everyone = case['folder'] / 'everyone.yml'
    everyone.write_text(rule(ADDED, '/products'))
    report, done = tried(case, '--max-new-alerts-per-day', '20', candidate=everyone)
    assert done.code == 1 and 'new alerts a day, more than the 20 of --max-new-alerts-per-day' in done.err
    assert report['limits']['passed_over'] and report['alerts']['new'] > 20
    _, done = tried(case, '--max-false-alarms', '100', candidate=everyone)
    assert done.code == 1 and '--max-false-alarms' in done.err
    _, done = tried(case, '--max-lost-alerts', '0')
    assert done.code == 1 and '--max-lost-alerts' in done.err
    _, done = tried(case, '--max-new-alerts-per-day', '1000', '--max-lost-alerts', '1000', '--max-false-alarms', '100000')
    assert done.code == 0


def test_the_same_rules_differ_in_nothing(case):
    report, done = tried(case, '--max-new-alerts-per-day', '0', '--max-lost-alerts', '0', '--max-false-alarms', '0', candidate=case['now'])
    assert done.code == 0 and report['alerts']['new'] == report['alerts']['lost'] == report['alerts']['changed'] == 0
    assert all(one['state'] == 'same' for one in report['rules']) and not report['clients']


def test_people_see_a_table(case):
    done = run('rules', 'try', case['then'], '--rules', case['now'], '--profile', 'flat', case['file'])
    assert done.code == 0
    for text in ('judged by both', 'Rules that differ', 'removed  rule 1', 'changed  rule 2', 'added    rule 4', 'New alerts',
                 'Alerts that go away', 'Clients most touched', 'Routes most touched', 'Candidates for false alarms', 'ns to match'):
        assert text in done.out, done


def test_secrets_in_examples_are_masked(case):
    file = case['folder'] / 'secret.json'
    file.write_bytes(traffic.record(1, 1, 'prober-1', traffic.address(1), path='/export/1', query='token=s3cr3t-of-somebody-123456') + b'\n')
    done = run('rules', 'try', case['then'], '--rules', case['now'], '--profile', 'flat', '-o', 'json', file)
    assert '/export/1' in done.out and 's3cr3t-of-somebody' not in done.out


def test_a_range_of_the_topic_says_what_a_file_says(case, pipeline):
    pipeline.requests = pipeline.topics['requests'] = f'{pipeline.group}.tried'
    pipeline.broker.create_topic(pipeline.requests, 4, {'retention.ms': '-1'})
    at = [(sum(client.encode()) % 4, int(moment(json.loads(record)['ts']) * 1000), record) for client, _, record in case['requests']]
    produce(pipeline.broker, pipeline.requests, at)
    weir = pipeline.weir(rules={'directories': [str(case['now'])]})
    weir.write_config()     # the trial needs no daemon
    done = run('rules', 'try', case['then'], '-c', weir.config_path, '--from', 'beginning', '-o', 'json', '-j', '3')
    assert done.code == 0, done
    of_topic, (of_file, _) = json.loads(done.out), tried(case)
    plain = lambda report: [{key: row[key] for key in ('id', 'state', 'hits', 'new_hits', 'lost_hits', 'new_alerts', 'lost_alerts')} for row in report['rules']]
    assert plain(of_topic) == plain(of_file)
    assert (of_topic['alerts']['new'], of_topic['alerts']['lost']) == (of_file['alerts']['new'], of_file['alerts']['lost'])
    assert of_topic['false_alarm_candidates']['requests'] == of_file['false_alarm_candidates']['requests']


@pytest.mark.parametrize('arguments, message', [
    (['{then}'], 'what is it to be tried on'),
    (['{then}', '{file}', '--from', '-1h'], 'not both'),
    (['/no/such/rules', '{file}'], 'there is no file or directory'),
    (['{file}', '{file}'], 'the rule set is refused'),
])
def test_wrong_usage_is_told(case, arguments, message):
    done = run('rules', 'try', '--rules', case['now'], *[one.format(**case) for one in arguments])
    assert done.code == 2 and message in done.err, done
