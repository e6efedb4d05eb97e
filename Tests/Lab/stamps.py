#!/usr/bin/python3
"""stamps.py - says whether a disk image is exactly the state after some number of stamped writes.

drkit's stamping writers give every write of a VM one number from a global sequence 1, 2, 3 ...; disk i of D
gets the numbers with number % D == i. A write is one block of 4096 bytes (little endian):

    magic "DRKS" | u32 disk | u64 sequence | u64 time, ns since the epoch | u64 block number |
    u64 sequence * 0x9E3779B97F4A7C15 mod 2^64, repeated up to byte 4092 and cut short by zeros | u32 crc32

The crc32 is that of the 4092 bytes before it. With k = sequence // D, the write goes to block
(k * 2654435761) % N of the first N * 4096 bytes; N is a power of two, so N writes touch every block once.

    stamps.py check --disk I --disks D --blocks N FILE    raw image; prints one JSON object; exit 0 or 1
    stamps.py selftest                                    plants faults and proves that each one is caught

check finds S, the highest sequence in the image, and then demands of every block what writes 1..S left in it:
  bad     a block that is neither zeros nor a whole stamp of this disk for this very place (torn, flipped, foreign)
  wrong   a block with another sequence than writes 1..S leave there (old, lost or from the future), bad ones included
An image without any write is exact, with S = 0. Usage errors exit with 2.
"""
import argparse
import json
import os
import random
import struct
import sys
import tempfile
import zlib

BLOCK = 4096
MAGIC = b"DRKS"
HEADER = struct.Struct("<4sIQQQ")
CRC = struct.Struct("<I")
BODY = BLOCK - CRC.size
STRIDE = 2654435761          # odd: k -> block is a permutation of any 2^n blocks
FILLER = 0x9E3779B97F4A7C15
ZEROS = bytes(BLOCK)
CHUNK = 256                  # blocks read at once


