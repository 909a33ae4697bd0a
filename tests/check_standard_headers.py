#!/usr/bin/env python3
"""Checks that what a source uses of the standard library is declared by a header that it includes.

usage: check_standard_headers.py [--root DIR]

A standard header may include others, and which those are changes with the compiler: what compiles with Debian 12's may not with
the next one's. So each name of the table must come from a standard header that the source itself, or a header of the project
that it includes, names. Prints one line, FILE:LINE: what is missing, per name and source; exits with 1 if anything was.
"""
import argparse
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', re.M)
NO_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
# Header: names of it that are used here. One that is worth a table is one that other headers happen to bring.
NAMES = {
    'algorithm': 'all_of any_of binary_search clamp copy copy_if count_if equal fill find find_if find_if_not is_sorted lower_bound max '
                 'max_element min min_element none_of partition_point remove_if replace reverse rotate search sort stable_sort transform '
                 'unique upper_bound',
    'array': 'array', 'atomic': 'atomic', 'bit': 'bit_cast bit_ceil countl_zero countr_zero popcount rotl',
    'charconv': 'from_chars to_chars', 'chrono': 'chrono', 'cmath': 'ceil exp floor isfinite isnan log lround pow sqrt',
    'condition_variable': 'condition_variable', 'cstring': 'memchr memcmp memcpy memmove memset strlen', 'ctime': 'time_t tm',
    'deque': 'deque', 'filesystem': 'filesystem', 'functional': 'function hash', 'limits': 'numeric_limits', 'list': 'list',
    'map': 'map multimap', 'memory': 'make_shared make_unique shared_ptr unique_ptr weak_ptr',
    'mutex': 'lock_guard mutex once_flag scoped_lock unique_lock', 'numeric': 'accumulate iota', 'optional': 'nullopt optional',
    'random': 'mt19937 mt19937_64 uniform_int_distribution', 'set': 'multiset set', 'shared_mutex': 'shared_lock shared_mutex',
    'span': 'span', 'stdexcept': 'invalid_argument logic_error out_of_range runtime_error', 'string': 'string to_string',
    'string_view': 'string_view', 'thread': 'jthread thread', 'tuple': 'tie tuple', 'unordered_map': 'unordered_map',
    'unordered_set': 'unordered_set', 'variant': 'get_if holds_alternative variant visit', 'vector': 'vector',
}
# What the standard itself says that a header brings.
BRINGS = {'string': {'string_view'}}
USES = {header: re.compile(r'\bstd::(?:' + '|'.join(names.split()) + r')\b') for header, names in NAMES.items()}
USES['cstdint'] = re.compile(r'(?<![\w.])(?:std::)?u?int(?:8|16|32|64)_t\b')


class Sources:
    """The C++ sources below src/, and what each can see."""

    def __init__(self, root):
        self.texts = {str(path.relative_to(root / 'src')): path.read_text(encoding='utf-8')
                      for path in sorted((root / 'src').rglob('*')) if path.suffix in ('.h', '.cc')}
        self._own = {name: INCLUDE.findall(text) for name, text in self.texts.items()}

    def standard_headers(self, name):
        """Of the source and of all that it includes of the project."""
        seen, left, found = set(), [name], set()
        while left:
            one = left.pop()
            if one in seen or one not in self.texts:
                continue
            seen.add(one)
            for standard, own in self._own[one]:
                if standard:
                    found |= {standard} | BRINGS.get(standard, set())
                else:
                    left.append(own)
        return found


def missing(root):
    """(source, line, name, header) of the first use of each header that a source cannot see."""
    sources = Sources(root)
    for name, text in sources.texts.items():
        code = NO_CODE.sub(lambda found: '\n' * found[0].count('\n') if found[0][0] == '/' else '""', text)
        headers = sources.standard_headers(name)
        for header, uses in USES.items():
            found = uses.search(code) if header not in headers else None
            if found:
                yield name, code.count('\n', 0, found.start()) + 1, found[0], header


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--root', type=Path, default=Path(__file__).resolve().parent.parent)
    found = list(missing(parser.parse_args().root))
    for name, line, used, header in found:
        print(f'src/{name}:{line}: {used} is used and <{header}> not included')
    print(f'{len(found)} standard headers missing')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
