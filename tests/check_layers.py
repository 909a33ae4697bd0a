#!/usr/bin/env python3
"""Checks that the folders of src/ depend on each other only as cmake/layers.txt says.

usage: check_layers.py [--root DIR]

Read are the #include lines of C++ sources, the texts that cmake/layers.txt reserves for some folders, and the weir_*
targets that each folder's CMakeLists.txt links. Refused are, besides what cmake/layers.txt does not allow: what it allows
and nothing uses, files of a folder that include each other in a circle, rooms of a folder that do, and a source that does
not begin with its own header (so that compiling it shows that the header stands alone). Prints one line, FILE:LINE: what is
wrong, per violation; exits with 1 if there was any, with 2 if cmake/layers.txt itself is wrong.
"""
import argparse
import re
import sys
from pathlib import Path

SOURCES = {'.cc', '.cpp', '.h', '.hpp', '.inc'}
INCLUDE = re.compile(r'^\s*#\s*include\s*(<[^>]+>|"[^"]+")')
TARGET = re.compile(r'(?<![\w/.])weir_([a-z0-9_]+)(?![\w/.])')
NAME = r'[a-z0-9_]+'


class LayersError(Exception):
    """cmake/layers.txt is wrong."""


class Layers:
    """The content of cmake/layers.txt."""

    def __init__(self, path):
        self.folders = {}        # folder -> folders it may include
        self.rooms = {}          # folder/room -> folders, and rooms of its own folder, that it may include
        self.test_folders = {}   # folder -> folders that its tests may include as well
        self.headers = []        # (prefix, folders)
        self.texts = []          # (pattern, folders)
        self.circles = []        # (line number, files): a recursion by nature
        self.lines = {}          # what stands before the colon -> line number
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
            if line.strip() and not line.lstrip().startswith('#'):
                self._read(line.strip(), number, f'{path}:{number}')
        known = set(self.folders)
        named = {name for group in (self.folders, self.test_folders) for names in group.values() for name in names}
        named |= set(self.test_folders) | {name for _, names in self.headers + self.texts for name in names}
        named |= {room.split('/')[0] for room in self.rooms}
        if named - known:
            raise LayersError(f'{path}: no line for the folder {", ".join(sorted(named - known))}')
        self._refuse_wide_rooms(path)
        self._refuse_cycles(path)

    def _read(self, line, number, where):
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
        match = re.fullmatch(rf'@circle((?:\s+{NAME}(?:/{NAME})+){{2,}}):\s*(\S.*)', line)
        if match:
            self.circles.append((number, frozenset(match[1].split())))
            return
        match = re.fullmatch(rf'({NAME})(?:/({NAME}))?:\s*(.*)', line)
        if not match:
            raise LayersError(f'{where}: not understood: {line}')
        folder, room, names = match[1], match[2], match[3].split()
        table = self.folders if not room else self.test_folders if room == 'tests' else self.rooms
        key = f'{folder}/{room}' if table is self.rooms else folder
        if key in table:
            raise LayersError(f'{where}: a second line for {key}')
        table[key] = set(names)
        self.lines[folder if not room else f'{folder}/{room}'] = number

    def _refuse_wide_rooms(self, path):
        for room, names in self.rooms.items():
            folder = room.split('/')[0]
            wide = {name for name in names if name.split('/')[0] not in self.folders[folder] | {folder}}
            wide |= {name for name in names if '/' in name and name.split('/')[0] != folder}
            if wide:
                raise LayersError(f'{path}:{self.lines[room]}: {room} goes beyond what {folder} may include: {", ".join(sorted(wide))}')

    def _refuse_cycles(self, path):
        remaining = {folder: set(below) for folder, below in self.folders.items()}
        while remaining:
            lowest = [folder for folder, below in remaining.items() if not below & set(remaining)]
            if not lowest:
                raise LayersError(f'{path}: these folders include each other: {", ".join(sorted(remaining))}')
            for folder in lowest:
                del remaining[folder]

    def room_allows(self, room, target):
        """May files of this room include those of `target`, a folder or a room? Rooms without a line may what their folder may."""
        if room not in self.rooms or room == target:
            return True
        folder = room.split('/')[0]
        return target in self.rooms[room] or (target.split('/')[0] != folder and target.split('/')[0] in self.rooms[room])


class Source:
    """One C++ file: its place, its text without comments, and what it includes from src/."""

    def __init__(self, path, source, folders_there):
        self.path = path
        self.name = path.relative_to(source).as_posix()
        self.folder = self.name.split('/')[0]
        self.room = room_of(self.name)
        self.is_test = path.stem.endswith(('_test', '_bench'))
        self.lines = without_comments(path.read_text(encoding='utf-8', errors='replace')).splitlines()
        self.includes = []  # (line number, name, quoted)
        for number, line in enumerate(self.lines, 1):
            match = INCLUDE.match(line)
            if match:
                self.includes.append((number, match[1][1:-1], match[1].startswith('"')))
        self.own = [(number, name) for number, name, _ in self.includes if '/' in name and name.split('/')[0] in folders_there]

    @property
    def unit(self):
        """What a header and its source are together, the private half of a class (NAME_impl.h) included."""
        return re.sub(r'(_impl)?\.[a-z]+$', '', self.name)


def room_of(name):
    """The folder of a file by its path from src/, with the room inside it if it lies in one."""
    return '/'.join(name.split('/')[:-1][:2])


def without_comments(text):
    """The text with comments blanked, its lines kept. String literals stay: nothing sought here stands in them."""
    text = re.sub(r'/\*.*?\*/', lambda match: re.sub(r'[^\n]', ' ', match[0]), text, flags=re.S)
    return re.sub(r'(?<!:)//[^\n]*', '', text)


