"""Prints the records of the log of a folder that count as JSON, one a line. Follows docs/en/format.md."""
import io, json, os, re, struct, sys
from read_segment import attributes, count, doubles, key, name, text, uint

def crc32c(b):
    crc = 0xFFFFFFFF
    for byte in b:
        crc ^= byte
        for _ in range(8): crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

def floor(folder):
    roots = [open(os.path.join(folder, root), "rb").read() for root in ("root.a", "root.b")]
    generation = max(struct.unpack("<Q", root[8:16])[0] for root in roots if root[:8] == b"RFSEROOT")
    with open(os.path.join(folder, f"manifest-{generation:010}"), "rb") as f:
        assert f.read(8) == b"RFMANIFE" and uint(f, 8) == 1 and uint(f, 8) == generation
        return uint(f, 8)

def group(b, position):
    """Returns the length of the group that b begins with and its records by position, nothing if it is not sound."""
    if len(b) < 32: return 0, []
    magic, size, at, _, n, check = struct.unpack("<IIQQII", b[:32])
    if magic != 0xF1E2D3C4 or at != position or check != crc32c(b[:28]): return 0, []
    f, found = io.BytesIO(b[32:32 + size]), []
    for _ in range(n):
        at, length, check = position + 32 + f.tell(), f.read(4), f.read(4)
        found.append((at, f.read(int.from_bytes(length, "little"))))
        if crc32c(length + found[-1][1]) != int.from_bytes(check, "little"): return 0, []
    return 32 + size, found

def records(log):
    files = [open(os.path.join(log, n), "rb").read() for n in sorted(os.listdir(log)) if re.fullmatch(r"\d{10}\.log", n)]
    files = [b for b in files if b[:8] == b"RFSEGLOG" and crc32c(b[:60]) == int.from_bytes(b[60:64], "little")]
    bases = [int.from_bytes(b[40:48], "little") for b in files]
    for b, base, end in zip(files, bases, bases[1:] + [2**64]):
        at = 64
        while base + at - 64 < end:
            length, found = group(b[at:], base + at - 64)
            if length == 0: break
            yield from found
            at += length
        assert end == 2**64 or base + at - 64 == end, "something that was acknowledged is damaged"

def values(f, type, n):
    if type == 1: return doubles(f.read(8 * n))
    if type == 2: return struct.unpack(f"<{n}q", f.read(8 * n))
    all = [text(f) for _ in range(count(f))]
    return [all[i] if i < len(all) else None for i in struct.unpack(f"<{n}I", f.read(4 * n))]

def frame(f, change):
    of, said, rows = key(f), attributes(f), count(f)
    columns = {"time": values(f, 2, rows)}
    if of[0] == 2: columns["seq"] = struct.unpack(f"<{rows}I", f.read(4 * rows))
    for _ in range(count(f)):
        column, type = name(f, of[0]), uint(f, 1)
        present = f.read(rows) if type & 128 else [1] * rows
        columns[column] = [x if ok else None for ok, x in zip(present, values(f, type & 127, rows))]
    return {"change": change, "key": of, "attributes": said, "rows": rows, "columns": columns}

def record(f, at):
    what = uint(f, 1)
    if what == 1: return {"write": [frame(f, at + i) for i in range(count(f))]}
    if what == 2: return {"range": struct.unpack("<qq", f.read(16)), "replace": frame(f, at)}
    if what == 3: return {"delete": key(f), "range": struct.unpack("<qq", f.read(16))}
    if what == 4: return {"begin": [key(f) for _ in range(count(f))]}
    return {"accept": struct.unpack("<QQQ", f.read(24)), "series": len(f.read())}

if __name__ == "__main__":
    since = floor(sys.argv[1])
    for at, content in records(os.path.join(sys.argv[1], "log")):
        if at >= since: print(json.dumps({"at": at} | record(io.BytesIO(content), at)))
