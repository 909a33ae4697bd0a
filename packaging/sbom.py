#!/usr/bin/env python3
"""Writes what a built weir is made of, as SPDX 2.3 in JSON: the Debian packages that it links and those whose headers it is compiled from.

usage: sbom.py --program FILE --build FOLDER --ninja FILE --version VERSION [--output FILE | --table]

FOLDER is where it was built: which headers went in is what the compiler noted there. Without --output it is printed; --table prints
names and licences as Markdown instead. The date is that of $SOURCE_DATE_EPOCH, or of the program.
"""
import argparse
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote

# Names in Debian's copyright files whose name in SPDX's list is another.
SPDX_NAMES = {
    'Apache-2.0': 'Apache-2.0', 'BSD-2-clause': 'BSD-2-Clause', 'BSD-2-Clause': 'BSD-2-Clause', 'BSD-3-clause': 'BSD-3-Clause',
    'BSD-3-Clause': 'BSD-3-Clause', 'BSD-3-Clause-Intel': 'BSD-3-Clause', 'BSL-1.0': 'BSL-1.0', 'CC0-1.0': 'CC0-1.0', 'Expat': 'MIT', 'MIT': 'MIT', 'X11': 'X11',
    'Zlib': 'Zlib', 'zlib': 'Zlib', 'ISC': 'ISC', 'curl': 'curl', 'GPL-2': 'GPL-2.0-only', 'GPL-2+': 'GPL-2.0-or-later', 'GPL-3+': 'GPL-3.0-or-later', 'LGPL-2+': 'LGPL-2.0-or-later',
    'LGPL-2.1': 'LGPL-2.1-only', 'LGPL-2.1+': 'LGPL-2.1-or-later', 'LGPL-3+': 'LGPL-3.0-or-later'}
# Of sources whose copyright files are prose.
LICENCES = {'glibc': 'LGPL-2.1-or-later', 'gcc': 'GPL-3.0-or-later WITH GCC-exception-3.1', 'c-ares': 'MIT',
            'linux': 'GPL-2.0-only WITH Linux-syscall-note'}


@dataclass
class Package:
    name: str
    version: str
    source: str
    architecture: str
    licence: str = 'NOASSERTION'
    needs: set = field(default_factory=set)       # names of packages that it links
    compiled_in: bool = False

    def reference(self):
        return 'SPDXRef-' + re.sub(r'[^A-Za-z0-9.-]', '-', f'deb-{self.name}')


def printed(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f'sbom: {" ".join(map(str, command[:4]))} failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}')
    return done.stdout