def check_includes(source, layers):
    allowed = layers.folders[source.folder] | {source.folder}
    if source.is_test:
        allowed |= layers.test_folders.get(source.folder, set())
    own = {number for number, _ in source.own}
    for number, name, quoted in source.includes:
        first, room = name.split('/')[0], room_of(name)
        if number in own and first not in allowed:
            yield number, f'{source.folder} must not include "{name}": {first} is not below it'
        elif number in own and not source.is_test and not layers.room_allows(source.room, room):
            yield number, f'{source.room} must not include "{name}": {room} is not below it'
        elif quoted and '/' not in name:
            yield number, f'"{name}" must be included by its path from src/'
        if not source.is_test:
            for prefix, owners in layers.headers:
                if name.startswith(prefix) and source.folder not in owners:
                    yield number, f'{source.folder} must not include <{name}>: only {", ".join(sorted(owners))} may'


def check_texts(source, layers):
    if source.is_test:
        return
    included = {number for number, _, _ in source.includes}
    for number, line in enumerate(source.lines, 1):
        if number in included:
            continue
        for pattern, owners in layers.texts:
            match = pattern.search(line)
            if match and source.folder not in owners:
                yield number, f'{source.folder} must not use {match[0]}: only {", ".join(sorted(owners))} may'


def check_own_header(source):
    """A header that its own source includes first compiles alone if the source does; the build sees to the others."""
    header = source.path.with_suffix('.h')
    if source.path.suffix != '.cc' or not header.exists():
        return
    name = source.name.removesuffix('.cc') + '.h'
    if not source.includes or source.includes[0][1] != name:
        yield source.includes[0][0] if source.includes else 1, f'"{name}" must be included first, to show that it compiles alone'


def check_build_file(path, folder, layers):
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        for target in TARGET.findall(line.split('#')[0]):
            if target in layers.folders and target != folder:
                yield number, f'weir_{target} must not be named: what {folder} links stands in cmake/layers.txt'


def circles(edges):
    """The sets of nodes from each of which every other one is reached, if they are more than one. edges: node -> set of nodes."""
    found, index, low, stack = [], {}, {}, []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(group) > 1:
                found.append(frozenset(group))
    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def way_round(edges, group):
    """One shortest way within the group from its first node back to it."""
    start = min(group)
    ways = [[start]]
    while True:
        way = ways.pop(0)
        for other in sorted(edges[way[-1]] & group):
            if other == start:
                return way + [start]
            if other not in way:
                ways.append(way + [other])


def check_circles(sources, layers):
    """Yields (file, line, message) for circles of files inside a folder and of rooms inside a folder."""
    units, rooms, where = {}, {}, {}
    for source in (one for one in sources if not one.is_test):
        for number, name in source.own:
            unit = re.sub(r'(_impl)?\.[a-z]+$', '', name)
            if name.split('/')[0] == source.folder and unit != source.unit:
                units.setdefault(source.unit, set()).add(unit)
                where.setdefault((source.unit, unit), (source.path, number))
            room = room_of(name)
            if room.split('/')[0] == source.folder and '/' in room and '/' in source.room and room != source.room:
                rooms.setdefault(source.room, set()).add(room)
                where.setdefault((source.room, room), (source.path, number))
    named = {files: number for number, files in layers.circles}
    for what, edges in (('files', units), ('rooms', rooms)):
        for group in circles(edges):
            if named.pop(group, None) is None:
                way = way_round(edges, group)
                yield *where[way[0], way[1]], f'these {what} include each other in a circle: {" -> ".join(way)}'
    for files, number in named.items():
        yield None, number, f'there is no such circle: {" ".join(sorted(files))}'


def check_unused(sources, layers):
    """Yields (line of layers.txt, message) for what is allowed there and not used."""
    used = {}  # who -> whom
    for source in sources:
        targets = {target for _, name in source.own for target in (name.split('/')[0], room_of(name))}
        for who in ({f'{source.folder}/tests'} if source.is_test else {source.folder, source.room}):
            used.setdefault(who, set()).update(targets)
    tables = [(folder, names) for folder, names in layers.folders.items()] + list(layers.rooms.items())
    tables += [(f'{folder}/tests', names) for folder, names in layers.test_folders.items()]
    for who, names in tables:
        for name in sorted(names - used.get(who, set())):
            yield layers.lines[who], f'{who} may include {name}, but nothing there does'
        if who.endswith('/tests'):
            for name in sorted(names & layers.folders[who.split('/')[0]]):
                yield layers.lines[who], f'{who.split("/")[0]} may include {name} anyway'


def violations(root):
    """Yields (file, line, message) for the tree at root."""
    file = root / 'cmake' / 'layers.txt'
    layers = Layers(file)
    source_folder = root / 'src'
    folders_there = {entry.name for entry in source_folder.iterdir() if entry.is_dir()}
    for folder in sorted(folders_there - set(layers.folders)):
        yield source_folder / folder, 1, f'the folder {folder} has no line in cmake/layers.txt'
    sources = []
    for folder in sorted(folders_there & set(layers.folders)):
        for path in sorted((source_folder / folder).rglob('*')):
            if path.suffix in SOURCES:
                sources.append(Source(path, source_folder, folders_there | set(layers.folders)))
            elif path.name == 'CMakeLists.txt':
                for number, message in check_build_file(path, folder, layers):
                    yield path, number, message
    for source in sources:
        for check in (check_includes(source, layers), check_texts(source, layers), check_own_header(source)):
            for number, message in check:
                yield source.path, number, message
    for path, number, message in check_circles(sources, layers):
        yield path or file, number, message
    for number, message in check_unused(sources, layers):
        yield file, number, message


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
