"""check_layers.py finds what it is for: each violation is planted in a small tree and must be reported with its line."""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name('check_layers.py')
REPOSITORY = SCRIPT.parent.parent
LAYERS = '''
# comment
base:
event: base
detect: base event
detect/tests: app
app: base event detect
app/daemon: detect app
@circle event/list event/value: a list has values, and a value may be a list
!hs detect
!thread app
"steady_clock::now": app
'''


@pytest.fixture
def tree(tmp_path):
    """A small tree that is as it should be."""
    write(tmp_path, 'cmake/layers.txt', LAYERS)
    write(tmp_path, 'src/base/error.h', '#include <string>\n')
    write(tmp_path, 'src/event/event.cc', '#include "event/event.h"\n#include "base/error.h"\n')
    write(tmp_path, 'src/event/event.h', '#pragma once\n')
    write(tmp_path, 'src/event/list.h', '#include "event/value.h"\n')
    write(tmp_path, 'src/event/value.cc', '#include "event/list.h"\n')
    write(tmp_path, 'src/detect/detect.cc', '#include <hs.h>\n// #include <thread>\n/* "app/app.h"\n#include "app/app.h"\n*/\n'
          '#include "base/error.h"\n#include "event/event.h"\n')
    write(tmp_path, 'src/detect/detect_test.cc', '#include "app/app.h"\n#include <thread>\nauto t = steady_clock::now();\n')
    write(tmp_path, 'src/detect/CMakeLists.txt', 'weir_module(detect SOURCES detect.cc weir_event.cc)\ntarget_link_libraries(weir_detect hs)\n')
    write(tmp_path, 'src/app/app.cc', '#include "detect/detect.h"\n#include <thread>\nauto t = steady_clock::now();\n'
          '#include "base/error.h"\n#include "event/event.h"\n#include "app/daemon/daemon.h"\n')
    write(tmp_path, 'src/app/daemon/daemon.cc', '#include "detect/detect.h"\n#include "app/options.h"\n')
    write(tmp_path, 'src/app/daemon/watch_test.cc', '#include "event/event.h"\n')
    write(tmp_path, 'src/app/shell/shell.cc', '#include "app/daemon/daemon.h"\n#include "event/event.h"\n')
    return tmp_path


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def check(root):
    result = subprocess.run([sys.executable, SCRIPT, '--root', root], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def test_a_tree_without_violations_passes(tree):
    assert check(tree) == (0, '0 layer violations\n')


@pytest.mark.parametrize('name, text, line, message', [
    ('src/event/bad.cc', '#include "base/error.h"\n#include "detect/detect.h"\n', 2, 'event must not include "detect/detect.h"'),
    ('src/base/bad.h', '\n\n#  include "event/event.h"\n', 3, 'base must not include "event/event.h"'),
    ('src/event/bad.cc', '#include <hs.h>\n', 1, 'event must not include <hs.h>: only detect may'),
    ('src/event/bad.cc', '/* a\n comment */ int x;\n#include <thread>\n', 3, 'event must not include <thread>'),
    ('src/event/bad.cc', '\nauto t = std::chrono::steady_clock::now();\n', 2, 'event must not use steady_clock::now'),
    ('src/event/bad.cc', '#include "event.h"\n', 1, 'must be included by its path from src/'),
    ('src/event/bad_test.cc', '#include "app/app.h"\n', 1, 'event must not include "app/app.h"'),
    ('src/event/CMakeLists.txt', 'weir_module(event\n  DEPS weir_detect)\n', 2, 'weir_detect must not be named'),
    ('src/app/daemon/bad.cc', '\n#include "base/error.h"\n', 2, 'app/daemon must not include "base/error.h"'),
    ('src/app/daemon/bad.h', '#include "app/terminal/terminal.h"\n', 1, 'app/daemon must not include "app/terminal/terminal.h"'),
    ('src/base/error.cc', '#include <string>\n#include "base/error.h"\n', 1, '"base/error.h" must be included first'),
    ('src/base/error.cc', 'int x;\n', 1, '"base/error.h" must be included first'),
    ('src/stray/a.h', 'int x;\n', 1, 'the folder stray has no line'),
])
def test_a_violation_is_reported_with_its_line(tree, name, text, line, message):
    write(tree, name, text)
    code, output = check(tree)
    assert code == 1
    where = name if 'stray' not in name else 'src/stray'
    assert f'{where}:{line}: ' in output and message in output
    assert output.endswith('1 layer violations\n')


def test_files_that_include_each_other_are_reported_with_the_way_round(tree):
    write(tree, 'src/event/event.h', '\n#include "event/parser.h"\n')
    write(tree, 'src/event/parser.cc', '#include "event/fields.h"\n')
    write(tree, 'src/event/fields.h', '#include "event/event.h"\n')
    code, output = check(tree)
    assert code == 1
    assert 'src/event/event.h:2: these files include each other in a circle: event/event -> event/parser -> event/fields -> event/event' in output


def test_a_source_and_the_private_half_of_its_class_are_no_circle(tree):
    write(tree, 'src/event/event_impl.h', '#include "event/event.h"\n')
    write(tree, 'src/event/event.cc', '#include "event/event.h"\n#include "event/event_impl.h"\n#include "base/error.h"\n')
    assert check(tree) == (0, '0 layer violations\n')


def test_a_larger_circle_than_the_named_one_is_reported(tree):
    write(tree, 'src/event/value.h', '#include "event/object.h"\n')
    write(tree, 'src/event/object.h', '#include "event/list.h"\n')
    code, output = check(tree)
    assert code == 1 and 'these files include each other in a circle: event/list -> ' in output


def test_rooms_that_include_each_other_are_reported(tree):
    write(tree, 'src/app/menu/menu.cc', '#include "app/shell/shell.h"\n')
    write(tree, 'src/app/shell/keys.cc', '\n\n#include "app/menu/menu.h"\n')
    code, output = check(tree)
    assert code == 1 and 'src/app/menu/menu.cc:1: these rooms include each other in a circle: app/menu -> app/shell -> app/menu' in output


def test_a_folder_may_use_its_rooms_and_they_what_lies_directly_in_it(tree):
    write(tree, 'src/app/main.h', '#include "app/shell/bell.h"\n')
    write(tree, 'src/app/shell/bell.cc', '#include "app/options.h"\n')
    assert check(tree) == (0, '0 layer violations\n')


@pytest.mark.parametrize('before, after, message', [
    ('event: base', 'event: base\nrules: base\ndetect/x:', 'rules may include base, but nothing there does'),
    ('detect: base event', 'rules:\ndetect: base event rules', 'detect may include rules, but nothing there does'),
    ('detect/tests: app', 'detect/tests: app event', 'detect may include event anyway'),
    ('detect/tests: app', 'event/tests: app\ndetect/tests: app', 'event/tests may include app, but nothing there does'),
    ('app/daemon: detect app', 'app/daemon: detect app event', 'app/daemon may include event, but nothing there does'),
    ('!hs', '@circle app/app app/shell/shell: because\n!hs', 'there is no such circle: app/app app/shell/shell'),
])
def test_what_is_allowed_and_not_used_is_reported(tree, before, after, message):
    text = LAYERS.replace(before, after, 1)
    write(tree, 'cmake/layers.txt', text)
    code, output = check(tree)
    assert code == 1 and message in output
    number = int(output.split('cmake/layers.txt:')[1].split(':')[0])
    assert message.split()[0] in text.splitlines()[number - 1] or 'circle' in text.splitlines()[number - 1]


@pytest.mark.parametrize('line', ['base/what: x', 'event: nowhere', 'base: app', 'app:', '!hs', '"[": base', 'app/daemon: app',
                                  'event/text: app', 'app/shell: detect/match', '@circle event/list event/value:', '@circle event/list: x'])
def test_a_wrong_layers_file_is_refused(tree, line):
    text = LAYERS + line + '\n' if not line.startswith('base: ') else LAYERS.replace('base:\n', line + '\n', 1)
    write(tree, 'cmake/layers.txt', text)
    code, _ = check(tree)
    assert code == 2


# The half of the wall that CMake builds: the same file, and headers that must compile alone.

BUILD_FILE = """cmake_minimum_required(VERSION 3.25)
project(walls LANGUAGES CXX)
set(BUILD_TESTING ON)
add_library(weir_options INTERFACE)
target_include_directories(weir_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
include(cmake/WeirModule.cmake)
foreach(folder IN LISTS WEIR_FOLDERS)
  add_subdirectory(src/${folder})
endforeach()
"""


@pytest.fixture
def built(tmp_path):
    """A tree of two folders, the lower one of which the upper one includes; build(tree) builds it."""
    (tmp_path / 'cmake').mkdir()
    shutil.copy(REPOSITORY / 'cmake/WeirModule.cmake', tmp_path / 'cmake')
    write(tmp_path, 'CMakeLists.txt', BUILD_FILE)
    write(tmp_path, 'cmake/layers.txt', '# comment\nbase:\nevent: base\n')
    write(tmp_path, 'src/base/CMakeLists.txt', 'weir_module(base SOURCES answer.cc)\n')
    write(tmp_path, 'src/base/answer.h', 'int answer();\n')
    write(tmp_path, 'src/base/answer.cc', '#include "base/answer.h"\nint answer() { return 42; }\n')
    write(tmp_path, 'src/base/alone.h', '#include <string>\ninline std::string alone() { return {}; }\n')
    write(tmp_path, 'src/event/CMakeLists.txt',
          'weir_module(event SOURCES event.cc)\nadd_executable(ask ask.cc)\ntarget_link_libraries(ask weir_event)\n')
    write(tmp_path, 'src/event/event.cc', '#include "base/answer.h"\nint ask() { return answer(); }\n')
    write(tmp_path, 'src/event/ask.cc', 'int ask();\nint main() { return ask() == 42 ? 0 : 1; }\n')
    return tmp_path


def build(tree):
    """(exit code, output) of configuring and building it, without the environment of another build."""
    output = ''
    for command in (['cmake', '-G', 'Ninja', '-S', tree, '-B', tree / 'build'], ['cmake', '--build', tree / 'build']):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        output += done.stdout + done.stderr
        if done.returncode != 0:
            break
    return done.returncode, output


def test_folders_are_linked_with_what_layers_txt_says(built):
    code, output = build(built)
    assert code == 0, output
    assert subprocess.run([built / 'build/src/event/ask'], check=False).returncode == 0


def test_a_folder_is_not_linked_with_what_layers_txt_does_not_say(built):
    write(built, 'cmake/layers.txt', 'base:\nevent:\n')
    code, output = build(built)
    assert code != 0 and 'answer' in output


def test_a_header_that_does_not_compile_alone_breaks_the_build(built):
    write(built, 'src/base/needy.h', '#pragma once\ninline std::string needy() { return {}; }\n')
    code, output = build(built)
    assert code != 0 and 'src/base/needy.h:2' in output, output
