"""`weir config check` on broken configurations: what it says of each stands in data/broken_configurations.yaml."""
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from command import Ran, run
from secure_kafka import Authority, openssl
from weir_process import binary

TABLE = Path(__file__).resolve().parent.parent / 'data' / 'broken_configurations.yaml'
RULE = '''title: Test
id: 6a0d3c1e-0000-4000-8000-000000000001
status: experimental
description: For tests.
logsource: {category: webserver}
detection:
  selection: {cs-uri-query|contains: forbidden}
  condition: selection
level: critical
'''
# What is wrong says itself what to do.
PLAIN = {'key_that_is_a_list', 'format_with_an_unknown_variable', 'policy_route_without_path'}


def cases():
    return yaml.safe_load(TABLE.read_text())


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """The files that the configurations name, as files/NAME: as long as {dir}/NAME, so that columns are those of the table."""
    path = tmp_path_factory.mktemp('config-check') / 'files'
    path.mkdir()
    authority = Authority(path, 'authority')
    for name, kind in (('client', {}), ('other', {}), ('expired', {'expired': True}), ('future', {'begin': '20480101000000Z'})):
        certificate, key = authority.issue(name, **kind)
        (path / f'{name}.pem').write_bytes(certificate.read_bytes())
        (path / f'{name}.key').write_bytes(key.read_bytes())
    (path / 'ca.pem').write_bytes(authority.certificate.read_bytes())
    openssl('rsa', '-aes128', '-passout', 'pass:right-one', '-in', path / 'client.key', '-out', path / 'encrypted.key')
    for name, text in (('secret', 'a-secret-of-some-length\n'), ('empty', ''), ('keys', f'ops sha256:{"0" * 64}\n'),
                       ('bad-keys', f'ops {run("apikey", "generate").out.split()[-1]}\n')):
        (path / name).write_text(text)
    for name in ('rules', 'broken-rules', 'empty-rules'):
        (path / name).mkdir()
    (path / 'rules' / 'one.yml').write_text(RULE)
    (path / 'broken-rules' / 'one.yml').write_text(RULE.replace('condition: selection', 'condition: selectoin'))
    return path


def shortened(text):
    """Long lists and texts are written in the table as @N@."""
    return text.replace('@300@', ', '.join(str(number) for number in range(2, 302))).replace('@5000@', 'x' * 5000)


def told(case, folder, command=('config', 'check')):
    path = folder.parent / 'weir.yaml'      # names of secret files are looked for beside it
    path.write_text(shortened(case['config']).replace('{dir}', 'files'))
    # Without the variables with which the other tests share compiled rules: they stand above the file.
    clean = {name: value for name, value in os.environ.items() if not name.startswith('WEIR_')}
    done = subprocess.run([binary(), *command, path.name], capture_output=True, text=True, timeout=120, check=False, env=clean,
                          cwd=folder.parent)
    result = Ran(done.returncode, done.stdout, done.stderr)
    return result, result.err.replace(path.name, 'FILE').replace('files/', '{dir}/').replace('x' * 5000, '@5000@')


@pytest.mark.parametrize('case', cases(), ids=lambda case: case['name'])
def test_a_broken_configuration_is_refused_with_what_to_do(case, folder):
    result, said = told(case, folder)
    assert result.code == 2, result
    assert said == case['told']


def test_the_table_is_large_and_every_error_has_its_place_and_what_to_do():
    table = cases()
    assert len(table) >= 120 and len({case['name'] for case in table}) == len(table)
    for case in table:
        errors = [line for line in case['told'].splitlines() if ': error: ' in line]
        assert errors, case['name']
        for line in errors:
            place, _, message = line.partition(': error: ')
            assert place.startswith(('FILE:', '{dir}/')), line
            advice = (message.endswith(')'), ' must be ' in message, 'not valid YAML' in message, not place.startswith('FILE:'))
            assert any(advice) or case['name'] in PLAIN, line


@pytest.mark.parametrize('name', ['rule_directories_missing', 'key_of_another_certificate', 'api_keys_missing', 'hash_key_short',
                                  'quarantine_directory_missing', 'addresses_that_do_not_fit_the_window'])
def test_the_daemon_refuses_it_with_the_same_words(name, folder):
    case = next(case for case in cases() if case['name'] == name)
    result, said = told(case, folder, ('run', '--config'))
    assert result.code == 2, result
    assert said == case['told']


def test_a_file_that_is_no_utf8_is_refused_where_it_is_wrong(tmp_path):
    path = tmp_path / 'weir.yaml'
    path.write_bytes(b'lanes:\n  detect: 1\nkafka:\n  group_id: "w\xff"\n')
    result = run('config', 'check', str(path))
    assert result.code == 2, result
    assert f'{path}:4:15: error: not valid UTF-8 (save the file in UTF-8)' in result.err, result


def test_an_environment_variable_that_is_no_utf8_is_refused(tmp_path):
    path = tmp_path / 'weir.yaml'
    path.write_text('')
    result = run('config', 'check', str(path), env={'WEIR_KAFKA__GROUP_ID': os.fsdecode(b'w\xff')})
    assert result.code == 2, result
    assert 'environment variable WEIR_KAFKA__GROUP_ID: error: it is not valid UTF-8' in result.err, result


def test_what_a_variable_sets_is_told_at_the_variable(tmp_path):
    path = tmp_path / 'weir.yaml'
    path.write_text('')
    result = run('config', 'check', str(path), env={'WEIR_RULES__DIRECTORIES': '/nonexistent'})
    assert result.code == 2, result
    assert "environment variable WEIR_RULES__DIRECTORIES: error: rules.directories: '/nonexistent'" in result.err, result


def test_a_directory_without_the_right_to_write_is_refused(folder, tmp_path):
    """As somebody else: root may write everywhere."""
    if os.geteuid() != 0:
        pytest.skip('only root can become somebody else')
    for made in (tmp_path, *tmp_path.parents):
        if made.owner() == 'root' and made != Path('/') and made != Path('/tmp'):
            made.chmod(0o755)
    closed = tmp_path / 'closed'
    closed.mkdir(mode=0o755)
    rules = tmp_path / 'rules'
    rules.mkdir()
    (rules / 'one.yml').write_text(RULE)
    path = tmp_path / 'weir.yaml'
    path.write_text(f'quarantine: {{directory: {closed}}}\nrules: {{directories: {rules}, cache_directory: {closed}}}\n')
    done = subprocess.run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', binary(), 'config', 'check', path],
                          capture_output=True, text=True, timeout=120, check=False, env={'PATH': os.environ['PATH']})
    assert done.returncode == 2, done
    assert f'weir.yaml:1:14: error: quarantine.directory: {closed} cannot be written: Permission denied' in done.stderr, done
    assert f'error: rules.cache_directory: {closed} cannot be written: Permission denied' in done.stderr, done


def test_a_certificate_that_soon_expires_is_a_warning(folder):
    case = {'config': 'kafka: {security: {protocol: ssl, ca_file: {dir}/ca.pem, certificate_file: {dir}/ca.pem, '
                      'key_file: {dir}/authority/ca.key}}\nrules: {directories: {dir}/rules}\n'}
    result, said = told(case, folder)
    assert result.code == 0, result
    assert 'FILE:1:58: warning: kafka.security.certificate_file {dir}/ca.pem expires in 2 days (have a new one issued)' in said, said
