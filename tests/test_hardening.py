"""What the package's flags do to a program, and that packaging/hardening.py notices each defence that is missing."""
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# A program in which each defence leaves a trace: text copied into arrays, a large one, functions that others can call.
PROGRAM = r'''
#include <cstdio>
#include <cstring>
#include <string>
void fill(char* into, const char* from) { std::strcpy(into, from); }
int large(const char* from) {
  char page[100000];
  std::strncpy(page, from, sizeof(page) - 1);
  page[sizeof(page) - 1] = 0;
  return std::printf("%s", page);
}
int small(const char* from) {
  char line[64];
  std::strcpy(line, from);
  fill(line + 1, from);
  return std::puts(line);
}
std::string text(int count, char** words) { return count > 1 ? words[1] : "x"; }
int main(int count, char** words) { return large(text(count, words).c_str()) + small(words[0]); }
'''
# What is switched off, and what must then be found missing.
WITHOUT = {
    'nothing': ([], [], None),
    'pie': (['-fno-pie'], ['-no-pie'], 'Position Independent Executable'),
    'protector': (['-fno-stack-protector'], [], 'Stack protected'),
    'fortify': (['-D_FORTIFY_SOURCE=0'], [], 'Fortify Source functions'),
    'relro': ([], ['-Wl,-z,norelro'], 'Read-only relocations'),
    'now': ([], ['-Wl,-z,lazy'], 'Immediate binding'),
    'clash': (['-fno-stack-clash-protection'], [], 'Stack clash protection'),
    'landings': (['-fcf-protection=none'], [], 'Control flow integrity'),
}


def package_settings():
    """Of the preset that scripts/package builds, with what it inherits."""
    presets = {preset['name']: preset for preset in json.loads((REPOSITORY / 'CMakePresets.json').read_text())['configurePresets']}
    settings, name = {}, 'package'
    while name:
        settings = presets[name].get('cacheVariables', {}) | settings
        name = presets[name].get('inherits')
    return {key: value.replace('${sourceDir}', str(REPOSITORY)) for key, value in settings.items()}


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """The program by weir's own settings, and once for each defence without it."""
    folder = tmp_path_factory.mktemp('hardened')
    (folder / 'program.cc').write_text(PROGRAM)
    targets = ''
    for name, (compiling, linking, _) in WITHOUT.items():
        targets += (f'add_executable({name} program.cc)\ntarget_link_libraries({name} PRIVATE weir_options)\n'
                    f'target_compile_options({name} PRIVATE -w {" ".join(compiling)})\ntarget_link_options({name} PRIVATE {" ".join(linking)})\n')
    (folder / 'CMakeLists.txt').write_text(f'cmake_minimum_required(VERSION 3.25)\nproject(hardened C CXX)\ninclude({REPOSITORY}/cmake/WeirOptions.cmake)\n'
                                           + targets)
    settings = [f'-D{name}={value}' for name, value in package_settings().items()]
    for command in (['cmake', '-G', 'Ninja', '-S', folder, '-B', folder / 'build', *settings], ['cmake', '--build', folder / 'build', '-j', '2']):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / 'build'


def checked(program):
    done = subprocess.run([sys.executable, REPOSITORY / 'packaging/hardening.py', program], capture_output=True, text=True, check=False)
    return done.returncode, dict(re.findall(r'^(.+?): (.*)$', done.stdout, re.M))


def test_a_program_by_the_packages_settings_has_every_defence(built):
    code, found = checked(built / 'nothing')
    assert code == 0, found
    assert len(found) == 7 and all(what.startswith('yes') for what in found.values())


@pytest.mark.parametrize('name', [name for name in WITHOUT if name != 'nothing'])
def test_a_missing_defence_is_noticed_and_named(built, name):
    code, found = checked(built / name)
    assert code == 1
    assert [defence for defence, what in found.items() if not what.startswith('yes')] == [WITHOUT[name][2]]


def test_paths_of_the_building_machine_are_not_in_what_is_packed():
    assert f'-ffile-prefix-map={REPOSITORY}/=' in package_settings()['CMAKE_CXX_FLAGS_RELEASE']


def test_the_package_is_built_with_the_check():
    script = (REPOSITORY / 'scripts/package').read_text()
    assert 'packaging/hardening.py "build/$preset/weir" || die' in script
