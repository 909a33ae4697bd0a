"""`weir help`, `weir version` and the completion of shells."""
import subprocess

import pytest

from command import run


def test_help_of_a_command_is_its_help():
    for names in ([], ['scan'], ['rules', 'test']):
        asked, told = run(*names, '--help'), run('help', *names)
        assert asked.code == told.code == 0
        assert told.out == asked.out, names
    unknown = run('help', 'frobnicate')
    assert unknown.code == 2 and 'frobnicate' in unknown.err


def test_version_is_a_command_too():
    assert run('version').out == run('--version').out


def completions(line):
    """What bash proposes at the end of this command line."""
    script = run('completion', 'bash').out + f'''
      COMP_WORDS=({' '.join(f"'{word}'" for word in line.split(' '))}); COMP_CWORD=$(({len(line.split(' '))} - 1))
      _weir; printf '%s\\n' "${{COMPREPLY[@]}}"'''
    done = subprocess.run(['bash', '--norc', '-c', script], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize('line, proposed', [
    ('weir sc', {'scan'}), ('weir rules ', {'test', 'lint', 'list', 'cost', 'coverage', 'new', 'try', 'tune', 'scorecard'}), ('weir scan --ou', {'--output'}),
    ('weir scan --output v', {'verdicts'}), ('weir scan -o t', {'table'}), ('weir scan file', set()),
    ('weir rules test --ju', {'--junit'}), ('weir scan --config x --fol', {'--follow'}),
    ('weir state ', {'move'}), ('weir state move --pa', {'--partitions'})])
def test_bash_completes_commands_options_and_their_values(line, proposed):
    assert set(completions(line)) == proposed


@pytest.mark.parametrize('shell', ['zsh', 'fish'])
def test_other_shells_have_a_script_with_all_commands(shell):
    script = run('completion', shell)
    assert script.code == 0
    for word in ('scan', 'follow', 'verdicts', 'junit'):
        assert word in script.out
    try:
        parsed = subprocess.run([shell, '-n'], input=script.out, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return                       # its grammar is checked where the shell is installed
    assert parsed.returncode == 0, parsed.stderr


def test_an_unknown_shell_is_wrong_usage():
    assert run('completion', 'tcsh').code == 2
