"""weir itself, with its rules or with others."""
import json
from pathlib import Path

from peer import REPOSITORY, Peer, Result, Unavailable, run_tool


class Weir(Peer):
    name = 'weir'
    title = 'weir'
    does = 'all of it, from the record to the alert, on one core'
    lacks = 'nothing'
    recipe = 'scripts/package, or a release build'

    level = 'standard'

    def __init__(self, program, folder):
        self.program = program
        self.config = Path(folder) / f'{self.name}.yaml'
        self.config.write_text(f'rules: {{security_level: {self.level}}}\n', encoding='utf-8')
        self.rules = REPOSITORY / 'rules'
        self.verdicts = False      # the figures are those of a scan that prints a summary; who was found needs verdicts

    def version(self):
        try:
            return run_tool([self.program, '--version']).splitlines()[0]
        except IndexError:
            raise Unavailable(f'{self.program} does not say its version') from None

    def command(self, records, result):
        return [self.program, 'scan', '--profile', 'flat', '--config', self.config, '--rules', self.rules, '--json', result,
                '--output', 'verdicts' if self.verdicts else 'summary', records]

    def is_found(self, verdict):
        return verdict['malicious']

    def read(self, result, output, complaints):
        del complaints
        said = json.loads(result.read_text(encoding='utf-8'))
        rejected = said['rejected'] if isinstance(said['rejected'], int) else sum(said['rejected'].values())
        found = set()
        if self.verdicts:
            verdicts = [json.loads(line) for line in output.splitlines() if line.startswith('{')]
            found = {verdict['request_id'] for verdict in verdicts if 'rejected' not in verdict and self.is_found(verdict)}
        return Result(said['records'] - rejected, frozenset(found))


class WeirSigma(Weir):
    name = 'weir-sigma'
    title = 'weir, with public Sigma rules instead'
    does = 'all of it, from the record to the alert, with those rules in place of its own'
    level = 'strict'     # all of them, whatever level they have

    def __init__(self, program, folder, rules):
        super().__init__(program, folder)
        self.rules = rules

    def is_found(self, verdict):
        return bool(verdict['rules'])