def owners(paths):
    """{path: package}. A file that was installed below /usr may be noted without it, where the two are one."""
    found = {}
    for prefix in ('', '/usr'):
        asked = {prefix + path if not prefix else re.sub(r'^/usr(?=/lib)', '', path): path for path in paths if path not in found}
        if not asked:
            break
        done = subprocess.run(['dpkg-query', '--search', *sorted(asked)], capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            names, _, path = line.partition(': ')
            if path in asked and not line.startswith('diversion '):
                found[asked[path]] = names.split(',')[0].split(':')[0]
    return found


def without_version(source):
    """gcc's sources are named by their version."""
    return re.sub(r'^gcc-\d+$', 'gcc', source)


def licence_of(package, source):
    """By the copyright file's entry for all files, if it is written in the form that programs read."""
    path = Path('/usr/share/doc') / package / 'copyright'
    if without_version(source) in LICENCES:
        return LICENCES[without_version(source)]
    try:
        text = path.read_text(encoding='utf-8', errors='replace')
    except OSError:
        return 'NOASSERTION'
    for paragraph in re.split(r'\n\s*\n', text):
        files = re.search(r'^Files:\s*(.*(?:\n[ \t].*)*)', paragraph, re.M)
        licence = re.search(r'^License:[ \t]*(\S.*)$', paragraph, re.M)
        if files and licence and '*' in files[1].split():
            return expression(licence[1].strip())
    return 'NOASSERTION'


def expression(debian):
    """Debian's short names as an SPDX expression; a name that SPDX does not know is a reference to the copyright file."""
    parts = re.split(r'\s+(or|and)\s+', debian.rstrip(','))
    return ' '.join(part.upper() if number % 2 else SPDX_NAMES.get(part, 'LicenseRef-' + re.sub(r'[^A-Za-z0-9.-]+', '-', part))
                    for number, part in enumerate(parts))


def packages_named(names):
    asked = printed('dpkg-query', '--show', '--showformat', '${binary:Package}\t${Version}\t${source:Package}\t${Architecture}\n', *sorted(names))
    found = {}
    for line in asked.splitlines():
        name, version, source, architecture = line.split('\t')
        name = name.split(':')[0]
        found.setdefault(name, Package(name, version, source, architecture, licence_of(name, source)))
    return found


def needed_by(file):
    return set(re.findall(r'\(NEEDED\).*\[(.*)\]', printed('readelf', '--dynamic', '--wide', file)))


def linked(program):
    """(packages that are linked, names of those that the program itself names)"""
    # The name that a library is asked for by, and the file that answers.
    files = dict(re.findall(r'^\s+(\S+) => (/\S+) \(', printed('ldd', program), re.M))
    files |= {Path(path).name: path for path in re.findall(r'^\s+(/\S+) \(', printed('ldd', program), re.M)}
    real = {name: str(Path(path).resolve()) for name, path in files.items()}
    owner = owners(real.values())
    unowned = sorted(path for path in real.values() if path not in owner)
    if unowned:
        sys.exit(f'sbom: of no Debian package: {", ".join(unowned)}')
    packages = packages_named(set(owner.values()))
    for path in real.values():
        packages[owner[path]].needs |= {owner[real[name]] for name in needed_by(path) if name in real} - {owner[path]}
    return packages, {owner[real[name]] for name in needed_by(program) if name in real}


def compiled_in(build, ninja, linked_sources):
    """Packages that come into the program by their headers alone: none of their source's libraries is linked."""
    objects = [name for name in printed(ninja, '-C', build, '-t', 'inputs', 'weir').splitlines() if name.endswith('.o')]
    headers, batch = set(), 400
    for first in range(0, len(objects), batch):
        noted = printed(ninja, '-C', build, '-t', 'deps', *objects[first:first + batch])
        headers |= {os.path.normpath(path) for path in re.findall(r'^\s+(/usr/\S+)$', noted, re.M)}
    if not headers:
        sys.exit(f'sbom: {build} does not say which headers went in: build there first')
    names = set(owners(headers).values())
    found = {name: one for name, one in packages_named(names).items() if one.source not in linked_sources}
    for one in found.values():
        one.compiled_in = True
    return found


def distribution():
    text = Path('/etc/os-release').read_text(encoding='utf-8')
    return tuple((re.search(rf'^{key}="?([^"\n]*)', text, re.M) or ('', 'unknown'))[1] for key in ('ID', 'VERSION_ID'))


def spdx_package(package):
    system, release = distribution()
    locator = (f'pkg:deb/{system}/{quote(package.name, safe="")}@{quote(package.version, safe="")}?arch={package.architecture}'
               f'&distro={system}-{release}')
    return {'SPDXID': package.reference(), 'name': package.name, 'versionInfo': package.version, 'supplier': f'Organization: {system}',
            'downloadLocation': 'NOASSERTION', 'filesAnalyzed': False, 'licenseConcluded': 'NOASSERTION', 'licenseDeclared': package.licence,
            'copyrightText': 'NOASSERTION', 'primaryPackagePurpose': 'LIBRARY', 'sourceInfo': f'built from the source package {package.source}',
            'externalRefs': [{'referenceCategory': 'PACKAGE-MANAGER', 'referenceType': 'purl', 'referenceLocator': locator}]}


def relationships(packages, direct):
    yield 'SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-weir'
    for name in sorted(packages):
        if packages[name].compiled_in:
            yield 'SPDXRef-weir', 'STATIC_LINK', packages[name].reference()
        elif name in direct:
            yield 'SPDXRef-weir', 'DYNAMIC_LINK', packages[name].reference()
    for name in sorted(packages):
        for other in sorted(packages[name].needs):
            yield packages[name].reference(), 'DYNAMIC_LINK', packages[other].reference()


def extracted(packages):
    """What a reference to a licence stands for."""
    of = defaultdict(set)
    for package in packages.values():
        for reference in re.findall(r'LicenseRef-[A-Za-z0-9.-]+', package.licence):
            of[reference].add(package.name)
    return [{'licenseId': reference, 'extractedText': 'See ' + ', '.join(f'/usr/share/doc/{name}/copyright' for name in sorted(of[reference]))}
            for reference in sorted(of)]


def document(program, version, packages, direct):
    build_id = re.search(r'Build ID: (\w+)', printed('readelf', '--notes', '--wide', program))
    seconds = int(os.environ.get('SOURCE_DATE_EPOCH') or Path(program).stat().st_mtime)
    identity = build_id[1] if build_id else str(seconds)
    own = {'SPDXID': 'SPDXRef-weir', 'name': 'weir', 'versionInfo': version, 'supplier': 'Organization: the weir maintainers',
           'downloadLocation': 'NOASSERTION', 'filesAnalyzed': False, 'licenseConcluded': 'Apache-2.0', 'licenseDeclared': 'Apache-2.0',
           'copyrightText': '2026 the weir authors', 'primaryPackagePurpose': 'APPLICATION', 'comment': f'build id {identity}'}
    return {'spdxVersion': 'SPDX-2.3', 'dataLicense': 'CC0-1.0', 'SPDXID': 'SPDXRef-DOCUMENT', 'name': f'weir-{version}',
            'documentNamespace': f'https://weir.invalid/spdx/weir-{version}-{identity}',
            'creationInfo': {'created': datetime.fromtimestamp(seconds, timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ'),
                             'creators': ['Organization: the weir maintainers', f'Tool: weir-sbom-{version}']},
            'packages': [own, *(spdx_package(packages[name]) for name in sorted(packages))],
            'relationships': [{'spdxElementId': one, 'relationshipType': kind, 'relatedSpdxElement': other}
                              for one, kind, other in relationships(packages, direct)],
            'hasExtractedLicensingInfos': extracted(packages)}


def table(packages, direct):
    """By source, since the names of libraries change with their versions."""
    rows = {}
    for name, package in packages.items():
        if package.compiled_in or name in direct:
            rows[without_version(package.source)] = ('headers' if package.compiled_in else 'linked', package.licence)
    return '| source | how | licence |\n| --- | --- | --- |\n' + ''.join(f'| {source} | {how} | {licence} |\n' for source, (how, licence) in sorted(rows.items()))


def main(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('program', 'build', 'ninja', 'version'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--output', type=Path)
    parser.add_argument('--table', action='store_true')
    given = parser.parse_args(words)
    packages, direct = linked(given.program)
    packages |= compiled_in(given.build, given.ninja, {package.source for package in packages.values()})
    if given.table:
        text = table(packages, direct)
    else:
        text = json.dumps(document(given.program, given.version, packages, direct), indent=1, ensure_ascii=False) + '\n'
    if given.output:
        given.output.write_text(text, encoding='utf-8')
    else:
        print(text, end='')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
