"""Compares weir with rsigma over public Sigma rules. Called by scripts/sigma-oracle."""
import argparse
import collections
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote_to_bytes

import yaml

import rule_events

DIFFERENCES = Path(__file__).with_name('differences.yml')
EVENTS_SHOWN = 3  # of each difference without an explanation


def load_rules(directory):
    """The detection rules of a directory (not filters, not correlations)."""
    rules = [document for file in sorted(directory.rglob('*.yml')) for document in yaml.safe_load_all(file.read_text()) if document and 'detection' in document]
    if not rules:
        sys.exit(f'no Sigma rules in {directory}')
    return rules


def spell_out_all(rule):
    """Keywords under "|all" as one selection for each, joined by "and", and numbers among them as text:
    rsigma compares the former with whole values of one field, and the latter with nothing."""
    detection = {}
    condition = rule['detection']['condition']
    for name, selection in rule['detection'].items():
        if isinstance(selection, dict) and list(selection) == ['|all']:
            parts = {f'{name}_part{i}': [str(keyword)] for i, keyword in enumerate(selection['|all'])}
            condition = re.sub(rf'\b{name}\b', f'({" and ".join(parts)})', condition)
            detection |= parts
        else:
            detection[name] = selection
    return rule | {'detection': detection | {'condition': condition}}


def write_lines(path, records):
    path.write_text(''.join(json.dumps(record, ensure_ascii=False) + '\n' for record in records))


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f'{command[0]} ended with code {result.returncode}:\n{result.stderr[-2000:]}')
    return [json.loads(line) for line in result.stdout.splitlines() if line.strip()]


def matches_of_weir(program, rules, requests, directory):
    """The set of (number of the event, rule id)."""
    events = directory / 'weir.ndjson'
    write_lines(events, [request.for_weir() for request in requests])
    config = directory / 'weir.yaml'
    config.write_text('rules: {security_level: strict}\n')
    verdicts = run([program, 'scan', '--config', config, '--rules', rules, '--output', 'verdicts', events])
    rejected = [v for v in verdicts if 'rejected' in v]
    if rejected or len(verdicts) != len(requests):
        sys.exit(f'weir judged {len(verdicts) - len(rejected)} of {len(requests)} events; the first it rejected: {rejected[:1]}')
    return {(number, rule) for number, verdict in enumerate(verdicts) for rule in verdict['rules']}


def matches_of_rsigma(program, rules, events, directory):
    path = directory / 'rsigma.ndjson'
    write_lines(path, events)
    results = run([program, 'engine', 'eval', '--rules', rules, '--event', f'@{path}', '--input-format', 'json', '--include-event',
                   '--output-format', 'ndjson', '--quiet'])
    return {(result['event']['number'], result['rule_id']) for result in results}


def decoded_text(text):
    for _ in range(4):
        octets = unquote_to_bytes(text.replace('+', ' '))
        octets = re.sub(rb'[\xc0\xc1][\x80-\xbf]', lambda m: bytes([(m[0][0] & 1) << 6 | m[0][1] & 0x3f]), octets)
        text = octets.decode('utf-8', 'replace')
    return text


def changed(event, change):
    """The event with each of its texts changed."""
    return {name: [change(item) for item in value] if isinstance(value, list) else change(value) if isinstance(value, str) else value
            for name, value in event.items()}


def without_empty(event):
    return {name: value for name, value in event.items() if value != ''}


def compare(weir, logged, absent, plain):
    """The matches of one side only, by kind. `logged`, `absent`, `plain`: rsigma on the events as logged, without their empty fields,
    and decoded: these say by what the implementations differ where both are right."""
    more, less = weir - logged, logged - weir
    return {'only weir: empty as absent': more & absent, 'only weir: decoded': (more & plain) - absent, 'only weir': more - plain - absent,
            'only rsigma: not decoded': less - plain, 'only rsigma': less & plain}


def explanation_of(kind, rule, explained):
    return next((entry['cause'] for entry in explained if entry['kind'] == kind and entry['rule'] in (rule, 'any')), None)


def print_table(differences, titles, explained, requests):
    """Prints the differences by rule and cause; returns how many are without an explanation, and the causes seen."""
    groups = collections.defaultdict(list)
    for kind, matches in differences.items():
        for number, rule in sorted(matches):
            groups[kind, rule].append(number)
    unexplained, seen = 0, set()
    print(f'{"events":>6}  {"matched by":27}  {"cause":32}  rule')
    for (kind, rule), numbers in sorted(groups.items(), key=lambda group: (group[0][0], titles[group[0][1]])):
        cause = explanation_of(kind, rule, explained)
        seen.add((kind, cause))
        print(f'{len(numbers):6}  {kind:27}  {cause or "NOT EXPLAINED":32}  {rule}  {titles[rule]}')
        if cause is None:
            unexplained += len(numbers)
            for number in numbers[:EVENTS_SHOWN]:
                print(f'        event {number}: {json.dumps(requests[number].for_weir(), ensure_ascii=False)[:600]}')
    return unexplained, seen


def main():
    parser = argparse.ArgumentParser(prog='scripts/sigma-oracle', add_help=False)
    parser.add_argument('--weir', required=True)
    parser.add_argument('--rsigma', required=True)
    parser.add_argument('--generic', type=int, default=2000)
    parser.add_argument('rules', type=Path)
    arguments = parser.parse_args()

    rules = load_rules(arguments.rules)
    titles = {str(rule['id']): rule['title'] for rule in rules}
    requests = rule_events.all_requests(rules, arguments.generic)
    events = [request.for_oracle(number) for number, request in enumerate(requests)]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        weir = matches_of_weir(arguments.weir, arguments.rules, requests, directory)
        oracle_rules = directory / 'rules'
        oracle_rules.mkdir()
        (oracle_rules / 'all.yml').write_text(yaml.safe_dump_all([spell_out_all(rule) for rule in rules], allow_unicode=True))
        forms = [events, [without_empty(event) for event in events], [without_empty(changed(event, decoded_text)) for event in events]]
        logged, absent, plain = (matches_of_rsigma(arguments.rsigma, oracle_rules, form, directory) for form in forms)

    explained = yaml.safe_load(DIFFERENCES.read_text())['differences']
    unexplained, seen = print_table(compare(weir, logged, absent, plain), titles, explained, requests)
    never = sorted(titles[rule] for rule in titles.keys() - {rule for _, rule in weir | logged})
    print(f'\n{len(rules)} rules, {len(requests)} events; matches: weir {len(weir)}, rsigma {len(logged)}, the same {len(weir & logged)}')
    print(f'rules that matched no event in either program: {len(never)}' + ''.join(f'\n  {title}' for title in never))
    stale = [entry for entry in explained if (entry['kind'], entry['cause']) not in seen]
    for entry in stale:
        print(f'an explained difference did not show: {entry["kind"]}, {entry["rule"]}: {entry["cause"]}')
    print(f'differences without an explanation: {unexplained}')
    sys.exit(1 if unexplained else 0)


if __name__ == '__main__':
    main()
