"""scripts/bench peers: weir and the programs that people use for the same, over the same records, in turns, in one run.

What counts is each process's processor time without what its start costs. What each one finds of labelled requests stands beside it:
a program that does less is faster.
"""
import argparse
import datetime
import json
import sys
import tempfile
from pathlib import Path

import labelled
import table
from clickhouse_sql import ClickHouse, ClickHousePack
from coraza_crs import Coraza
from duckdb_sql import DuckDb
from measuring import Measured, Prefixes, guarded, measure_all, run
from modsecurity_crs import ModSecurity
from peer import Unavailable
from python_hyperscan import PythonHyperscan
from python_re import PythonRe
from re2_set import Re2Set
from rsigma_rules import RSigma, write_events
from vrl_list import Vrl
from weir_pack import Weir, WeirSigma

CONVERT = {'sigma': write_events}


def peers_of(given, folder):
    """All of them in the table's order; weir first, with which each is compared."""
    peers = [Weir(given.weir, folder), ClickHouse(), ClickHousePack(), DuckDb(), PythonHyperscan(), Re2Set(), Vrl(), PythonRe(), ModSecurity(), Coraza()]
    if given.sigma and given.sigma.is_dir():
        peers += [WeirSigma(given.weir, folder, given.sigma), RSigma(given.sigma)]
    return peers


def available(peers, install):
    """([Measured], [what is missing and why])"""
    here, missing = [], []
    for peer in peers:
        try:
            if install:
                print(f'  installing {peer.name}', file=sys.stderr)
                peer.install()
            here.append(Measured(peer, peer.version()))
        except Unavailable as error:
            missing.append({'name': peer.name, 'title': peer.title, 'recipe': peer.recipe, 'why': str(error)})
            print(f'  left out: {peer.name}: {error}; to be had by: {peer.recipe}', file=sys.stderr)
    return here, missing


def find_attacks(measured, records, events, malicious, benign):
    peer = measured.peer
    peer.verdicts = True
    found = run(peer, events if peer.given else records).result.found
    measured.attacks = labelled.shares(found, malicious, benign)


def judge_labelled(all_measured, given, folder):
    malicious, benign, items = labelled.read(given.labelled, given.labelled_items)
    records, events = folder / 'labelled.ndjson', folder / 'labelled-sigma.ndjson'
    labelled.write_records(items, records)
    write_events(records, events)
    for measured in all_measured:
        if measured.peer.tells:
            guarded(measured, find_attacks, records, events, malicious, benign)
    return {'malicious': len(malicious), 'benign': len(benign)}


def arguments_of(words):
    parser = argparse.ArgumentParser(prog='scripts/bench peers', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--weir', type=Path, required=True)
    parser.add_argument('--input', type=Path, required=True, help='flat records, one a line')
    parser.add_argument('--labelled', type=Path, help='labelled requests, to say what each one finds')
    parser.add_argument('--labelled-items', type=int, default=8000, help='at most so many of them')
    parser.add_argument('--sigma', type=Path, help='a folder of Sigma rules, for weir and RSigma')
    parser.add_argument('--only', default='', help='names of peers, with commas between; weir is always there')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--seconds', type=float, default=3, help='about so much processor time a run: slow programs get less of the records')
    parser.add_argument('--install', action='store_true', help='get what is missing first, into build/peers and with apt-get')
    parser.add_argument('--json', type=Path)
    parser.add_argument('--markdown', type=Path)
    given = parser.parse_args(words)
    for path in filter(None, (given.input, given.labelled)):
        if not path.is_file():
            parser.error(f'no such file: {path}')
    if given.rounds < 1:
        parser.error('--rounds must be at least 1')
    return parser, given


def chosen(parser, peers, only):
    names = [name for name in only.split(',') if name]
    unknown = sorted(set(names) - {peer.name for peer in peers})
    if unknown:
        parser.error(f'no such peer: {", ".join(unknown)}; there are {", ".join(peer.name for peer in peers)}')
    wanted = {peer.name for peer in peers if not names or peer.name in names}
    wanted |= {peer.beside for peer in peers if peer.name in wanted}
    return [peer for peer in peers if peer.name in wanted or peer is peers[0]]


def figures(here):
    by_name = {measured.peer.name: measured for measured in here if not measured.failed}
    return [table.figures_of(measured, by_name.get(measured.peer.beside, here[0])) for measured in here]


def main(words=None):
    parser, given = arguments_of(words)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peers = chosen(parser, peers_of(given, folder), given.only)
        here, missing = available(peers, given.install)
        if not here or here[0].peer is not peers[0]:
            sys.exit(f'{given.weir}: no weir there: name a release build with --weir')
        prefixes = Prefixes(given.input, folder, CONVERT)
        measure_all(here, prefixes, given.rounds, given.seconds)
        if here[0].failed:
            sys.exit(f'weir itself failed: {here[0].failed}')
        report = {'date': datetime.date.today().isoformat(), 'machine': table.machine(), 'rounds': given.rounds,
                  'records': {'count': prefixes.count, 'bytes': given.input.stat().st_size}}
        if given.labelled:
            report['labelled'] = judge_labelled(here, given, folder)
        report |= {'peers': figures(here), 'missing': missing}
    text = table.markdown(report)
    print(text, end='')
    if given.json:
        given.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')
    if given.markdown:
        given.markdown.write_text(text, encoding='utf-8')
    return 1 if any(measured.failed for measured in here) else 0


if __name__ == '__main__':
    sys.exit(main())
