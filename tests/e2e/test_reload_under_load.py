"""Reloads, many good and some broken ones, while records flow: no record is lost, and each is judged by one whole rule set.

Two rule sets hold the same pair of rules under different ids. A record that hits one rule of a pair hits the other as well: an
alert with hits of both sets, or with half a pair, comes from a record that was judged by parts of two sets. Each alert also names
its rule set, which must be one that holds the rules it lists.

WEIR_E2E_RELOADS is the number of good reloads (200 by default); a fifth as many broken ones come between them.
"""
import collections
import http.client
import json
import os
import shutil
import signal
import threading

import traffic
from waiting import wait_for
from weir_process import DEAD_LETTERS, OBSERVATIONS, RECORDS, REPOSITORY

RELOADS = int(os.environ.get('WEIR_E2E_RELOADS', '200'))
PAIRS = {'A': ('a1', 'a2'), 'B': ('b1', 'b2')}
VARIANTS = 8                # so many sets of each letter, different from each other in one more rule
FULL_EVERY = 50             # among them some reloads with all the shipped rules, which take seconds to compile the first time
PAUSE_SECONDS = 0.05        # a small set is reloaded in milliseconds: so records flow in between
BATCH = 400
RESIDENT_GROWTH_MAX = 128 << 20

RULE = '''title: {title}
id: {id}
status: test
logsource:
  category: webserver
detection:
  selection:
    {field}|contains: {text}
  condition: selection
level: high
weir:
  category: sqli
  weight: 10
'''
BROKEN = {
    'no_yaml.yml': 'title: [unclosed',
    'no_selection.yml': RULE.format(title='broken', id='5f3a7d1e-6f0b-4c39-9a55-0000000000ff', field='cs-uri-query', text='x')
                            .replace('condition: selection', 'condition: nowhere'),
    'no_pattern.yml': RULE.format(title='broken', id='5f3a7d1e-6f0b-4c39-9a55-0000000000ff', field='cs-uri-query', text='"(open"')
                          .replace('|contains', '|re'),
    'twice.yml': RULE.format(title='again', id='5f3a7d1e-6f0b-4c39-9a55-0000000000a1', field='cs-uri-query', text='x'),
}


def rule_id(name):
    return f'5f3a7d1e-6f0b-4c39-9a55-0000000000{name}'


class RuleSets:
    """Directories of rules, and the link that says which of them is in force."""

    def __init__(self, folder):
        self.folder = folder
        self.link = folder / 'current'
        self.names = []
        for letter in PAIRS:
            for variant in range(VARIANTS):
                self._write(f'{letter}{variant}', letter, variant)
        shutil.copytree(REPOSITORY / 'rules', self._write('B-full', 'B', VARIANTS) / 'shipped')
        for name, content in BROKEN.items():
            broken = self._write(f'broken-{name}', 'A', 0)
            (broken / name).write_text(content)
        self.names = [f'{letter}{variant}' for variant in range(VARIANTS) for letter in PAIRS]
        self.link.symlink_to(self.names[0])

    def _write(self, name, letter, variant):
        directory = self.folder / name
        directory.mkdir(parents=True)
        first, second = PAIRS[letter]
        (directory / 'pair.yml').write_text('\n---\n'.join([
            RULE.format(title=f'{letter} in the query', id=rule_id(first), field='cs-uri-query', text='quuxpairone'),
            RULE.format(title=f'{letter} in the user agent', id=rule_id(second), field='cs-user-agent', text='quuxpairtwo')]))
        (directory / 'variant.yml').write_text(
            RULE.format(title='variant', id=rule_id('c0'), field='cs-uri-query', text=f'quuxvariant{variant}x'))
        return directory

    def swap_in(self, name):
        """As configuration management does: a new link renamed over the old one."""
        following = self.folder / 'next'
        following.symlink_to(name)
        following.rename(self.link)


class Load(threading.Thread):
    """Produces records until told to stop; every third hits a pair, and is the only one of its client."""

    def __init__(self, pipeline):
        super().__init__(daemon=True)
        self.pipeline = pipeline
        self.ended = threading.Event()
        self.requests = self.pairs = self.bad = 0
        self.failure = None

    def batch(self):
        lines = []
        for number in range(self.requests, self.requests + BATCH):
            if number % 3 == 0:
                lines.append(traffic.record(number, number / 500, f'pair-{number}', traffic.address(number % 4_000_000),
                                            query='id=quuxpairone', user_agent='quuxpairtwo/1.0'))
                self.pairs += 1
            else:
                lines.append(traffic.record(number, number / 500, f'customer-{number % 1000}', traffic.address(number % 1000)))
        self.requests += BATCH
        self.bad += 1
        return lines + [b'no record']

    def run(self):
        try:
            while not self.ended.wait(0.25):
                self.pipeline.broker.produce(self.pipeline.requests, self.batch())
        except Exception as error:      # noqa: BLE001: told by the test
            self.failure = error


