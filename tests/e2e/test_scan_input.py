"""Bad input to `weir scan`: each line gets its verdict or its reason, nothing crashes."""
import json

import pytest

import traffic
from command import run
from weir_process import REPOSITORY

RULES = str(REPOSITORY / 'rules')
GOOD = traffic.record(50, 50, 'customer-50', '81.64.0.50')


def scan_with_summary(data, tmp_path, code=0):
    """(result, verdicts, summary) of a scan of these bytes, which ends with this exit code."""
    path = tmp_path / 'input.ndjson'
    path.write_bytes(data)
    report = tmp_path / 'summary.json'
    summary = run('scan', '--profile', 'flat', '--rules', RULES, '--output', 'summary', '--json', str(report), str(path))
    assert summary.code == code, summary
    verdicts = run('scan', '--profile', 'flat', '--rules', RULES, '--output', 'verdicts', str(path))
    assert verdicts.code == code, verdicts
    return verdicts, verdicts.json_lines(), json.loads(report.read_text())


@pytest.mark.parametrize('name', [name for name, (line, _) in traffic.bad_records().items() if line.strip()])
def test_a_bad_line_is_rejected_with_its_reason_and_the_next_is_judged(tmp_path, name):
    line, reasons = traffic.bad_records()[name]
    _, verdicts, summary = scan_with_summary(line + b'\n' + GOOD + b'\n', tmp_path)
    assert summary['records'] == 2
    rejected = summary['rejected_by_reason']
    assert list(rejected.values()) == [1] and set(rejected) <= reasons, rejected
    assert [one['request_id'] for one in verdicts if one['request_id']] == ['r00000050']


@pytest.mark.parametrize('name', sorted(traffic.tolerated_records()))
def test_an_odd_line_is_judged(tmp_path, name):
    line = traffic.tolerated_records()[name]
    _, verdicts, summary = scan_with_summary(line + b'\n', tmp_path)
    assert summary['rejected'] == 0
    assert [one['malicious'] for one in verdicts] == [True]


@pytest.mark.parametrize('data', [b'', b'\n', b'\n\n\n', b' \n\t\n'], ids=['no bytes', 'one newline', 'newlines', 'blanks'])
def test_a_file_without_records_is_fine(tmp_path, data):
    _, verdicts, _ = scan_with_summary(data, tmp_path)
    assert not [one for one in verdicts if one.get('malicious')]


def test_a_huge_record_and_a_huge_line_of_garbage_do_no_harm(tmp_path):
    data = traffic.huge_record() + b'\n' + b'x' * (10 * 1024 * 1024) + b'\n' + GOOD + b'\n'
    _, verdicts, summary = scan_with_summary(data, tmp_path)
    assert summary['records'] == 3
    assert summary['rejected'] in (1, 2)
    assert 'r00000050' in [one['request_id'] for one in verdicts]


def test_the_last_line_may_lack_its_newline(tmp_path):
    _, verdicts, _ = scan_with_summary(GOOD, tmp_path)
    assert len(verdicts) == 1


def test_windows_line_ends_are_white_space(tmp_path):
    _, verdicts, summary = scan_with_summary(GOOD + b'\r\n' + GOOD + b'\r\n', tmp_path)
    assert len(verdicts) == 2 and summary['rejected'] == 0


def test_every_cut_of_a_record_is_survived(tmp_path):
    """Enough of a cut record is judged; the rest is refused with its reason, and nothing is counted twice."""
    lines = [GOOD[:length] for length in range(1, len(GOOD))]
    _, verdicts, summary = scan_with_summary(b'\n'.join(lines) + b'\n', tmp_path)
    assert summary['records'] == len(lines)
    assert 0 < summary['rejected'] < len(lines)
    assert summary['rejected'] + summary['observed'] == len(lines)
