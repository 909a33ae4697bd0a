#!/usr/bin/env python3
"""Checks alerts (one JSON object a line, files or standard input) against OCSF 1.5.0, class Detection Finding, profile
security_control, as the package ocsf-json-schema publishes it. Prints each error; exits 1 if there was one or nothing to
check.

    weir scan --output alerts requests.ndjson | tests/ocsf_validate.py
    tests/ocsf_validate.py alerts.ndjson ...
"""
import fileinput
import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

OCSF_VERSION = '1.5.0'
CLASS_UID = 2004
PROFILE = 'security_control'


def make_validator():
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=OCSF_VERSION))
    class_schema = schema.get_class_schema(schema.lookup_class_name_from_uid(CLASS_UID), [PROFILE])
    return Draft202012Validator(class_schema)


def errors_of(line, validator):
    """What is wrong with one line, as texts."""
    try:
        alert = json.loads(line)
    except ValueError as error:
        return [f'not JSON: {error}']
    if not isinstance(alert, dict):
        return ['not a JSON object']
    found = [f'{error.json_path}: {error.message}' for error in validator.iter_errors(alert)]
    # What the schema generator cannot say: agreement between fields.
    metadata = alert.get('metadata', {})
    if metadata.get('version') != OCSF_VERSION:
        found.append(f'$.metadata.version: {metadata.get("version")} is not {OCSF_VERSION}')
    if PROFILE not in metadata.get('profiles', []):
        found.append(f'$.metadata.profiles: {PROFILE} is missing')
    if alert.get('type_uid') != CLASS_UID * 100 + alert.get('activity_id', -1):
        found.append('$.type_uid: is not class_uid * 100 + activity_id')
    return found


def main():
    validator = make_validator()
    checked = wrong = 0
    with fileinput.input(encoding='utf-8') as lines:
        for line in lines:
            if not line.strip():
                continue
            checked += 1
            found = errors_of(line, validator)
            wrong += bool(found)
            for error in found:
                print(f'{lines.filename()}:{lines.filelineno()}: {error}')
    print(f'{checked} alerts checked, {wrong} invalid')
    return 0 if checked and not wrong else 1


if __name__ == '__main__':
    sys.exit(main())
