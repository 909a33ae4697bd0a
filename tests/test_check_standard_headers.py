"""check_standard_headers.py finds a name of the standard library whose header nothing names."""
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name('check_standard_headers.py')


def check(root):
    return subprocess.run([sys.executable, SCRIPT, '--root', root], capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path):
    """A small tree that is as it should be: a header names what it uses, and a source may rely on that."""
    (tmp_path / 'src' / 'base').mkdir(parents=True)
    (tmp_path / 'src' / 'base' / 'size.h').write_text('#pragma once\n#include <cstdint>\n#include <string>\nuint64_t size_of(std::string_view text);\n')
    (tmp_path / 'src' / 'base' / 'size.cc').write_text('#include "base/size.h"\n'
                                                       '// std::sort\n/* std::optional\nstd::vector */\nconst char* text = "std::map";\n'
                                                       'uint8_t small(const std::string& text);\n')
    return tmp_path


def test_what_a_header_of_the_project_names_may_be_used(tree):
    result = check(tree)
    assert (result.returncode, result.stdout) == (0, '0 standard headers missing\n')


@pytest.mark.parametrize('line, used, header', [
    ('auto least = std::min(1, 2);', 'std::min', 'algorithm'), ('std::optional<int> maybe;', 'std::optional', 'optional'),
    ('std::chrono::seconds s{1};', 'std::chrono', 'chrono')])
def test_what_nothing_names_is_reported_with_its_line(tree, line, used, header):
    with open(tree / 'src' / 'base' / 'size.cc', 'a', encoding='utf-8') as file:
        file.write(line + '\n')
    result = check(tree)
    assert (result.returncode, result.stdout) == (1, f'src/base/size.cc:7: {used} is used and <{header}> not included\n1 standard headers missing\n')


def test_a_header_that_counts_on_its_user_is_reported(tree):
    (tree / 'src' / 'base' / 'count.h').write_text('#pragma once\nstruct Count {\n  int64_t value = 0;\n};\n')
    assert check(tree).stdout.startswith('src/base/count.h:3: int64_t is used and <cstdint> not included\n')
