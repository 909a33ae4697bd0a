"""Reads blocks of the observations topic, written from docs/observation-block.md: which records were observed, in which order."""


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 1

    def varint(self):
        result = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            result |= (byte & 127) << shift
            if byte < 128:
                return result
            shift += 7

    def zigzag(self):
        number = self.varint()
        return number >> 1 ^ -(number & 1)

    def skip_text(self):
        size = self.varint()
        self.at += size

    def skip_evidence(self):
        for _ in range(5):
            self.skip_text()
        self.varint(), self.varint(), self.varint()
        for _ in range(self.varint()):
            self.skip_text()
            self.skip_text()
            self.at += 3
            self.varint()
            self.skip_text()
            self.skip_text()
            self.varint()
        self.skip_text()


def records_of(block):
    """[(topic index, partition, offset)] of one block's observations, in order."""
    if block[0] == 2:
        return []  # events for correlations; the records' observations stand in blocks of their own
    if block[0] != 1:
        raise ValueError(f'a block of version {block[0]}')
    reader, found, topic, partition, offset = _Reader(block), [], 0, 0, 0
    while presence := block[reader.at]:
        reader.at += 1
        if not presence & 1:
            topic, partition = reader.varint(), reader.zigzag()
        offset += reader.zigzag()
        reader.zigzag()
        reader.skip_text()
        reader.at += 8 + (4 if presence & 2 else 16) + (8 if presence & 4 else 0) + 8
        reader.varint()
        is_count = block[reader.at] & 16     # the same record once more, for its address
        reader.at += 1
        if presence & 8:
            reader.varint(), reader.varint()
        if presence & 16:
            reader.skip_evidence()
        if not is_count:
            found.append((topic, partition, offset))
    return found


def check(expected, blocks, partitions=None):
    """`expected`: all (partition, offset) that are requests; `blocks`: (observations partition, block) in order;
    `partitions`: of the requests, those that are looked at (None: all).
    Figures of what is missing, there twice, or behind a later one of the same source within its partition."""
    seen, twice, disordered, latest, unreadable = set(), 0, 0, {}, 0
    for target, block in blocks:
        try:
            records = records_of(block)
        except (IndexError, ValueError):
            unreadable += 1
            continue
        for _, partition, offset in records:
            if partitions is not None and partition not in partitions:
                continue
            twice += (partition, offset) in seen
            seen.add((partition, offset))
            disordered += offset < latest.get((target, partition), -1)
            latest[target, partition] = offset
    return {'lost': len(expected - seen), 'duplicated': twice, 'disordered': disordered, 'unexpected': len(seen - expected),
            'unreadable_blocks': unreadable}
