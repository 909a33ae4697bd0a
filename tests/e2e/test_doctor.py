"""`weir doctor` against a real broker: with a weir that works, with none, and without brokers."""
import tarfile

import pytest
import yaml

from command import run
from conftest import Pipeline
from processes import free_ports


@pytest.fixture
def pipeline(broker, tmp_path):
    one = Pipeline(broker, tmp_path)
    yield one
    one.close()


def lines(result):
    """[(verdict, what)]"""
    return [(line[:8].strip(), line[8:]) for line in result.out.splitlines()]


def test_a_healthy_weir_passes_and_the_test_record_comes_to_its_alert(pipeline, tmp_path):
    weir = pipeline.start()
    bundle = tmp_path / 'bundle.tar'
    result = run('doctor', '--config', str(weir.config_path), '--bundle', str(bundle), timeout=240)
    assert result.code == 0, result
    found = lines(result)
    assert not [one for one in found if one[0] == 'failed'], result
    for text in ('brokers, topics, their settings and every right', 'the running weir: every lane has joined its group',
                 ' written to ', 'its alert was published and read ', 'ms off from this machine'):
        assert any(verdict == 'ok' and text in what for verdict, what in found), (text, result)
    with tarfile.open(bundle) as archive:
        assert archive.getnames() == ['findings.txt', 'configuration.yaml', 'status.json', 'metrics.txt']
        assert archive.extractfile('findings.txt').read().decode() == result.out
        assert b'weir_build_info' in archive.extractfile('metrics.txt').read()
    assert bundle.stat().st_mode & 0o077 == 0


def test_without_a_running_weir_no_alert_comes_and_that_is_told(pipeline, tmp_path):
    weir = pipeline.start()
    assert weir.stop() == 0
    result = run('doctor', '--config', str(weir.config_path), '--wait', '3', timeout=240)
    assert result.code == 1, result
    assert ('failed', 'no alert of the test record came within 3 s: does a weir with these topics run, and get on (weir ctl status)?'
            ) in lines(result), result


def test_no_record_is_sent_when_it_is_not_wanted(pipeline):
    weir = pipeline.start()
    before = weir.metrics().sum('weir_records_total')
    result = run('doctor', '--config', str(weir.config_path), '--no-record', timeout=240)
    assert result.code == 0 and ('skipped', 'no test record was sent') in lines(result), result
    assert weir.metrics().sum('weir_records_total') == before


def test_a_support_archive_has_no_secret(tmp_path):
    config = tmp_path / 'weir.yaml'
    config.write_text(yaml.safe_dump({
        'hash_key': 'correct-horse-battery-staple',
        'kafka': {'bootstrap_servers': f'127.0.0.1:{free_ports(1)[0]}',
                  'security': {'protocol': 'sasl_plaintext', 'sasl_mechanism': 'PLAIN', 'sasl_username': 'weir',
                               'sasl_password': 'right-horse-battery'}},
        'http': {'port': free_ports(1)[0]}}))
    bundle = tmp_path / 'bundle.tar'
    result = run('doctor', '--config', str(config), '--bundle', str(bundle), timeout=240)
    assert result.code == 1 and 'check that the broker runs' in result.out, result
    text = bundle.read_bytes()
    assert b'********' in text
    for secret in (b'correct-horse', b'right-horse'):
        assert secret not in text and secret.decode() not in result.out + result.err


# --- weir top

def test_top_shows_what_a_running_weir_does(pipeline):
    weir = pipeline.start()
    result = run('top', '--address', f'127.0.0.1:{weir.port}', '--interval', '0.2', '--screens', '2')
    assert result.code == 0, result
    assert result.out.count('every lane has joined its group') == 2 and '\x1b' not in result.out, result
    for text in ('records', 'lag, messages', 'rule hits by category', 'alerts by kind'):
        assert text in result.out, result


def test_top_says_when_nobody_answers():
    result = run('top', '--address', f'127.0.0.1:{free_ports(1)[0]}')
    assert result.code == 1 and 'no answer from 127.0.0.1' in result.err, result
