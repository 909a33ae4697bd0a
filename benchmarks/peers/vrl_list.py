"""Vector's language VRL: the remap transform that people write in a pipeline, run in Python's process.

Vector itself is in none of the registries that this runner installs from; its language and runtime are, as the package vector-vrl.
"""
import itertools
import sys

import obvious
from peer import PATTERNS_NOTE, PythonPeer

BATCH = 10_000     # the transform is compiled once for each


class Vrl(PythonPeer):
    name = 'vrl'
    title = "Vector's VRL, `match_any`"
    source = 'vrl_list.py'
    packages = ('vector-vrl==1.0.7',)
    interpreter_at_least = (3, 12)
    does = PATTERNS_NOTE + '; the language alone, without Vector around it'
    lacks = 'decoding in rounds, other headers, weights, clients, evidence, alerts'


def program():
    parts = ' + " " + '.join(f'(string(.{name}) ?? "")' for name in obvious.FIELDS)
    patterns = ', '.join("r'" + pattern.replace("'", r"\x27") + "'" for pattern in ('(?i)' + one for one in obvious.PATTERNS))
    return f'text = decode_percent(replace({parts}, "+", " "))\n.attack = match_any(text, [{patterns}])\n'


def main(records, result):
    import vector_vrl
    transform = vector_vrl.Vector({})
    transform.initialize()
    count, found = 0, []
    with open(records, encoding='utf-8', errors='replace') as lines:
        while batch := list(itertools.islice(lines, BATCH)):
            events = transform.process_logs(batch, program())
            count += len(events)
            found += [event['request_id'] for event in events if event['attack']]
    obvious.write_result(result, count, found)


if __name__ == '__main__':
    main(*sys.argv[1:])
