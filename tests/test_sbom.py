"""The bill of materials: how licences are read, what is linked and what is compiled in, and what it refuses to leave out."""
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / 'packaging'))

import sbom             # noqa: E402


@pytest.mark.parametrize('debian, spdx', [
    ('Expat', 'MIT'), ('Apache-2.0', 'Apache-2.0'), ('LGPL-2.1+', 'LGPL-2.1-or-later'), ('BSD-3-clause or GPL-2', 'BSD-3-Clause OR GPL-2.0-only'),
    ('BSD-2-Clause and Apache-2.0', 'BSD-2-Clause AND Apache-2.0'), ('Expat with embedded exception', 'LicenseRef-Expat-with-embedded-exception')])
def test_debians_names_of_licences_become_those_of_spdx(debian, spdx):
    assert sbom.expression(debian) == spdx


def test_the_licence_is_that_of_all_files_and_not_of_some():
    assert sbom.licence_of('zlib1g', 'zlib') == 'Zlib'
    assert sbom.licence_of('no-such-package', 'no-such-source') == 'NOASSERTION'


@pytest.fixture(scope='module')
def project(tmp_path_factory):
    """A program called weir that links zlib and a library of nobody's, and is compiled from headers of CLI11; and one without that library."""
    folder = tmp_path_factory.mktemp('project')
    (folder / 'own.cc').write_text('int own() { return 1; }\n')
    (folder / 'weir.cc').write_text('#include <CLI/Version.hpp>\n#include <zlib.h>\nint own();\nint main() { return own() + (zlibVersion()[0] == 0); }\n')
    (folder / 'CMakeLists.txt').write_text('''cmake_minimum_required(VERSION 3.25)
project(bill CXX)
add_library(own SHARED own.cc)
add_executable(weir weir.cc)
target_link_libraries(weir PRIVATE own z)
add_executable(alone weir.cc own.cc)
target_link_libraries(alone PRIVATE z)
''')
    for command in (['cmake', '-G', 'Ninja', '-S', folder, '-B', folder / 'build'], ['cmake', '--build', folder / 'build']):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / 'build'


def run(program, build):
    command = [REPOSITORY / 'packaging/sbom.py', '--program', program, '--build', build, '--ninja', shutil.which('ninja'), '--version', '1.2']
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False,
                          env={'PATH': '/usr/bin:/bin', 'SOURCE_DATE_EPOCH': '1764000000', 'PYTHONDONTWRITEBYTECODE': '1'})


def test_a_library_of_no_package_is_not_left_out_in_silence(project):
    done = run(project / 'weir', project)
    assert done.returncode == 1 and re.search(r'of no Debian package: \S+/libown\.so', done.stderr)


def test_what_is_linked_and_what_is_compiled_in_are_told_apart(project):
    done = run(project / 'alone', project)
    assert done.returncode == 0, done.stderr
    bill = json.loads(done.stdout)
    names = {one['SPDXID']: one['name'] for one in bill['packages']}
    links = {(one['relationshipType'], names[one['relatedSpdxElement']]) for one in bill['relationships'] if one['spdxElementId'] == 'SPDXRef-weir'}
    assert ('DYNAMIC_LINK', 'zlib1g') in links and ('STATIC_LINK', 'libcli11-dev') in links
    assert ('STATIC_LINK', 'zlib1g-dev') not in links      # of the source that is linked
    assert bill['creationInfo']['created'] == '2025-11-24T16:00:00Z'
    assert done.stdout == run(project / 'alone', project).stdout


def test_a_folder_where_nothing_was_built_is_refused(project, tmp_path):
    done = run(project / 'alone', tmp_path)
    assert done.returncode == 1 and done.stderr.startswith('sbom: ')
