"""RSigma, an engine for Sigma rules in Rust: the rules of a folder over events in Sigma's names."""
import json
import re

from peer import FOLDER, REPOSITORY, Peer, Result, Unavailable, run_tool

VERSION = '0.23.0'


class RSigma(Peer):
    name = 'rsigma'
    title = 'RSigma, its time by that of weir with the same rules'
    beside = 'weir-sigma'
    does = 'Sigma rules over the fields of a request in Sigma\'s names, which were made beforehand'
    lacks = 'decoding, weights, clients over time in event time, Kafka'
    recipe = f'scripts/sigma-oracle --install (cargo install rsigma --version {VERSION})'
    given = 'sigma'
    program = REPOSITORY / 'build/rsigma/bin/rsigma'

    def __init__(self, rules):
        self.rules = rules

    def install(self):
        FOLDER.mkdir(parents=True, exist_ok=True)
        if not self.program.exists():
            run_tool(['cargo', 'install', 'rsigma', '--version', f'={VERSION}', '--locked', '--no-default-features', '--features', 'rsigma-runtime',
                      '--root', self.program.parents[1]])

    def version(self):
        if not self.program.exists():
            raise Unavailable('not installed')
        return run_tool([self.program, '--version']).splitlines()[0]

    def command(self, records, result):
        del result
        return [self.program, 'engine', 'eval', '--rules', self.rules, '--event', f'@{records}', '--input-format', 'json',
                '--include-event', '--output-format', 'ndjson']

    def read(self, result, output, complaints):
        del result
        read = re.search(r'^Processed (\d+) events', complaints, re.M)
        found = {json.loads(line)['event']['request_id'] for line in output.splitlines() if line.startswith('{')}
        return Result(int(read[1]) if read else 0, frozenset(found))


def sigma_event(record):
    """A flat record in the names of Sigma's taxonomy."""
    uri = record['path'] + ('?' + record['query'] if record.get('query') else '')
    headers = {name.lower(): value for name, value in (record.get('headers') or {}).items()}
    return {'request_id': record['request_id'], 'cs-method': record['method'], 'c-uri': uri, 'cs-uri-stem': record['path'],
            'cs-uri-query': record.get('query') or '', 'c-useragent': record.get('user_agent') or '', 'cs-user-agent': record.get('user_agent') or '',
            'cs-referer': record.get('referer') or '', 'cs-cookie': headers.get('cookie', ''), 'cs-host': record.get('host') or '',
            'c-ip': record.get('ip') or '', 'sc-status': record.get('status')}


def write_events(source, target):
    with open(source, encoding='utf-8', errors='replace') as records, open(target, 'w', encoding='utf-8') as events:
        for line in records:
            events.write(json.dumps(sigma_event(json.loads(line)), ensure_ascii=False, separators=(',', ':')) + '\n')
