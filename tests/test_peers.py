"""scripts/bench peers: what it runs, what it says of what it could not run, and that a peer which skips records is found out."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / 'tests/e2e'), str(REPOSITORY / 'benchmarks/peers')]

import labelled                            # noqa: E402
import measuring                           # noqa: E402
import obvious                             # noqa: E402
import table                               # noqa: E402
import traffic                             # noqa: E402
from peer import Peer, Unavailable         # noqa: E402
from python_re import PythonRe             # noqa: E402
from rsigma_rules import write_events      # noqa: E402
from weir_process import binary            # noqa: E402

# Each found by one of the obvious patterns, in their order.
EXAMPLES = [
    'id=1 UNION ALL SELECT', 'q=select a from b ', "n=x' or 1=1", 'INFORMATION_SCHEMA', 'sleep( 5', 'WAITFOR  DELAY', ';drop table',
    '<SCRIPT', 'javascript:', 'onerror =', 'onload=', '<iframe', 'alert (', 'document.cookie', '../../', 'etc/passwd', 'boot.ini', '; cat /x',
    '|id', '/bin/sh', '${jndi:', '<?php', '<!ENTITY', '{{7*7}}']


def write(path, records):
    path.write_bytes(b'\n'.join(records) + b'\n')
    return path


def run_peers(tmp_path, *arguments, peers='re'):
    report, markdown = tmp_path / 'report.json', tmp_path / 'table.md'
    command = [sys.executable, REPOSITORY / 'benchmarks/peers/run.py', '--weir', binary(), '--only', peers, '--json', report, '--markdown', markdown, *arguments]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=300,
                          env=os.environ | {'WEIR_PEERS': str(tmp_path / 'nothing-installed'), 'PYTHONDONTWRITEBYTECODE': '1'})
    return done, json.loads(report.read_text()) if report.exists() else None, markdown


def test_each_obvious_pattern_finds_its_example_and_ordinary_requests_have_none():
    import re
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in obvious.PATTERNS]
    assert [bool(pattern.search(text)) for pattern, text in zip(patterns, EXAMPLES)] == [True] * len(EXAMPLES) == [True] * len(patterns)
    for line in traffic.benign(300):
        text = obvious.text_of(json.loads(line))
        assert not [pattern.pattern for pattern in patterns if pattern.search(text)]


def test_both_are_measured_on_the_same_records_and_their_findings_counted(tmp_path):
    records, _ = traffic.with_attacks(400)
    items = [{'id': f'bad-{family}', 'label': 'malicious', 'payload': payload, 'placement': 'query'}
             for family, payload in {'xss': '<script>alert(1)</script>', 'sqli': "1' union select password from users-- ", 'ldap': '*)(uid=*))(|(uid=*'}.items()]
    items += [{'id': f'good-{i}', 'label': 'benign', 'payload': f'shoes number {i}', 'placement': 'query'} for i in range(5)]
    items += [{'id': 'left-out', 'label': 'contested', 'payload': '<script>', 'placement': 'query'}]
    labels = tmp_path / 'labels.jsonl'
    labels.write_text('\n'.join(map(json.dumps, items)) + '\n')
    done, report, markdown = run_peers(tmp_path, '--input', write(tmp_path / 'records.ndjson', records), '--labelled', labels, '--rounds', '2')
    assert done.returncode == 0, done.stderr
    weir, plain = report['peers']
    assert (weir['name'], plain['name']) == ('weir', 're') and weir['records'] == plain['records'] == report['records']['count'] == 400
    assert weir['times_weir'] == {'least': 1, 'median': 1, 'most': 1} and plain['ns_per_record']['least'] <= plain['ns_per_record']['most']
    assert report['labelled'] == {'malicious': 3, 'benign': 5}
    assert (weir['attacks_found'], weir['false_alarms']) == (1, 0)
    assert (plain['attacks_found'], plain['false_alarms']) == (round(2 / 3, 4), 0)    # the obvious list knows no LDAP
    assert '| weir (weir ' in markdown.read_text() and '| Python `re` (Python 3.' in markdown.read_text()


def test_what_is_not_installed_is_left_out_with_how_to_get_it(tmp_path):
    done, report, markdown = run_peers(tmp_path, '--input', write(tmp_path / 'records.ndjson', traffic.benign(50)), '--rounds', '1', peers='re2,coraza')
    assert done.returncode == 0, done.stderr
    assert [peer['name'] for peer in report['peers']] == ['weir']
    assert [(peer['name'], peer['why']) for peer in report['missing']] == [('re2', 'not installed'), ('coraza', 'not installed')]
    assert 'left out: re2: not installed; to be had by: pip install google-re2==' in done.stderr
    assert '`go build in benchmarks/peers/coraza' in markdown.read_text()


def test_an_unknown_peer_is_wrong_usage_and_the_known_ones_are_named(tmp_path):
    done, report, _ = run_peers(tmp_path, '--input', write(tmp_path / 'records.ndjson', traffic.benign(5)), peers='ree')
    assert done.returncode == 2 and report is None
    assert 'no such peer: ree; there are weir, clickhouse' in done.stderr


class Careless(Peer):
    """Judges half of what it is given."""
    name = 'careless'

    def version(self):
        return '1'

    def command(self, records, result):
        return [sys.executable, '-c', 'import json, sys; n = sum(1 for _ in open(sys.argv[1])); '
                'json.dump({"records": n // 2, "found": []}, open(sys.argv[2], "w"))', records, result]


class Broken(Careless):
    name = 'broken'

    def command(self, records, result):
        return [sys.executable, '-c', 'import sys; sys.exit("no such rule")']


@pytest.mark.parametrize('peer, reason', [(Careless(), 'judged 20 of 40 records'), (Broken(), 'ended with 1: no such rule')])
def test_a_peer_that_skips_records_or_fails_has_no_figures_and_takes_none_from_others(tmp_path, peer, reason):
    prefixes = measuring.Prefixes(write(tmp_path / 'records.ndjson', traffic.benign(40)), tmp_path, {})
    both = [measuring.Measured(PythonRe(), '3'), measuring.Measured(peer, '1')]
    measuring.measure_all(both, prefixes, 2, 1)
    assert both[1].failed == reason and not both[0].failed and len(both[0].nanoseconds) == 2
    figures = table.figures_of(both[1], both[0])
    assert figures['failed'] == reason and 'ns_per_record' not in figures
    assert f'failed: {reason}' in table.row(figures)


def test_a_slow_peer_gets_less_of_the_same_records(tmp_path):
    class Slow(PythonRe):
        def command(self, records, result):
            return [sys.executable, '-c', 'import json, sys\nfor n, line in enumerate(open(sys.argv[1]), 1): sum(range(40000))\n'
                    'json.dump({"records": n, "found": []}, open(sys.argv[2], "w"))', records, result]
    prefixes = measuring.Prefixes(write(tmp_path / 'records.ndjson', traffic.benign(3000)), tmp_path, {})
    quick, slow = measuring.Measured(PythonRe(), '3'), measuring.Measured(Slow(), '3')
    measuring.choose_records(quick, prefixes, 10)
    measuring.choose_records(slow, prefixes, 0.1)
    assert quick.records == 3000 and slow.records == 500
    whole = (tmp_path / 'records.ndjson').read_bytes()
    assert whole.startswith(prefixes.of(slow.peer, 500).read_bytes())


def test_a_peer_whose_start_takes_minutes_is_not_started_more_often_than_it_says(tmp_path):
    class LongStart(PythonRe):
        rounds_max, records_fixed = 2, 30
    prefixes = measuring.Prefixes(write(tmp_path / 'records.ndjson', traffic.benign(50)), tmp_path, {})
    usual, rare = measuring.Measured(PythonRe(), '3'), measuring.Measured(LongStart(), '3')
    measuring.measure_all([usual, rare], prefixes, 3, 1)
    assert (len(usual.nanoseconds), usual.records) == (3, 50)
    assert (len(rare.nanoseconds), rare.records, rare.start) == (2, 30, 0)


def test_the_memory_of_a_peer_is_not_that_of_the_runner(tmp_path):
    records = tmp_path / 'records.ndjson'
    records.write_bytes(b'\n'.join(traffic.benign(100)) * 3000)       # some 150 MB
    assert records.stat().st_size > 100e6
    runner = ('import sys; sys.path[:0] = sys.argv[1:3]\nimport measuring, test_peers\n'
              'prefixes = measuring.Prefixes(sys.argv[3], test_peers.Path(sys.argv[4]), {})\n'
              'measuring.into_page_cache(prefixes.of(test_peers.Careless(), prefixes.count))\n'
              'print(measuring.run(test_peers.Careless(), prefixes.of(test_peers.Careless(), 1)).peak_mb)')
    done = subprocess.run([sys.executable, '-c', runner, REPOSITORY / 'benchmarks/peers', REPOSITORY / 'tests', records, tmp_path], capture_output=True,
                          text=True, check=True, timeout=120)
    assert float(done.stdout) < 100


def test_ratios_are_of_the_same_round():
    base, other = measuring.Measured(PythonRe(), '1', nanoseconds=[100, 400, 200]), measuring.Measured(PythonRe(), '1', nanoseconds=[300, 800, 800])
    assert table.figures_of(other, base)['times_weir'] == {'least': 2, 'median': 3, 'most': 4}


@pytest.mark.parametrize('placement', ['query', 'raw_param', 'form', 'path', 'header', 'user_agent', 'cookie', 'json_body'])
def test_a_labelled_payload_stands_where_it_says_and_weir_sees_it_there(tmp_path, placement):
    item = {'id': 'one', 'label': 'malicious', 'payload': '"><script>alert(document.cookie)</script>', 'placement': placement}
    labelled.write_records([item], tmp_path / 'one.ndjson')
    done = subprocess.run([binary(), 'scan', '--profile', 'flat', '--rules', REPOSITORY / 'rules', '--output', 'verdicts', tmp_path / 'one.ndjson'],
                          capture_output=True, text=True, check=True, timeout=120)
    verdict = json.loads(done.stdout)
    assert verdict['malicious'] and 'xss' in verdict['categories']
    record = json.loads((tmp_path / 'one.ndjson').read_text())
    places = {'query': 'query', 'raw_param': 'query', 'form': 'body', 'path': 'path', 'header': 'headers', 'user_agent': 'user_agent',
              'cookie': 'headers', 'json_body': 'body'}
    assert [name for name in ('path', 'query', 'body', 'headers', 'user_agent') if 'script' in str(record.get(name))] == [places[placement]]


def test_events_for_sigma_engines_say_what_the_records_say(tmp_path):
    record = traffic.record(1, 1, 'customer-1', '81.64.0.1', path='/a.php', query='x=1', headers={'Cookie': 'k=v'}, status=404)
    write_events(write(tmp_path / 'records.ndjson', [record, *traffic.benign(2)]), tmp_path / 'events.ndjson')
    events = [json.loads(line) for line in (tmp_path / 'events.ndjson').read_text().splitlines()]
    assert len(events) == 3
    wanted = {'c-uri': '/a.php?x=1', 'cs-uri-stem': '/a.php', 'cs-uri-query': 'x=1', 'cs-method': 'GET', 'cs-cookie': 'k=v', 'sc-status': 404,
              'c-useragent': traffic.BROWSER, 'cs-host': 'shop.example.com', 'c-ip': '81.64.0.1', 'request_id': 'r00000001'}
    assert {name: events[0][name] for name in wanted} == wanted


def test_a_tool_that_fails_says_why():
    from peer import run_tool
    with pytest.raises(Unavailable, match='python3.* failed: no such package'):
        run_tool(['/usr/bin/python3', '-c', 'import sys; sys.exit("no such package")'])
    with pytest.raises(Unavailable, match='/no/such/tool: No such file'):
        run_tool(['/no/such/tool'])
