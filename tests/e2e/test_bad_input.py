"""Records that are none, through the broker: each becomes a dead letter with a reason, unchanged, and the stream goes on."""
import traffic
from waiting import wait_for
from weir_process import DEAD_LETTERS, OBSERVATIONS, RECORDS


def text_of(headers):
    return ' '.join(value.decode() for name, value in headers.items() if name.startswith('__connect.errors.'))


def test_each_kind_of_bad_record_gets_its_dead_letter_and_reason(pipeline):
    bad = traffic.bad_records()
    weir = pipeline.start()
    pipeline.broker.produce(pipeline.requests, [line for line, _ in bad.values()], 'zstd')
    weir.wait_for_metric(RECORDS, len(bad))
    weir.wait_for_metric(DEAD_LETTERS, len(bad))
    letters = wait_for(lambda: len(pipeline.dead_letters()) >= len(bad) and pipeline.dead_letters(), 30, 'the dead letters', 0.3)
    assert len(letters) == len(bad)

    reasons = {}
    for position, (name, (line, allowed)) in enumerate(bad.items()):
        where = {'__connect.errors.partition': str(position % 4).encode(), '__connect.errors.offset': str(position // 4).encode()}
        value, headers = next((value, headers) for _, value, headers in letters if where.items() <= headers.items())
        assert (value or b'') == line, f'{name} was changed'
        reasons[name] = text_of(headers)
        assert any(reason in reasons[name] for reason in allowed), f'{name}: {reasons[name]}, not one of {allowed}'
    rejected = {labels['reason']: value for name, labels, value in weir.metrics().samples
                if name == 'weir_parse_errors_total' and value}
    assert sum(rejected.values()) == len(bad)
    assert set(rejected) <= {reason for _, allowed in bad.values() for reason in allowed}


def test_odd_but_readable_records_are_judged(pipeline):
    odd = traffic.tolerated_records()
    weir = pipeline.start()
    pipeline.broker.produce(pipeline.requests, list(odd.values()), 'lz4')
    metrics = weir.wait_for_metric(OBSERVATIONS, len(odd))
    assert metrics.sum(DEAD_LETTERS) == 0
    wait_for(lambda: any(one['key'].endswith('attacker-odd') for one in pipeline.alerts()), 30, 'the alert', 0.3)


def test_a_tombstone_is_a_dead_letter_too(pipeline):
    weir = pipeline.start()
    pipeline.broker.produce(pipeline.requests, [None], keys=[b'key'])
    weir.wait_for_metric(DEAD_LETTERS, 1)


def test_ten_megabytes_do_no_harm(pipeline):
    """A huge record is judged or refused, a huge piece of garbage is refused unchanged; what follows is observed."""
    garbage = b'x' * (10 * 1024 * 1024)
    after = list(traffic.benign(400))
    weir = pipeline.start()
    pipeline.broker.produce(pipeline.requests, [traffic.huge_record(), garbage] + after, 'zstd')
    weir.wait_for_metric(RECORDS, len(after) + 2)
    weir.wait_for_metric(OBSERVATIONS, len(after))
    letters = lambda: [value for _, value, _ in pipeline.dead_letters()]
    wait_for(lambda: garbage in letters(), 30, lambda: f'the garbage; there are letters of {[len(one) for one in letters()]} bytes', 0.3)
    known = lambda: weir.metrics().sum(OBSERVATIONS) + len(letters())     # the two come from two lanes
    wait_for(lambda: known() >= len(after) + 2, 30, 'what became of the huge record', 0.3)
    assert known() == len(after) + 2
    assert weir.process.running()
    assert weir.process.memory_peak_bytes() < 600e6
