"""scripts/bot-agents tells a bad rule from a good one. The list of known bots itself is not part of the repository."""
import json
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
BROWSER = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'


def bot_agents(*arguments):
    return subprocess.run([REPOSITORY / 'scripts' / 'bot-agents', *map(str, arguments)], capture_output=True, text=True, check=False)


def written(tmp_path, agents):
    file = tmp_path / 'bots.json'
    file.write_text(json.dumps([{'pattern': 'x', 'instances': agents}]))
    return file


def test_too_few_recognised_bots_are_reported(tmp_path):
    measured = bot_agents('--bots', written(tmp_path, ['ExampleBot/1.0', BROWSER]), '--missed')
    assert measured.returncode == 1
    assert f'missed: {BROWSER}' in measured.stdout and '1 of 2' in measured.stdout


def test_a_browser_that_is_taken_for_a_bot_is_reported(tmp_path):
    browsers = tmp_path / 'browsers.txt'
    browsers.write_text(BROWSER + '\n' + BROWSER + ' ExampleBot/1.0\n')
    measured = bot_agents('--bots', written(tmp_path, ['ExampleBot/1.0']), '--browsers', browsers)
    assert measured.returncode == 1
    assert f'taken for a bot: {BROWSER} ExampleBot/1.0' in measured.stdout and '1 browsers' in measured.stdout
