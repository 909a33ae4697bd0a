"""weir rules new: what it drafts finds the requests it was made of, no ordinary one, and holds no secret."""
import json
import re
from pathlib import Path

import pytest

from command import run

PAGE = Path(__file__).parents[2] / 'docs' / 'rules.md'
SECRETS = ['abcdefghijkl123456', 'hunter2hunter2', 'AKIAIOSFODNN7EXAMPLE']


def record(path='/', **fields):
    return json.dumps({'ts': '2026-11-20T10:00:00Z', 'ip': '192.0.2.1', 'method': 'GET', 'path': path, **fields})


def lines(folder, name, records):
    file = folder / name
    file.write_text('\n'.join(records) + '\n')
    return file


def drafted(tmp_path, attacks, benign=None, code=0):
    arguments = ['rules', 'new', '--from-record', lines(tmp_path, 'attacks.ndjson', attacks)]
    if benign is not None:
        arguments += ['--benign', lines(tmp_path, 'ordinary.ndjson', benign)]
    done = run(*arguments)
    assert done.code == code, done
    return done


def holds(tmp_path, draft):
    """The draft passes as a rule file, and what the scan says of each record by it alone."""
    file = tmp_path / 'draft' / 'draft.yml'
    file.parent.mkdir(exist_ok=True)
    file.write_text(draft)
    for command in ('test', 'lint'):
        done = run('rules', command, file)
        assert done.code == 0, done
    assert 'is a draft: it says TODO' in done.err, 'the linter reminds of what is left to do'
    return file


def hit_lines(file, records):
    done = run('scan', '--rules', file.parent, '--profile', 'flat', '--output', 'verdicts', records)
    return [verdict['line'] for verdict in done.json_lines() if verdict['rules']]


def test_the_example_of_the_documents_is_what_comes_out(tmp_path):
    section = PAGE.read_text().split('## A first draft', 1)[1].split('\n## ', 1)[0]
    attacks, ordinary = re.findall(r'```json\n(.*?)```', section, re.S)
    (expected,) = re.findall(r'```yaml\n(.*?)```', section, re.S)
    done = drafted(tmp_path, attacks.splitlines(), ordinary.splitlines())
    assert done.out == expected
    file = holds(tmp_path, done.out)
    assert hit_lines(file, tmp_path / 'attacks.ndjson') == [1, 2, 3]
    assert hit_lines(file, tmp_path / 'ordinary.ndjson') == []
    assert 'a secret was masked' in done.err


@pytest.mark.parametrize('attacks, benign, item', [
    # Each in another place, and encoded otherwise.
    ([record(query='t=%23%7Bx%7D'), record(path='/a', method='POST', content_type='application/json', body='{"t": "#{y}"}')],
     [record(query='t=x')], "weir.param|contains: 't=#{'"),
    # Each half is ordinary; together they are not.
    ([record(path='/export/a', query='kind=dump&x=1'), record(path='/export/b', query='y=2&kind=dump')],
     [record(path='/export/c', query='kind=list'), record(path='/x', query='kind=dump')], "weir.path|contains: '/export/'"),
    # Of several pieces of one line each is ordinary.
    ([record(query='q=%7Bone%7D%20a%20%7Btwo%7D'), record(query='z=%7Bone%7D%20b%20%7Btwo%7D')],
     [record(query='q=%7Bone%7D'), record(query='q=%7Btwo%7D')], "weir.query|contains: '={one}*{two}'"),
    # Ordinary requests hold it inside of words.
    ([record(path='/zap'), record(path='/a/zap')], [record(path='/zapper'), record(path='/unzap/zaps')], r"weir.path|re|i: '/zap\b'"),
    ([record(user_agent='Grabber/1.0 (one)'), record(user_agent='Grabber/1.0 (two)')], None, "weir.user_agent|contains: 'grabber/1.0 ('"),
])
def test_it_finds_what_tells_attacks_from_ordinary_requests(tmp_path, attacks, benign, item):
    done = drafted(tmp_path, attacks, benign)
    assert item in done.out.split('detection:')[1].split('condition:')[0], done
    file = holds(tmp_path, done.out)
    assert hit_lines(file, tmp_path / 'attacks.ndjson') == [1, 2]
    if benign is not None:
        assert hit_lines(file, tmp_path / 'ordinary.ndjson') == []
    else:
        assert 'give some of your own with --benign' in done.err


def test_records_come_in_any_form_and_from_standard_input(tmp_path):
    log = '\n'.join(f'203.0.113.{i} - - [20/Nov/2026:10:00:0{i} +0000] "GET /x?t=%5B%5Brun:{i}%5D%5D HTTP/1.1" 200 5 "-" "curl/8.{i}"' for i in (1, 2))
    done = run('rules', 'new', '--from-record', '-', stdin=log.encode() + b'\n')
    assert done.code == 0 and "'t=[[run:'" in done.out, done
    assert run('rules', 'new', '--from-record', '-', stdin=log.encode() + b'\n').out == done.out


def test_no_secret_gets_out(tmp_path):
    attacks = [record(path='/a', query=f'x=%3C%25{i}&api_key=AKIAIOSFODNN7EXAMPLE', cookie='session=abcdefghijkl123456',
                      headers={'authorization': 'Bearer abcdefghijkl123456'}, method='POST',
                      content_type='application/x-www-form-urlencoded', body='password=hunter2hunter2') for i in range(2)]
    done = drafted(tmp_path, attacks)
    for secret in SECRETS:
        assert secret not in done.out + done.err
    assert '# a secret in the next one was masked' in done.out
    # Where the secret is all they share, there is nothing to look for.
    only = [record(path=f'/{name}', query='password=hunter2hunter2') for name in ('a', 'b')]
    other = drafted(tmp_path, only, [record(query='password=x')], code=1)
    assert 'hunter2' not in other.out + other.err


def test_what_cannot_be_drafted_is_told(tmp_path):
    strangers = [record(path='/abc', query='p=1'), record(path='/xyz', query='q=2')]
    assert 'share no text' in drafted(tmp_path, strangers, code=1).err
    odd = [record(query='a=%23%7Bx%7D%21'), record(path='/odd'), record(query='b=%23%7Bx%7D%21')]
    assert "without attacks.ndjson:2 the others share weir.query|contains: '=#{x}!'" in drafted(tmp_path, odd, code=1).err
    ordinary = drafted(tmp_path, [record(path='/zap', query='a=1'), record(path='/zap', query='b=2')], [record(path='/zap')], code=1)
    assert 'nothing particular' in ordinary.err and 'ordinary.ndjson:1' in ordinary.err
    assert run('rules', 'new', '--from-record', tmp_path / 'none.ndjson').code == 1
    assert run('rules', 'new').code == 2
    assert run('rules', 'new', '--from-record', '-', '--benign', '-').code == 2


def test_requests_that_are_no_evidence_are_left_out_and_told(tmp_path):
    attacks = [record(query='t=%23%7Bx%7D'), record(query='u=%23%7By%7D')]
    benign = [attacks[0], record(query="id=1' UNION SELECT password FROM users--"), record(query='t=x')]
    done = drafted(tmp_path, attacks, benign)
    assert '1 requests of --benign were left out: the rules in force find them malicious' in done.err
    assert '1 requests of --benign were left out: they are those of the draft' in done.err
