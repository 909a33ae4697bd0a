"""Hyperscan from Python: the obvious list in one database, one scan a record."""
import sys

import obvious
from peer import PATTERNS_NOTE, PythonPeer


class PythonHyperscan(PythonPeer):
    name = 'hyperscan'
    title = 'Python with Hyperscan'
    source = 'python_hyperscan.py'
    packages = ('hyperscan==0.9.1',)
    does = PATTERNS_NOTE + ', in one scan'
    lacks = 'decoding in rounds, other headers, weights, clients, evidence, alerts'


def matcher():
    import hyperscan
    database = hyperscan.Database()
    flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH
    database.compile(expressions=[pattern.encode() for pattern in obvious.PATTERNS], ids=list(range(len(obvious.PATTERNS))),
                     elements=len(obvious.PATTERNS), flags=[flags] * len(obvious.PATTERNS))
    hits = []

    def is_attack(text):
        hits.clear()
        try:
            database.scan(text.encode('utf-8', 'replace'), match_event_handler=lambda number, *_: hits.append(number) or True)
        except hyperscan.ScanTerminated:
            pass     # by the handler, at the first match
        return bool(hits)
    return is_attack


if __name__ == '__main__':
    obvious.write_result(sys.argv[2], *obvious.judge(sys.argv[1], matcher()))
