"""Python's own re: the obvious list, one search after the other."""
import re
import sys

import obvious
from peer import PATTERNS_NOTE, PythonPeer


class PythonRe(PythonPeer):
    name = 're'
    title = 'Python `re`'
    source = 'python_re.py'
    does = PATTERNS_NOTE
    lacks = 'decoding in rounds, other headers, weights, clients, evidence, alerts'


if __name__ == '__main__':
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in obvious.PATTERNS]
    obvious.write_result(sys.argv[2], *obvious.judge(sys.argv[1], lambda text: any(pattern.search(text) for pattern in patterns)))
