"""What the runner knows of a program that it compares weir with."""
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
FOLDER = Path(os.environ.get('WEIR_PEERS', REPOSITORY / 'build/peers'))   # where everything is installed and built
PATTERNS_NOTE = '24 obvious patterns over path, query, body, user agent and referer, joined and decoded once'


class Unavailable(Exception):
    """Why a peer cannot be had here."""


@dataclass(frozen=True)
class Result:
    """What a peer said of a file of records."""
    records: int
    found: frozenset
    seconds: float | None = None     # of processor time for the records, where the peer measures that itself


class Peer:
    """One program with its recipe. A peer's file is also the program that its process runs, where that is Python."""
    name = ''            # on the command line
    title = ''           # in the table
    does = ''            # what of weir's work it does
    lacks = ''           # what it leaves out
    recipe = ''          # how --install gets it
    source = ''          # its file
    rounds_max = 0       # fewer rounds than the others, where a start takes minutes
    records_fixed = 0    # so many records then, without trying how long they take
    beside = 'weir'      # the name of the peer whose time is the measure
    tells = True         # what it finds of labelled requests says something
    given = ''           # another file than the flat records that its programs read: "sigma" events

    def install(self):
        """Does what the recipe says; raises Unavailable with what the tool said."""

    def version(self):
        """Its version; raises Unavailable where it is not installed."""
        raise NotImplementedError

    def command(self, records, result):
        """The process that judges `records` and writes `result`. Its processor time is what is measured."""
        raise NotImplementedError

    def read(self, result, output, complaints):
        """What the process said: in its file, on standard output or on standard error."""
        del output, complaints
        said = json.loads(result.read_text(encoding='utf-8'))
        return Result(said['records'], frozenset(said['found']), said.get('seconds'))


class PythonPeer(Peer):
    """A worker in Python with packages of its own from PyPI, pinned."""
    packages = ()
    interpreter_at_least = (3, 11)

    @property
    def recipe(self):
        return f'pip install {" ".join(self.packages)}' if self.packages else 'comes with Python'

    def venv(self):
        return FOLDER / f'venv-{self.name}'

    def python(self):
        return self.venv() / 'bin/python' if self.packages else Path(sys.executable)

    def install(self):
        if not self.packages:
            return
        if not self.python().exists():
            run_tool([newest_python(self.interpreter_at_least), '-m', 'venv', self.venv()])
        run_tool([self.python(), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', *self.packages])

    def version(self):
        if not self.packages:
            return f'Python {sys.version.split()[0]}'
        if not self.python().exists():
            raise Unavailable('not installed')
        name = self.packages[0].partition('==')[0]
        return f'{name} ' + run_tool([self.python(), '-c', f'import importlib.metadata as m; print(m.version({name!r}))']).strip()

    def command(self, records, result):
        return [self.python(), HERE / self.source, records, result]


def newest_python(at_least):
    """A Python of that version or a later one: this one, one on the path, or one that pyenv keeps."""
    if sys.version_info >= at_least:
        return sys.executable
    kept = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv')) / 'versions'
    for minor in range(20, at_least[1] - 1, -1):
        for path in filter(None, [shutil.which(f'python3.{minor}'), *map(str, kept.glob(f'3.{minor}.*/bin/python3'))]):
            # pyenv's stand-in for a Python that is not chosen says so only when it is run.
            if subprocess.run([path, '-V'], capture_output=True, check=False).returncode == 0:
                return path
    raise Unavailable(f'no Python {at_least[0]}.{at_least[1]} or later, neither on the path nor in pyenv')


def run_tool(command, **options):
    """What the tool prints; Unavailable with its last words when it fails."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    except OSError as error:
        raise Unavailable(f'{command[0]}: {error.strerror}') from None
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise Unavailable(f'{Path(str(command[0])).name} failed: {lines[-1].strip() if lines else "without a word"}')
    return done.stdout


def debian_version(package):
    """The installed version of a Debian package."""
    return run_tool(['dpkg-query', '-W', '-f', '${Version}', package]).strip()


def install_debian(*packages):
    environment = os.environ | {'DEBIAN_FRONTEND': 'noninteractive'}
    run_tool(['apt-get', '-q', '-y', 'install', '--no-install-recommends', *packages], env=environment)
