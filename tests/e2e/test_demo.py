"""`weir demo`: the whole pipeline on the Kafka inside the process."""
import json
import signal

from command import run
from processes import Process
from weir_process import binary, environment


def test_the_demo_ends_by_itself_with_figures_that_add_up(tmp_path):
    figures = tmp_path / 'demo.json'
    result = run('demo', '--seconds', '8', '--port', '0', '--json', str(figures))
    assert result.code == 0, result
    got = json.loads(figures.read_text())
    assert got['records'] > 1000 and got['alerts'] > 0 and got['dead_letters'] > 0
    assert got['observed'] + got['dead_letters'] == got['records']
    for kind in ('ATTACK', 'ABUSE'):
        assert kind in result.out, result
    assert 'records' in result.out.splitlines()[-1], 'no summary at the end'


def test_an_interrupt_ends_the_demo_with_its_summary(tmp_path):
    demo = Process([binary(), 'demo', '--port', '0'], tmp_path / 'demo.log', environment())
    demo.wait_until(lambda: 'ATTACK' in demo.log(), 60, 'the demo showed an attack')
    demo.signal(signal.SIGINT)
    assert demo.child.wait(60) == 0, demo.log_tail()
    assert 'dead letters' in demo.log().splitlines()[-1], demo.log_tail()
