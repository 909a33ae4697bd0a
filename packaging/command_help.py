"""The command line as the program itself describes it: `weir --help`, and the help of every command below it."""
import re
import subprocess
from dataclasses import dataclass, field

INDENT = 2


@dataclass
class Option:
    names: list        # ['-c', '--config']
    value: str         # 'TEXT', or '' for a switch
    text: str
    required: bool = False


@dataclass
class Command:
    path: list                                        # ['rules', 'cost']; empty for weir itself
    summary: str = ''
    usage: str = ''
    positionals: list = field(default_factory=list)   # (name, text)
    options: list = field(default_factory=list)
    commands: list = field(default_factory=list)      # Command, in the order of the help
    remarks: list = field(default_factory=list)       # lines below the tables

    @property
    def name(self):
        return ' '.join(['weir', *self.path])

    def walk(self):
        yield self
        for command in self.commands:
            yield from command.walk()


def help_of(program, path):
    done = subprocess.run([program, *path, '--help'], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise SystemExit(f'{program} {" ".join(path)} --help: exit code {done.returncode}\n{done.stderr}')
    return done.stdout


def entries(lines):
    """(left column, text) of the lines of a table; an entry goes on in lines that are indented further."""
    found = []
    for line in lines:
        match = re.match(rf' {{{INDENT}}}(\S.*?)(?: {{2,}}(.*))?$', line)
        if match:
            found.append([match[1], match[2] or ''])
        elif found:
            found[-1][1] = f'{found[-1][1]} {line.strip()}'.strip()
    return found


def read_option(left, text):
    names, _, value = left.partition(' ')
    required = value.endswith('REQUIRED')
    return Option(names.split(','), value.removesuffix('REQUIRED').strip(), text, required)


def read(program, path=()):
    """The command at this path with everything below it. SystemExit when its help is not laid out as expected."""
    lines = help_of(program, path).splitlines()
    command = Command(list(path))
    at = next((number for number, line in enumerate(lines) if line.startswith('Usage:')), None)
    if at is None:
        raise SystemExit(f'the help of "{command.name}" has no line that begins with "Usage:"')
    command.summary = ' '.join(line.strip() for line in lines[:at] if line.strip())
    command.usage = lines[at].removeprefix('Usage:').strip()
    if path:
        command.usage = command.usage.replace(f'weir {path[0]}', command.name.rsplit(' ', len(path) - 1)[0], 1)
    title, tables = '', {}
    for line in lines[at + 1:]:
        if re.fullmatch(r'[A-Z][\w ]*:', line):
            title = line.rstrip(':')
            tables[title] = []
        elif line.startswith(' ') and title:
            tables[title].append(line)
        elif line.strip():
            title = ''
            command.remarks.append(line.strip())
    command.positionals = entries(tables.pop('Positionals', []))
    command.options = [read_option(*entry) for entry in entries(tables.pop('Options', []))]
    for name, text in entries(tables.pop('Subcommands', [])):
        below = read(program, [*path, name.split(',')[0]])   # a command with a second name has both there
        below.summary = below.summary or text
        command.commands.append(below)
    if tables:
        raise SystemExit(f'the help of "{command.name}" has tables that are not known: {", ".join(tables)}')
    return command
