"""What the soak takes for growth."""
from types import SimpleNamespace

import soak


def watched(memory, descriptors=lambda hours: 90, hours=2.0, every=5.0):
    watch = soak.Watch(SimpleNamespace())
    for number in range(int(hours * 3600 / every)):
        at = number * every / 3600
        for name in soak.LASTING:
            watch.samples[name]['memory_bytes'].append((at, memory(at)))
            watch.samples[name]['descriptors'].append((at, descriptors(at)))
            watch.samples[name]['threads'].append((at, 30))
    return watch.judge()


def test_what_fills_at_first_and_then_stays_does_not_grow():
    assert watched(lambda hours: 80e6 + min(hours, 0.3) * 100e6) == []


def test_a_leak_of_two_mebibytes_an_hour_is_found():
    grew = watched(lambda hours: 80e6 + hours * (2 << 20))
    assert [line.split(' of ')[0] for line in grew] == ['memory_bytes', 'memory_bytes']


def test_peaks_are_no_growth():
    assert watched(lambda hours: 80e6 + (50e6 if 1.7 < hours < 1.8 else 0)) == []


def test_descriptors_that_are_not_given_back_are_found():
    grew = watched(lambda hours: 80e6, lambda hours: 90 + int(hours * 4))
    assert [line.split(' of ')[0] for line in grew] == ['descriptors', 'descriptors']


def test_a_short_time_says_nothing():
    assert watched(lambda hours: 80e6 + hours * 1e9, hours=0.05) == []
