#!/usr/bin/env python3
"""Says whether a built program has the defences that WEIR_HARDENING asks for, and ends with 1 if one is missing.

usage: hardening.py PROGRAM

The program must still have its symbols. Most of them are looked up by Debian's hardening-check (package devscripts). Two it does not see in
what gcc 12 makes on Debian 12: the linker's note of control-flow integrity is lost, because the start-up code there has none, so it counts
if nearly every function that can be called from elsewhere begins with the landing instruction; and the probes against stack clashes are
looked for by their bytes.
"""
import re
import subprocess
import sys
from pathlib import Path

DEFENCES = ('Position Independent Executable', 'Stack protected', 'Fortify Source functions', 'Read-only relocations', 'Immediate binding')
STACK_CLASH = 'Stack clash protection'
CONTROL_FLOW = 'Control flow integrity'
LANDING = b'\xf3\x0f\x1e\xfa'     # endbr64
PROBE = b'\x48\x83\x0c\x24\x00'    # orq $0, (%rsp)
START_UP = {'_start', '_init', '_fini', '_dl_relocate_static_pie'}     # the C library's
SHARE_WANTED = 0.9


def printed(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False).stdout


def code_of(program):
    """(address, bytes) of what it executes."""
    text = re.search(r'\.text\s+PROGBITS\s+([0-9a-f]+)\s+([0-9a-f]+)\s+([0-9a-f]+)', printed('readelf', '--section-headers', '--wide', program))
    if not text:
        return 0, b''
    start, offset, size = (int(number, 16) for number in text.groups())
    return start, Path(program).read_bytes()[offset:offset + size]


def share_of_landings(program, start, code):
    """Of the program's own functions that others can see, those that begin with the landing instruction."""
    symbols = re.findall(r'^([0-9a-f]+) [TW] (\S+)', printed('nm', '--defined-only', program), re.M)
    addresses = {int(address, 16) - start for address, name in symbols if name not in START_UP}
    entries = [address for address in addresses if 0 <= address < len(code)]
    return sum(code[entry:entry + 4] == LANDING for entry in entries) / max(1, len(entries))


def findings(program):
    """{defence: what was found}"""
    report = dict(re.findall(r'^ (.+?): (.*)$', printed('hardening-check', program), re.M))
    found = {name: report.get(name, 'not looked at') for name in DEFENCES}
    start, code = code_of(program)
    probes = code.count(PROBE)
    found[STACK_CLASH] = f'{"yes" if probes else "no"}, {probes:,} probes'
    share = share_of_landings(program, start, code)
    found[CONTROL_FLOW] = f'{"yes" if share >= SHARE_WANTED else "no"}, {100 * share:.0f} % of functions begin with endbr64'
    return found


def main(arguments):
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print(__doc__, file=sys.stderr)
        return 2
    try:
        found = findings(arguments[0])
    except FileNotFoundError as error:
        print(f'{error.filename} is not installed: apt-get install devscripts binutils', file=sys.stderr)
        return 2
    for name, what in found.items():
        print(f'{name}: {what}')
    return 0 if all(what.startswith('yes') for what in found.values()) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