def filler(sequence):
    room = BODY - HEADER.size
    word = struct.pack("<Q", sequence * FILLER % (1 << 64))
    return (word * (room // 8)).ljust(room, b"\0")


def stamp(disk, sequence, time, block):
    body = HEADER.pack(MAGIC, disk, sequence, time, block) + filler(sequence)
    return body + CRC.pack(zlib.crc32(body))


def place(sequence, disks, blocks):
    return sequence // disks * STRIDE % blocks


def read_stamp(data, disk, disks, block, blocks):
    """The (sequence, time) of a whole stamp that belongs here, or None."""
    magic, its_disk, sequence, time, its_block = HEADER.unpack_from(data)
    if (magic != MAGIC or its_disk != disk or its_block != block or sequence < 1 or sequence % disks != disk
            or place(sequence, disks, blocks) != block):
        return None
    if CRC.unpack_from(data, BODY)[0] != zlib.crc32(memoryview(data)[:BODY]):
        return None
    if data[HEADER.size:BODY] != filler(sequence):
        return None
    return sequence, time


def expected(last, disk, disks, blocks):
    """The sequence that every block holds after this disk's writes up to `last`; 0 where none went."""
    want = [0] * blocks
    if last == 0:
        return want
    last_k = last // disks
    first_k = 0 if disk > 0 else 1   # disk 0's first number is D, any other disk's is i (k = 0)
    for k in range(max(first_k, last_k - blocks + 1), last_k + 1):
        want[k * STRIDE % blocks] = k * disks + disk
    return want


def check(path, disk, disks, blocks, show=5):
    found = [0] * blocks          # the sequence in each block, -1 for a bad one
    last, last_time, stamped, bad = 0, 0, 0, 0
    bad_examples, wrong_examples = [], []
    with open(path, "rb", buffering=0) as image:
        for first in range(0, blocks, CHUNK):
            count = min(CHUNK, blocks - first)
            chunk = read_exactly(image, count * BLOCK)
            for i in range(count):
                data = chunk[i * BLOCK:(i + 1) * BLOCK]
                if data == ZEROS:
                    continue
                block = first + i
                seen = read_stamp(data, disk, disks, block, blocks) if len(data) == BLOCK else None
                if seen is None:
                    bad += 1
                    found[block] = -1
                    if len(bad_examples) < show:
                        bad_examples.append(block)
                    continue
                stamped += 1
                found[block] = seen[0]
                if seen[0] > last:
                    last, last_time = seen
    wrong = 0
    for block, (have, want) in enumerate(zip(found, expected(last, disk, disks, blocks))):
        if have != want:
            wrong += 1
            if len(wrong_examples) < show:
                wrong_examples.append({"block": block, "found": have, "expected": want})
    return {"exact": wrong == 0 and bad == 0, "S": last, "time": last_time, "blocks": stamped, "bad": bad,
            "wrong": wrong, "badExamples": bad_examples, "wrongExamples": wrong_examples}


def read_exactly(image, count):
    parts = []
    while count > 0:
        part = image.read(count)
        if not part:
            raise ValueError(f"the image ends {count} bytes before the stamped region does")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


# --- self-test

def write(image, disk, disks, blocks, upto, first=1):
    for sequence in range(first, upto + 1):
        if sequence % disks == disk:
            block = place(sequence, disks, blocks)
            image[block * BLOCK:(block + 1) * BLOCK] = stamp(disk, sequence, 10 ** 18 + sequence, block)


def put(image, block, data):
    image[block * BLOCK:(block + 1) * BLOCK] = data


def get(image, block):
    return bytes(image[block * BLOCK:(block + 1) * BLOCK])


def last_number(disk, disks, upto):
    return max((s for s in range(1, upto + 1) if s % disks == disk), default=0)


def selftest():
    chance = random.Random(1)
    done = 0

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "image")

        def look(image, disk, disks, blocks):
            with open(path, "wb") as f:
                f.write(image)
            return check(path, disk, disks, blocks)

        def must(image, shape, title, **facts):
            nonlocal done
            result = look(image, *shape)
            for name, value in facts.items():
                if result[name] != value:
                    sys.exit(f"selftest: {title} {shape}: {name} is {result[name]}, not {value}: {result}")
            done += 1

        # the format, against bytes worked out by hand
        one = stamp(2, 5, 7, 3)
        assert one[:32] == b"DRKS" + b"\x02\0\0\0" + b"\x05" + bytes(7) + b"\x07" + bytes(7) + b"\x03" + bytes(7)
        assert one[32:40] == (5 * FILLER % 2 ** 64).to_bytes(8, "little") and one[4088:4092] == bytes(4)
        assert len(one) == BLOCK and one[4092:] == zlib.crc32(one[:4092]).to_bytes(4, "little")

        # sound images: any number of writes, before and after the region has been written round
        for disks, blocks in [(1, 64), (2, 64), (3, 32), (5, 16)]:
            for disk in range(disks):
                for upto in [0, 1, disks, 7, blocks - 1, blocks * disks, blocks * disks + 1, blocks * disks * 3 + 11]:
                    image = bytearray((blocks + 8) * BLOCK)   # larger than the region, like a real disk
                    write(image, disk, disks, blocks, upto)
                    last = last_number(disk, disks, upto)
                    must(image, (disk, disks, blocks), f"{upto} writes", exact=True, S=last, bad=0, wrong=0,
                         time=10 ** 18 + last if last else 0)

        # planted faults
        for disk, disks, blocks, upto in [(0, 1, 64, 40), (0, 1, 64, 200), (1, 2, 64, 300), (2, 3, 32, 500)]:
            shape = (disk, disks, blocks)
            sound = bytearray(blocks * BLOCK)
            write(sound, disk, disks, blocks, upto)
            last = last_number(disk, disks, upto)
            victims = [s for s in range(1, upto + 1) if s % disks == disk][-min(30, blocks):-1]
            for _ in range(12):
                sequence = chance.choice(victims)   # still in the image, and not the last write
                block = place(sequence, disks, blocks)
                older = sequence - blocks * disks   # what this place held one round before

                image = bytearray(sound)
                put(image, block, stamp(disk, older, 10 ** 18, block) if older > 0 else ZEROS)
                must(image, shape, "an old block", exact=False, S=last, bad=0, wrong=1)

                image = bytearray(sound)
                cut = chance.randrange(40, BODY - 8)
                before = stamp(disk, older, 10 ** 18, block) if older > 0 else ZEROS
                put(image, block, get(sound, block)[:cut] + before[cut:])
                must(image, shape, "a torn block", exact=False, bad=1, wrong=1)

                image = bytearray(sound)
                image[block * BLOCK + chance.randrange(BLOCK)] ^= 1 << chance.randrange(8)
                must(image, shape, "a bit flip", exact=False, bad=1, wrong=1)

                image = bytearray(sound)
                put(image, block, ZEROS)
                must(image, shape, "a block of zeros", exact=False, S=last, bad=0, wrong=1)

                other = place(chance.choice([s for s in victims if s != sequence]), disks, blocks)
                image = bytearray(sound)
                put(image, block, get(sound, other))
                must(image, shape, "a block of another place", exact=False, bad=1)

                image = bytearray(sound)
                put(image, block, stamp(disk + 1, sequence, 10 ** 18, block))
                must(image, shape, "a block of another disk", exact=False, bad=1)

                image = bytearray(sound)
                future = last + disks * chance.randrange(2, blocks)
                at = place(future, disks, blocks)
                put(image, at, stamp(disk, future, 10 ** 18, at))
                must(image, shape, "a block from the future", exact=False, S=future, bad=0)

        # a mix of two states in halves, as an interrupted replication leaves it
        early, late = bytearray(64 * BLOCK), bytearray(64 * BLOCK)
        write(early, 0, 1, 64, 200)
        write(late, 0, 1, 64, 230)
        must(late[:32 * BLOCK] + early[32 * BLOCK:], (0, 1, 64), "a mix of two states", exact=False, bad=0)

        # an image that is too short
        with open(path, "wb") as f:
            f.write(bytes(63 * BLOCK))
        try:
            check(path, 0, 1, 64)
            sys.exit("selftest: a short image passed")
        except ValueError:
            done += 1
    print(f"selftest: {done} images judged rightly")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("check")
    one.add_argument("--disk", type=int, required=True)
    one.add_argument("--disks", type=int, required=True)
    one.add_argument("--blocks", type=int, required=True)
    one.add_argument("file")
    commands.add_parser("selftest")
    args = parser.parse_args()
    if args.command == "selftest":
        selftest()
        return 0
    if args.disks < 1 or not 0 <= args.disk < args.disks:
        parser.error("--disk must be within 0 ..< --disks")
    if args.blocks < 1 or args.blocks & (args.blocks - 1):
        parser.error("--blocks must be a power of two")
    try:
        result = check(args.file, args.disk, args.disks, args.blocks)
    except (OSError, ValueError) as error:
        print(json.dumps({"exact": False, "error": str(error)}))
        return 1
    print(json.dumps(result))
    return 0 if result["exact"] else 1


if __name__ == "__main__":
    sys.exit(main())
