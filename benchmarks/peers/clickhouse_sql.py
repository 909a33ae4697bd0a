"""ClickHouse in-process: the query that data engineers write over a table of request logs."""
import hashlib
import json
import re
import sys
import time

import obvious
from peer import FOLDER, PATTERNS_NOTE, REPOSITORY, PythonPeer, run_tool

COLUMNS = 'request_id String, path String, query String, body String, user_agent String, referer String'
SETTINGS = 'max_threads = 1, input_format_skip_unknown_fields = 1, input_format_null_as_default = 1, ' \
           'reject_expensive_hyperscan_regexps = 0, max_hyperscan_regexp_length = 0, max_hyperscan_regexp_total_length = 0'


class ClickHouse(PythonPeer):
    name = 'clickhouse'
    title = 'ClickHouse, `multiMatchAny`'
    source = 'clickhouse_sql.py'
    packages = ('chdb==4.4.0', 'PyYAML==6.0.2')
    does = PATTERNS_NOTE + ', in one scan'
    lacks = 'decoding in rounds, other headers, weights, clients, evidence, alerts'
    patterns = 'obvious'

    def venv(self):
        return super().venv().with_name('venv-clickhouse')

    def version(self):
        found = super().version()
        return found + ', ClickHouse ' + run_tool([self.python(), '-c', 'import chdb; print(chdb.query("SELECT version()"))']).strip().strip('"')

    def command(self, records, result):
        return [*super().command(records, result), self.patterns]


class ClickHousePack(ClickHouse):
    """Its patterns are compiled anew in each process, which takes more than a minute."""
    name = 'clickhouse-pack'
    title = "ClickHouse, `multiMatchAllIndices` with the patterns of weir's rules"
    does = "which of weir's regular expressions match, of those that it takes, over the same parts"
    lacks = 'decoding in rounds, other headers, conditions, weights, clients, evidence, alerts'
    patterns = 'pack'
    rounds_max = 2
    records_fixed = 100_000
    tells = False        # a condition's parts are findings by themselves


def quoted(text):
    return "'" + text.replace('\\', '\\\\').replace("'", "\\'") + "'"


def expressions(node):
    """The regular expressions and substrings of one rule's detection."""
    if isinstance(node, dict):
        for key, value in node.items():
            _, *modifiers = str(key).split('|')
            values = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
            if 're' in modifiers:
                yield from (('(?i)' if 'i' in modifiers else '') + one for one in values)
            elif 'contains' in modifiers and 'fieldref' not in modifiers:
                yield from ('(?i)' + re.escape(one) for one in values)
            elif not modifiers:
                yield from expressions(value)
    elif isinstance(node, list):
        for one in node:
            yield from expressions(one)


def is_usable(pattern):
    """Whether multiMatchAny takes it: no looks ahead or behind, and, since it reads them as UTF-8, no large counted classes."""
    import chdb
    try:
        chdb.query(f"SELECT multiMatchAny('x', [{quoted(pattern)}]) SETTINGS {SETTINGS}")
        return True
    except RuntimeError:
        return False


def pack_patterns():
    """Those of weir's own rules that ClickHouse can be given. To find out takes minutes, so it is kept for the next time."""
    import yaml
    taken = set()
    for file in sorted((REPOSITORY / 'rules').rglob('*.yml')):
        for rule in yaml.safe_load_all(file.read_text(encoding='utf-8')):
            taken.update(expressions((rule or {}).get('detection') or {}))
    digest = hashlib.sha256('\0'.join(sorted(taken)).encode()).hexdigest()
    kept = FOLDER / f'pack-{digest[:16]}.json'
    if not kept.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([pattern for pattern in sorted(taken) if is_usable(pattern)]), encoding='utf-8')
    return json.loads(kept.read_text(encoding='utf-8'))


def query_of(records, patterns, which, limit=''):
    text = "decodeURLFormComponent(concat(path, ' ', query, ' ', body, ' ', user_agent, ' ', referer))"
    function = {'obvious': 'multiMatchAny', 'pack': 'notEmpty(multiMatchAllIndices'}[which]      # the former ends at the first match
    match = f'{function}({text}, [{", ".join(map(quoted, patterns))}])' + ')' * (which == 'pack')
    return (f'SELECT count() AS records, groupArrayIf(request_id, {match}) AS found '
            f'FROM (SELECT * FROM file({quoted(records)}, JSONEachRow, {quoted(COLUMNS)}) {limit}) SETTINGS {SETTINGS}')


def main(records, result, which):
    import chdb
    patterns = pack_patterns() if which == 'pack' else ['(?i)' + pattern for pattern in obvious.PATTERNS]
    # The patterns are compiled once in a process, which for a long list takes longer than the records.
    chdb.query(query_of(records, patterns, which, 'LIMIT 1'), 'JSONEachRow')
    begun = time.process_time()
    said = json.loads(str(chdb.query(query_of(records, patterns, which), 'JSONEachRow')))
    obvious.write_result(result, int(said['records']), said['found'], time.process_time() - begun, patterns=len(patterns))


if __name__ == '__main__':
    main(*sys.argv[1:])
