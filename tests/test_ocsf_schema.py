"""The alerts that the unit tests hold the encoder to are valid, and the validator that says so can say no."""
import json
import pathlib

import ocsf_validate

GOLDEN = pathlib.Path(__file__).parent / 'data' / 'alerts.golden.ndjson'


def test_golden_alerts_are_valid_ocsf():
    validator = ocsf_validate.make_validator()
    lines = GOLDEN.read_text().splitlines()
    assert lines
    for line in lines:
        assert ocsf_validate.errors_of(line, validator) == []


def test_the_validator_finds_what_is_wrong():
    validator = ocsf_validate.make_validator()
    alert = json.loads(GOLDEN.read_text().splitlines()[0])
    for change in ({'severity_id': 42}, {'no_such_attribute': 1}, {'time': 'now'}, {'type_uid': 200403}, {'metadata': {}}):
        assert ocsf_validate.errors_of(json.dumps(alert | change), validator), change
    without = {name: value for name, value in alert.items() if name != 'finding_info'}
    assert ocsf_validate.errors_of(json.dumps(without), validator)
    assert ocsf_validate.errors_of('{', validator)