class Reloads:
    """Asks for reloads in every way there is, and checks what came of each."""

    def __init__(self, weir, sets):
        self.weir, self.sets = weir, sets
        self.rule_sets = {}             # fingerprint: letter
        self.done = collections.Counter()

    def call(self, method, path):
        connection = http.client.HTTPConnection('127.0.0.1', self.weir.port, timeout=180)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def in_force(self):
        return self.call('GET', '/-/status')[1]['rules']['rule_set']

    def good(self, number):
        letter = 'AB'[number % 2]
        name = 'B-full' if number % FULL_EVERY == FULL_EVERY - 1 else f'{letter}{number // 2 % VARIANTS}'
        before = self.in_force()
        self.sets.swap_in(name)
        if number % 20 == 7:
            way = 'file'                # nobody asks
        elif number % 20 == 13:
            way = 'signal'
            self.weir.process.signal(signal.SIGHUP)
        else:
            way = 'api'
            status, told = self.call('POST', '/-/reload')
            assert status == 200 and told['reloaded'], told
        if way != 'api':
            wait_for(lambda: self.in_force() != before, 60, f'{name} to be in force after {before} ({way})')
        self.rule_sets[self.in_force()] = letter
        self.done[way] += 1
        threading.Event().wait(PAUSE_SECONDS)

    def broken(self, number):
        name = sorted(BROKEN)[number % len(BROKEN)]
        before = self.in_force()
        self.sets.swap_in(f'broken-{name}')
        status, told = self.call('POST', '/-/reload')
        findings = [one for one in told['diagnostics'] if one['severity'] == 'error']
        assert status == 422 and not told['reloaded'] and findings, told
        assert findings[0]['file'].endswith(name) and findings[0]['message'], findings
        assert told['rule_set'] == before == self.in_force()
        self.done['broken'] += 1


def test_no_record_is_lost_and_each_is_judged_by_one_whole_rule_set(pipeline, tmp_path):
    sets = RuleSets(tmp_path / 'sets')
    weir = pipeline.weir(rules={'directories': [str(sets.link)]},
                         http={'requests_per_minute': 1_000_000}).start()
    reloads, load = Reloads(weir, sets), Load(pipeline)
    reloads.rule_sets[reloads.in_force()] = 'A'
    load.start()
    resident = []
    for number in range(RELOADS):
        reloads.good(number)
        if number % 5 == 4:
            reloads.broken(number // 5)
        if number % (RELOADS // 10 or 1) == 0:
            resident.append(weir.metrics().sum('process_resident_memory_bytes'))
    load.ended.set()
    load.join(120)
    assert load.failure is None and not load.is_alive()

    weir.wait_for_metric(OBSERVATIONS, load.requests, timeout=120)
    # Of another lane, perhaps; and counted before they are committed.
    scrape = weir.wait_for_metric(DEAD_LETTERS, load.bad)
    wait_for(lambda: len(pipeline.dead_letters()) >= load.bad, 60, 'the dead letters', 0.3)
    print(f'\n{sum(reloads.done.values())} reloads {dict(reloads.done)}, {load.requests} requests, {load.pairs} with a pair, '
          f'{load.bad} bad; the process counted {scrape.sum("weir_rule_reloads_total", result="success"):.0f} good and '
          f'{scrape.sum("weir_rule_reloads_total", result="failure"):.0f} refused reloads; '
          f'resident MiB {[round(one / 2**20) for one in resident]}')
    assert scrape.sum(RECORDS) == load.requests + load.bad
    assert weir.metrics().sum(OBSERVATIONS) == load.requests
    assert weir.metrics().sum(DEAD_LETTERS) == load.bad == len(pipeline.dead_letters())
    assert scrape.sum('weir_rule_reloads_total', result='success') >= RELOADS
    assert scrape.sum('weir_rule_reloads_total', result='failure') >= RELOADS // 5

    wait_for(lambda: weir.metrics().sum('weir_alerts_total') >= load.pairs, 60, f'{load.pairs} alerts')
    wait_for(pipeline.all_scored, 60, 'all of them to be visible', 0.3)
    check_alerts(pipeline, load, reloads.rule_sets)
    assert max(resident[2:]) - resident[1] < RESIDENT_GROWTH_MAX, resident
    assert weir.stop() == 0


def check_alerts(pipeline, load, rule_sets):
    """Every record with a pair has its alert, with the pair of one set and that set's name."""
    whole = {tuple(rule_id(name) for name in pair): letter for letter, pair in PAIRS.items()}
    known = {one for pair in whole for one in pair}
    judged = collections.Counter()
    seen = set()
    for one in pipeline.alerts():
        weir = one['alert']['unmapped']['weir']
        if weir['phase'] != 'opened' or not weir['client'].startswith('pair-'):
            continue
        evidence = one['alert']['evidences'][0]['data']
        hits = tuple(sorted({hit['rule_id'] for hit in evidence['hits']} & known))
        assert hits in whole, f'judged by parts of rule sets: {hits} of {weir["rule_set"]}'
        letter = rule_sets.get(weir['rule_set'])
        assert letter in (None, whole[hits]), f'{hits} by the rule set {weir["rule_set"]}, which is {letter}'
        judged[whole[hits], weir['rule_set']] += 1
        seen.add(weir['client'])
    assert len(seen) == load.pairs
    letters = collections.Counter(letter for letter, _ in judged)
    assert all(letters[letter] > 1 for letter in PAIRS), f'only one of the sets was ever in force: {judged}'
    assert set(rule_set for _, rule_set in judged) <= set(rule_sets), 'a rule set that never was in force judged a record'
