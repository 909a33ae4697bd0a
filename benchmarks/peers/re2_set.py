"""RE2::Set from Python: the obvious list as one automaton."""
import sys

import obvious
from peer import PATTERNS_NOTE, PythonPeer


class Re2Set(PythonPeer):
    name = 're2'
    title = 'RE2::Set, from Python'
    source = 're2_set.py'
    packages = ('google-re2==1.1.20251105',)
    does = PATTERNS_NOTE + ', in one search'
    lacks = 'decoding in rounds, other headers, weights, clients, evidence, alerts'


def matcher():
    import re2
    options = re2.Options()
    options.case_sensitive = False
    patterns = re2.Set.SearchSet(options)
    for pattern in obvious.PATTERNS:
        patterns.Add(pattern)
    patterns.Compile()
    return lambda text: bool(patterns.Match(text))


if __name__ == '__main__':
    obvious.write_result(sys.argv[2], *obvious.judge(sys.argv[1], matcher()))
