"""scripts/bench forms: how fast other forms of input are read than the flat JSON profile, on the same requests, in one run.

From one file of flat records it makes combined text, the JSON of an nginx log_format (read by that directive), and the flat
records in gzip. All are scanned in turns; what counts is the program's CPU time without what a start costs.
"""
import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

WANTED = {'combined': 1.3, 'directive': 0.95, 'gzip': 0.6}
DIRECTIVE = ('log_format access escape=json \'{"at":"$time_iso8601","id":"$request_id","from":"$remote_addr","do":"$request_method",'
             '"proto":"$scheme","site":"$host","to":"$request_uri","code":$status,"took":$request_time,"in":$request_length,'
             '"out":$bytes_sent,"agent":"$http_user_agent","ref":"$http_referer","type":"$content_type","accept":"$http_accept",'
             '"lang":"$http_accept_language","body":"$request_body"}\';')


def nginx_text(text):
    """As nginx writes a value between quotes."""
    out = []
    for byte in (text or '-').encode():
        out.append(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f'\\x{byte:02X}')
    return ''.join(out)


def target_of(record):
    return record['path'] + ('?' + record['query'] if record.get('query') else '')


def combined_line(record):
    when = datetime.fromisoformat(record['ts'].replace('Z', '+00:00')).strftime('%d/%b/%Y:%H:%M:%S +0000')
    return (f'{record["ip"]} - - [{when}] "{nginx_text(record["method"] + " " + target_of(record) + " HTTP/1.1")}" {record["status"]} '
            f'{record["response_bytes"]} "{nginx_text(record.get("referer"))}" "{nginx_text(record.get("user_agent"))}"')


def directive_line(record):
    headers = {name.lower(): value for name, value in (record.get('headers') or {}).items()}
    return json.dumps({
        'at': record['ts'], 'id': record.get('request_id') or '', 'from': record['ip'], 'do': record['method'],
        'proto': record.get('scheme') or '', 'site': record.get('host') or '', 'to': target_of(record), 'code': record['status'],
        'took': round((record.get('duration_ms') or 0) / 1000, 3), 'in': record.get('request_bytes') or 0,
        'out': record.get('response_bytes') or 0, 'agent': record.get('user_agent') or '', 'ref': record.get('referer') or '',
        'type': record.get('content_type') or '', 'accept': headers.get('accept', ''), 'lang': headers.get('accept-language', ''),
        'body': record.get('body') or ''}, ensure_ascii=False, separators=(',', ':'))


def usable(line):
    """The record, if each of the forms can hold it."""
    try:
        record = json.loads(line)
        datetime.fromisoformat(record['ts'].replace('Z', '+00:00'))
        wanted = ('ip', 'method', 'path', 'status', 'response_bytes')
        return record if all(record.get(name) is not None for name in wanted) and isinstance(record['path'], str) else None
    except (ValueError, KeyError, AttributeError):
        return None


def write_forms(source, folder, count):
    paths = {name: folder / name for name in ('flat', 'combined', 'directive', 'gzip')}
    with open(source, 'rb') as lines, open(paths['flat'], 'wb') as flat, open(paths['combined'], 'w') as combined, \
            open(paths['directive'], 'w', encoding='utf-8') as directive, gzip.open(paths['gzip'], 'wb', 6) as packed:
        written = 0
        for line in lines:
            record = usable(line)
            if record is None:
                continue
            flat.write(line)
            packed.write(line)
            combined.write(combined_line(record) + '\n')
            directive.write(directive_line(record) + '\n')
            written += 1
            if written == count:
                break
    return paths, written


def cpu_seconds(weir, rules, options, path):
    """(CPU seconds, records judged) of one scan."""
    with tempfile.NamedTemporaryFile() as figures:
        child = subprocess.Popen([weir, 'scan', '--rules', rules, '--output', 'summary', '--json', figures.name, *options, str(path)],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise SystemExit(f'weir scan {path} ended with {child.returncode}')
        read = json.load(open(figures.name, encoding='utf-8'))
        return usage.ru_utime + usage.ru_stime, read['records'] - read['rejected'] if isinstance(read['rejected'], int) else read['records']


def measure(weir, rules, paths, count, rounds, folder):
    options = {'flat': ['--profile', 'flat'], 'combined': ['--profile', 'nginx'], 'directive': ['--format', f'nginx={DIRECTIVE}'],
               'gzip': ['--profile', 'flat']}
    first = folder / 'first'
    with open(paths['flat'], 'rb') as lines:
        first.write_bytes(lines.readline())
    cpu_seconds(weir, rules, options['flat'], first)       # compiled rules into the cache
    start = min(cpu_seconds(weir, rules, options['flat'], first)[0] for _ in range(3))
    rates = {name: [] for name in paths}
    for _ in range(rounds):
        for name, path in paths.items():
            seconds, judged = cpu_seconds(weir, rules, options[name], path)
            if judged != count:
                raise SystemExit(f'{name}: {judged} of {count} records were judged')
            rates[name].append(count / (seconds - start))
    return rates


def main():
    parser = argparse.ArgumentParser(prog='scripts/bench forms', description=__doc__)
    parser.add_argument('--weir', required=True)
    parser.add_argument('--input', required=True, help='flat records, one a line')
    parser.add_argument('--rules', default='rules')
    parser.add_argument('--records', type=int, default=300_000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--json')
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths, count = write_forms(arguments.input, folder, arguments.records)
        sizes = {form: path.stat().st_size for form, path in paths.items()}
        rates = measure(arguments.weir, arguments.rules, paths, count, arguments.rounds, folder)
    figures, failed = {}, []
    for form, found in rates.items():
        pairs = [one / flat for one, flat in zip(found, rates['flat'])]
        ratio = statistics.median(pairs)
        figures[form] = {'records_per_cpu_second': statistics.median(found), 'spread': [min(found), max(found)], 'of_flat': ratio,
                         'bytes': sizes[form]}
        wanted = WANTED.get(form)
        print(f'{form:10} {statistics.median(found):10,.0f} records per CPU second ({min(found):,.0f} to {max(found):,.0f}), '
              f'{ratio:.2f} of flat ({min(pairs):.2f} to {max(pairs):.2f})' + (f', wanted {wanted}' if wanted else ''))
        if wanted and ratio < wanted:
            failed.append(form)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({'records': count, 'forms': figures}, indent=2) + '\n', encoding='utf-8')
    sys.exit(f'slower than wanted: {", ".join(failed)}' if failed else 0)


if __name__ == '__main__':
    main()
