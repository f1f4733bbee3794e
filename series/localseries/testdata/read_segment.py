"""Prints the chunks of a segment as JSON, one a line. Follows docs/en/format.md; no checksum is looked at."""
import io, json, struct, sys

BARS = "open high low close volume turnover open_interest".split()
TICKS = "last_price last_volume volume turnover open_interest limit_up limit_down open_price high_price low_price pre_close".split()
TICKS += [f"{what}_{level}" for level in range(1, 6) for what in ("bid_price", "bid_volume", "ask_price", "ask_volume")]
TICKS += ["depth", "localtime", "name"]

def uint(f, size): return int.from_bytes(f.read(size), "little")
def doubles(b): return list(struct.unpack(f"<{len(b) // 8}d", b))
def signed(x): return x >> 1 ^ -(x & 1)
def text(f): return f.read(count(f)).decode()

def count(f):
    byte = uint(f, 1)
    return byte if byte < 128 else byte - 128 + (count(f) << 7)

def key(f): return [*struct.unpack("<Bi", f.read(5)), text(f), text(f), text(f)]

def attributes(f):
    n = count(f)
    return {text(f): text(f) for _ in range(n - 1)} if n else None

def name(f, kind):
    n = uint(f, 1)
    return text(f) if n == 0 else {253: "time", 254: "seq"}.get(n) or (BARS if kind == 1 else TICKS)[n - 1]

def packed(f, n, width):
    bits = uint(f, (n * width + 7) // 8)
    return [bits >> i * width & (1 << width) - 1 for i in range(n)]

def group(f, n):
    width = uint(f, 1)
    if width < 128: return packed(f, n, width)
    exceptions, excess, small = uint(f, 1), uint(f, 1), packed(f, n, width - 128)
    for row, upper in zip(f.read(exceptions), packed(f, exceptions, excess)): small[row] |= upper << width - 128
    return small

def integers(f):
    kind, n, base = uint(f, 1), count(f), signed(count(f))
    depth, flat, values = kind & 3, kind & 8, []
    step = 0 if flat else count(f)
    value = signed(count(f)) if depth > 0 else 0
    slope = signed(count(f)) if depth > 1 else 0
    while len(values) < n:
        size = min(128, n - len(values))
        for u in [0] * size if flat else group(f, size):
            d = base + step * (signed(u) if kind & 4 else u)
            slope = slope + d if depth > 1 else d
            value = value + slope if depth > 0 else d
            values.append((value + 2**63) % 2**64 - 2**63)
    return values

def numbers(f):
    kind = uint(f, 1)
    if kind == 0x12: return [doubles(struct.pack("<q", x))[0] for x in integers(f)]
    power, row = 10 ** uint(f, 1), -1
    values = [x / power for x in integers(f)]
    for _ in range(count(f) if kind == 0x11 else 0):
        row += count(f) + 1
        values[row] = doubles(f.read(8))[0]
    return values

def prices(blocks):
    if blocks[0].getvalue()[0] != 0x18: return [numbers(b) for b in blocks]
    power, rows = [10 ** b.read(2)[1] for b in blocks][0], []
    last = signed(count(blocks[0]))
    for o, h, l, c in zip(*map(integers, blocks)):
        o += last
        last = c = o + c
        rows.append([x / power for x in (o, max(o, c) + h, min(o, c) - l, c)])
    return zip(*rows)

def texts(f):
    all = [text(f) for _ in range(count(f))]
    return [all[i] for i in integers(f)]

def truths(f, n):
    kind, values = uint(f, 1), []
    if kind == 0x22: return packed(f, count(f), 1)
    while len(values) < n: values, kind = values + [kind & 1] * count(f), kind ^ 1
    return values

def chunk(f):
    assert f.read(4) == b"CHNK"
    what = f.read(21)[20]
    found = {"key": key(f), "changes": struct.unpack("<QQQ", f.read(24))}
    if what == 2: return found | {"range": struct.unpack("<qq", f.read(16))}
    if what == 3: return found | {"attributes": attributes(f)}
    kind, rows, columns, four = found["key"][0], count(f), {}, []
    f.read(24 if kind == 2 else 16)
    heads = [(name(f, kind), *struct.unpack("<BQQ", f.read(17))) for _ in range(count(f))]
    for column, type, length, _ in heads:
        block = io.BytesIO(f.read(length))
        if type == 65: four.append(block)
        elif type == 128: columns[column] = [x if ok else None for x, ok in zip(columns[column], truths(block, rows))]
        else: columns[column] = {1: numbers, 2: integers, 3: texts}[type](block)
    if four: columns.update(zip(BARS, prices(four)))
    return found | {"rows": rows, "columns": columns}

if __name__ == "__main__":
    with open(sys.argv[1], "rb") as f:
        assert f.read(8) == b"RFSEGMNT" and uint(f, 8) == 1
        f.seek(-40, 2)
        directory = uint(f, 8)
        f.seek(32)
        while f.tell() < directory: print(json.dumps(chunk(f)))
