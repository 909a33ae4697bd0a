"""check_layers.py finds what it is for: each violation is planted in a small tree and must be reported with its line."""
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name('check_layers.py')
LAYERS = '''
# comment
base:
event: base
detect: base event
detect/tests: app
app: base event detect
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
    write(tmp_path, 'src/detect/detect.cc', '#include <hs.h>\n// #include <thread>\n/* "app/app.h"\n#include "app/app.h"\n*/\n')
    write(tmp_path, 'src/detect/detect_test.cc', '#include "app/app.h"\n#include <thread>\nauto t = steady_clock::now();\n')
    write(tmp_path, 'src/detect/CMakeLists.txt',
          'weir_module(detect SOURCES detect.cc\n  DEPS weir_base weir_event TEST_DEPS weir_app)\n')
    write(tmp_path, 'src/app/app.cc', '#include "detect/detect.h"\n#include <thread>\nauto t = steady_clock::now();\n')
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
    ('src/event/CMakeLists.txt', 'weir_module(event\n  DEPS weir_base weir_detect)\n', 2, 'event must not link weir_detect'),
    ('src/detect/CMakeLists.txt', 'weir_module(detect DEPS weir_app)\n', 1, 'detect must not link weir_app'),
    ('src/stray/a.h', 'int x;\n', 1, 'the folder stray has no line'),
])
def test_a_violation_is_reported_with_its_line(tree, name, text, line, message):
    write(tree, name, text)
    code, output = check(tree)
    assert code == 1
    where = name if 'stray' not in name else 'src/stray'
    assert f'{where}:{line}: ' in output and message in output
    assert output.endswith('1 layer violations\n')


@pytest.mark.parametrize('line', ['base/what: x', 'event: nowhere', 'base: app', 'app:', '!hs', '"[": base'])
def test_a_wrong_layers_file_is_refused(tree, line):
    text = LAYERS + line + '\n' if not line.startswith('base: ') else LAYERS.replace('base:\n', line + '\n', 1)
    write(tree, 'cmake/layers.txt', text)
    code, _ = check(tree)
    assert code == 2
