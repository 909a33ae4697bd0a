"""Evidence as Fernet tokens: what weir encrypts, the package cryptography decrypts, and the other way round."""
import datetime
import json
from importlib import resources

import pytest
from cryptography.fernet import Fernet, InvalidToken

import ocsf
import traffic
from command import run

KEYS = [Fernet.generate_key().decode() for _ in range(3)]


def vectors(name):
    return json.loads((resources.files('cryptography_vectors') / 'fernet' / f'{name}.json').read_text())


def record():
    return traffic.record(1, 1, 'attacker-1', '81.64.0.1', **traffic.ATTACKS['sqli'])


def scanned(**env):
    ran = run('scan', '--profile', 'flat', '--output', 'alerts', '-', stdin=record() + b'\n', env=env)
    assert ran.code == 0, ran
    return ran.out


@pytest.fixture
def key_file(tmp_path):
    def write(*keys):
        path = tmp_path / 'keys'
        path.write_text('\n'.join(keys) + '\n')
        return str(path)
    return write


def token_of(line):
    return json.loads(line)['evidences'][0]['data']['fernet']


def refused(ran, *says):
    assert ran.code == 1 and ran.out == '', ran
    for text in says:
        assert text in ran.err, ran


def test_evidence_is_encrypted_with_a_key_of_the_variable_and_opened_by_another_implementation():
    plain, encrypted = scanned(), scanned(ENCRYPTION_KEY=KEYS[0])
    evidence = json.loads(plain)['evidences'][0]
    told = [evidence['http_request']['user_agent'], evidence['http_request']['url']['path'], *(hit['excerpt'] for hit in evidence['data']['hits'])]
    assert all(json.dumps(text)[1:-1] in plain and json.dumps(text)[1:-1] not in encrypted for text in told)
    assert Fernet(KEYS[0]).decrypt(token_of(encrypted)).decode() == plain.strip()
    alert = json.loads(encrypted)
    ocsf.assert_valid(alert)
    assert set(alert['evidences'][0]) <= {'src_endpoint', 'actor', 'data'} and 'observables' not in alert


def test_the_first_of_several_keys_encrypts_out_of_a_file_or_a_credential(tmp_path, key_file):
    path = key_file(KEYS[1], KEYS[0])
    for env in ({'WEIR_ALERTS__ENCRYPTION_KEYS_FILE': path}, {'CREDENTIALS_DIRECTORY': str(tmp_path)}):
        (tmp_path / 'alerts.encryption_keys').write_text(f'{KEYS[1]}\n{KEYS[0]}\n')
        line = scanned(**env)
        assert Fernet(KEYS[1]).decrypt(token_of(line))
        with pytest.raises(InvalidToken):
            Fernet(KEYS[0]).decrypt(token_of(line))


def test_the_same_records_give_the_same_bytes():
    assert scanned(ENCRYPTION_KEY=KEYS[0]) == scanned(ENCRYPTION_KEY=KEYS[0])
    assert token_of(scanned(ENCRYPTION_KEY=KEYS[0])) != token_of(scanned(ENCRYPTION_KEY=KEYS[1]))


def test_alerts_are_decrypted_to_what_they_were(tmp_path, key_file):
    plain, encrypted = scanned(), scanned(ENCRYPTION_KEY=KEYS[0])
    path = tmp_path / 'alerts.ndjson'
    path.write_text(encrypted + plain)
    for ran in (run('decrypt', '--key-file', key_file(KEYS[2], KEYS[0]), str(path)),
                run('decrypt', str(path), env={'ENCRYPTION_KEY': KEYS[0]}),
                run('decrypt', '--key-file', key_file(KEYS[0]), stdin=(encrypted + plain).encode())):
        assert ran.code == 0 and ran.out == plain + plain, ran


@pytest.mark.parametrize('text', ['', 'x', 'hello', 'ä' * 1000, json.dumps({'a': [1, 'b']})])
def test_tokens_of_another_implementation_are_opened(text, key_file):
    token = Fernet(KEYS[0]).encrypt(text.encode())
    ran = run('decrypt', '--key-file', key_file(KEYS[1], KEYS[0]), '--ttl', '60', stdin=token)
    assert ran.code == 0 and ran.out == text + '\n', ran


@pytest.mark.parametrize('vector', vectors('generate') + vectors('verify'), ids=lambda one: one['now'])
def test_the_published_tokens_are_opened(vector, key_file):
    ran = run('decrypt', '--key-file', key_file(vector['secret']), stdin=vector['token'].encode())
    assert ran.code == 0 and ran.out == vector['src'] + '\n', ran


@pytest.mark.parametrize('vector', vectors('invalid'), ids=lambda one: one['desc'])
def test_the_published_wrong_tokens_are_refused(vector, key_file):
    refused(run('decrypt', '--key-file', key_file(vector['secret']), '--ttl', str(vector['ttl_sec']), stdin=vector['token'].encode()),
            'line 1 of standard input')


def test_wrong_keys_and_damaged_tokens_are_refused_with_the_reason(key_file):
    token = Fernet(KEYS[0]).encrypt(b'the secret text').decode()
    path = key_file(KEYS[0])
    refused(run('decrypt', '--key-file', key_file(KEYS[1]), stdin=token.encode()), 'another key')
    key_file(KEYS[0])
    refused(run('decrypt', '--key-file', path, stdin=token[:-8].encode()), 'cut off')
    refused(run('decrypt', '--key-file', path, stdin=(token[:30] + ('A' if token[30] != 'A' else 'B') + token[31:]).encode()), 'changed')
    refused(run('decrypt', '--key-file', path, stdin=b'this is no token'), 'no Fernet token')
    old = Fernet(KEYS[0]).encrypt_at_time(b'x', int(datetime.datetime.now().timestamp()) - 100)
    refused(run('decrypt', '--key-file', path, '--ttl', '50', stdin=old), 'older than 50 s')
    assert run('decrypt', '--key-file', path, '--ttl', '500', stdin=old).out == 'x\n'


def test_a_line_that_cannot_be_opened_does_not_hide_the_others(key_file):
    good = Fernet(KEYS[0]).encrypt(b'good')
    ran = run('decrypt', '--key-file', key_file(KEYS[0]), stdin=good + b'\n' + Fernet(KEYS[1]).encrypt(b'bad') + b'\n' + good)
    assert ran.code == 1 and ran.out == 'good\ngood\n' and 'line 2' in ran.err, ran


def test_a_key_that_is_none_is_refused_and_not_repeated(key_file):
    for ran in (run('decrypt', '--key-file', key_file(KEYS[0], 'hunter2hunter2'), stdin=b'x'),
                run('scan', '--profile', 'flat', '-', env={'ENCRYPTION_KEY': f'{KEYS[0]} hunter2hunter2'})):
        assert ran.code == 2 and 'key 2 is none' in ran.err and 'hunter2' not in ran.err and KEYS[0] not in ran.err, ran
    ran = run('decrypt', stdin=b'x')
    assert ran.code == 2 and 'ENCRYPTION_KEY' in ran.err, ran


def test_the_printed_configuration_does_not_show_the_keys(tmp_path):
    path = tmp_path / 'weir.yaml'
    path.write_text(f'alerts:\n  encryption_keys: {KEYS[0]}\n')
    ran = run('config', 'print', str(path))
    assert ran.code == 0 and KEYS[0] not in ran.out and 'encryption_keys' in ran.out, ran
