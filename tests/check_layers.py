#!/usr/bin/env python3
"""Checks that the folders of src/ depend on each other only as cmake/layers.txt says.

usage: check_layers.py [--root DIR]

Read are the #include lines of C++ sources, the texts that cmake/layers.txt reserves for some folders, and the weir_*
targets that each folder's CMakeLists.txt links. Prints one line, FILE:LINE: what is wrong, per violation; exits with 1
if there was any, with 2 if cmake/layers.txt itself is wrong.
"""
import argparse
import re
import sys
from pathlib import Path

SOURCES = {'.cc', '.cpp', '.h', '.hpp', '.inc'}
INCLUDE = re.compile(r'^\s*#\s*include\s*(<[^>]+>|"[^"]+")')
TARGET = re.compile(r'\bweir_([a-z0-9]+)\b')
# Targets that belong to no folder.
COMMON_TARGETS = {'module', 'options', 'catch', 'warnings'}


class LayersError(Exception):
    """cmake/layers.txt is wrong."""


class Layers:
    """The content of cmake/layers.txt."""

    def __init__(self, path):
        self.folders = {}        # folder -> folders it may include
        self.test_folders = {}   # folder -> folders that its tests may include as well
        self.headers = []        # (prefix, folders)
        self.texts = []          # (pattern, folders)
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
            if line.strip() and not line.lstrip().startswith('#'):
                self._read(line.strip(), f'{path}:{number}')
        known = set(self.folders)
        named = {name for group in (self.folders, self.test_folders) for names in group.values() for name in names}
        named |= set(self.test_folders) | {name for _, names in self.headers + self.texts for name in names}
        if named - known:
            raise LayersError(f'{path}: no line for the folder {", ".join(sorted(named - known))}')
        self._refuse_cycles(path)

    def _read(self, line, where):
        if line.startswith('!'):
            prefix, *folders = line[1:].split()
            if not folders:
                raise LayersError(f'{where}: {prefix} belongs to no folder')
            self.headers.append((prefix, set(folders)))
            return
        match = re.fullmatch(r'"(.*)":\s*(.*)', line)
        if match:
            self.texts.append((re.compile(match[1]), set(match[2].split())))
            return
        match = re.fullmatch(r'([a-z0-9]+)(/tests)?:\s*(.*)', line)
        if not match:
            raise LayersError(f'{where}: not understood: {line}')
        table = self.test_folders if match[2] else self.folders
        if match[1] in table:
            raise LayersError(f'{where}: a second line for {match[1]}')
        table[match[1]] = set(match[3].split())

    def _refuse_cycles(self, path):
        remaining = {folder: set(below) for folder, below in self.folders.items()}
        while remaining:
            lowest = [folder for folder, below in remaining.items() if not below & set(remaining)]
            if not lowest:
                raise LayersError(f'{path}: these folders include each other: {", ".join(sorted(remaining))}')
            for folder in lowest:
                del remaining[folder]


def without_comments(text):
    """The text with comments blanked, its lines kept. String literals stay: nothing sought here stands in them."""
    text = re.sub(r'/\*.*?\*/', lambda match: re.sub(r'[^\n]', ' ', match[0]), text, flags=re.S)
    return re.sub(r'(?<!:)//[^\n]*', '', text)


def check_source(path, folder, layers, folders_there):
    is_test = path.stem.endswith(('_test', '_bench'))
    allowed = layers.folders[folder] | {folder}
    if is_test:
        allowed |= layers.test_folders.get(folder, set())
    text = without_comments(path.read_text(encoding='utf-8', errors='replace'))
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if include:
            name = include[1][1:-1]
            first = name.split('/')[0]
            if '/' in name and first in folders_there:
                if first not in allowed:
                    yield number, f'{folder} must not include "{name}": {first} is not below it'
            elif include[1].startswith('"') and '/' not in name:
                yield number, f'"{name}" must be included by its path from src/'
            if not is_test:
                for prefix, owners in layers.headers:
                    if name.startswith(prefix) and folder not in owners:
                        yield number, f'{folder} must not include <{name}>: only {", ".join(sorted(owners))} may'
        elif not is_test:
            for pattern, owners in layers.texts:
                match = pattern.search(line)
                if match and folder not in owners:
                    yield number, f'{folder} must not use {match[0]}: only {", ".join(sorted(owners))} may'


def check_build_file(path, folder, layers):
    allowed = layers.folders[folder] | {folder} | COMMON_TARGETS
    section = ''
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        for word in re.findall(r'[^\s()]+', line.split('#')[0]):
            if word.isupper() and word.replace('_', '').isalpha():
                section = word
            target = TARGET.fullmatch(word)
            if not target or target[1] not in layers.folders:
                continue
            extra = layers.test_folders.get(folder, set()) if section.startswith('TEST') else set()
            if target[1] not in allowed | extra:
                yield number, f'{folder} must not link {word}: {target[1]} is not below it'


def violations(root):
    """Yields (file, line, message) for the tree at root."""
    layers = Layers(root / 'cmake' / 'layers.txt')
    source = root / 'src'
    folders_there = {entry.name for entry in source.iterdir() if entry.is_dir()}
    for folder in sorted(folders_there - set(layers.folders)):
        yield source / folder, 1, f'the folder {folder} has no line in cmake/layers.txt'
    for folder in sorted(folders_there & set(layers.folders)):
        for path in sorted((source / folder).rglob('*')):
            if path.suffix in SOURCES:
                for number, message in check_source(path, folder, layers, folders_there | set(layers.folders)):
                    yield path, number, message
            elif path.name == 'CMakeLists.txt':
                for number, message in check_build_file(path, folder, layers):
                    yield path, number, message


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--root', type=Path, default=Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    try:
        found = list(violations(root))
    except (LayersError, OSError, re.error) as error:
        print(error, file=sys.stderr)
        return 2
    for path, number, message in found:
        print(f'{path.relative_to(root)}:{number}: {message}')
    print(f'{len(found)} layer violations')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
