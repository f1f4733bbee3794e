"""Prints the rows of a segment as JSON: written from docs/en/format.md alone. Checksums are not looked at."""
import json, struct, sys

BARS = ["open", "high", "low", "close", "volume", "turnover", "open_interest"]
M = (1 << 64) - 1


def signed(x):
    x &= M
    return x - (1 << 64) if x >> 63 else x


class Bytes:
    def __init__(self, b): self.b, self.at = b, 0
    def take(self, n): self.at += n; return self.b[self.at - n:self.at]
    def u(self, n): return int.from_bytes(self.take(n), "little")
    def count(self):
        x = shift = 0
        while True:
            c = self.u(1)
            x |= (c & 127) << shift
            if c < 128: return x
            shift += 7
    def varint(self): x = self.count(); return (x >> 1) ^ -(x & 1)
    def text(self): return self.take(self.count()).decode()


def unpack(r, n, w):
    bits = int.from_bytes(r.take((n * w + 7) // 8), "little")
    return [bits >> i * w & (1 << w) - 1 for i in range(n)]


def integers(r):
    kind = r.u(1)
    n, base = r.count(), r.varint()
    step = 0 if kind & 8 else r.count()
    value = r.varint() if kind & 3 else 0
    slope = r.varint() if kind & 3 == 2 else 0
    out = []
    while len(out) < n:
        size = min(128, n - len(out))
        small = [0] * size
        if not kind & 8:
            w = r.u(1)
            e, x = (r.u(1), r.u(1)) if w & 128 else (0, 0)
            small = unpack(r, size, w & 127)
            places = r.take(e)
            for i, upper in zip(places, unpack(r, e, x)): small[i] |= upper << (w & 127)
        for u in small:
            if kind & 4: u = (u >> 1) ^ -(u & 1)
            d = base + step * u
            if kind & 3 == 2: slope += d; value += slope
            elif kind & 3 == 1: value += d
            else: value = d
            out.append(signed(value))
    return out


def numbers(r):
    kind = r.u(1)
    if kind == 0x12: return [struct.unpack("<d", struct.pack("<q", x))[0] for x in integers(r)]
    p = 10 ** r.u(1)
    out = [x / p for x in integers(r)]
    if kind == 0x11:
        at = 0
        for _ in range(r.count()):
            at += r.count()
            out[at] = struct.unpack("<d", r.take(8))[0]
            at += 1
    return out


def prices(blocks):
    if blocks["open"].b[0] != 0x18: return {name: numbers(b) for name, b in blocks.items()}
    p, last, d = 1, 0, {}
    for name, b in blocks.items():
        b.u(1); p = 10 ** b.u(1)
        if name == "open": last = b.varint()
        d[name] = integers(b)
    out = {name: [] for name in blocks}
    for o, h, l, c in zip(*(d[name] for name in BARS[:4])):
        o += last; last = c = o + c
        for name, x in zip(BARS, (o, max(o, c) + h, min(o, c) - l, c)): out[name].append(x / p)
    return out


def truths(r, n):
    kind = r.u(1)
    if kind == 0x22: r.count(); return [bool(x) for x in unpack(r, n, 1)]
    out, now = [], kind == 0x21
    while len(out) < n: out += [now] * r.count(); now = not now
    return out


def chunk(r):
    start = r.at
    assert r.take(4) == b"CHNK"
    length, size = r.u(4), r.u(8)
    r.u(8)
    if r.u(1) != 1: r.at = start + length + size; return
    kind, interval, code, exchange, name = r.u(1), r.u(4), r.text(), r.text(), r.text()
    r.take(24)
    rows = r.count()
    r.take(16 if kind != 2 else 24)
    heads = []
    for _ in range(r.count()):
        n = r.u(1)
        column = {253: "time", 254: "seq"}.get(n) or (BARS[n - 1] if n else r.text())
        heads.append((column, r.u(1), r.u(8), r.u(8)))
    columns, refer = {}, {}
    for column, type, length, _ in heads:
        b = Bytes(r.take(length))
        if type == 65: refer[column] = b
        elif type == 128: columns[column] = [x if ok else None for x, ok in zip(columns[column], truths(b, rows))]
        elif type == 3: texts = [b.text() for _ in range(b.count())]; columns[column] = [texts[i] for i in integers(b)]
        else: columns[column] = integers(b) if type == 2 else numbers(b)
    if refer: columns.update(prices(refer))
    print(json.dumps({"key": [kind, interval, code, exchange, name], "rows": rows, "columns": columns}))


data = Bytes(open(sys.argv[1], "rb").read())
assert data.take(8) == b"RFSEGMNT" and data.u(8) == 1
end = int.from_bytes(data.b[-40:-32], "little")
data.at = 32
while data.at < end: chunk(data)
