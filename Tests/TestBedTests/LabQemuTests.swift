import DRKit
import Glibc
import Testing

@testable import TestBed

/// With the real `qemu-storage-daemon` on a local directory. Set `DRKIT_SKIP_QEMU=1` to leave them out; without QEMU they
/// fail.
@Suite(.serialized, .enabled(if: getenv("DRKIT_SKIP_QEMU").map { String(cString: $0) } != "1"))
struct `Lab mode with a real qemu-storage-daemon` {
  @Test func `two disks are frozen at one instant under writes, and merged back while the writer goes on`()
    throws
  {
    let place = try Directory()
    defer { place.remove() }
    let disks = [DiskID(high: 1, low: 1), DiskID(high: 1, low: 2)]
    let bases = [
      ImageFile(path: place.path + "/a", format: .raw), ImageFile(path: place.path + "/b", format: .cow),
    ]
    let overlays = [
      ImageFile(path: place.path + "/a1", format: .cow), ImageFile(path: place.path + "/b1", format: .cow),
    ]
    for base in bases { try ImageTool.create(base, size: 8 << 20) }
    let daemon = try StorageDaemon(name: "vm", directory: place.path)
    for (disk, base) in zip(disks, bases) { try daemon.attach(disk, chain: [base]) }
    let plan = StampWriter.Plan(
      socket: daemon.nbdPath, exports: disks.map(\.description), blocks: 256, rate: 1_000, flushEvery: 50)
    let writer = try StampWriter(plan)
    try wait(for: writer, toReach: 700)

    for (base, overlay) in zip(bases, overlays) { try ImageTool.create(overlay, over: base, size: 8 << 20) }
    let snapshot = try daemon.snapshot(zip(disks, overlays).map { ($0, $1) })
    let frozenAt = writer.statistics.lastSequence
    try wait(for: writer, toReach: frozenAt + 700)
    let frozen = try bases.enumerated().map { try check($1, disk: $0, disks: 2, blocks: 256, place) }
    #expect(frozen.map(\.isExact) == [true, true])
    // One instant: the two newest writes in the bases follow upon each other.
    let newest = frozen.map(\.lastSequence).sorted()
    #expect(newest[1] - newest[0] == 1)

    var merges: [StorageDaemon.MergeTiming] = []
    for (disk, overlay) in zip(disks, overlays) {
      merges.append(try daemon.merge(disk, path: overlay.path))
      try LabFiles.remove(overlay.path)
    }
    try wait(for: writer, toReach: writer.statistics.lastSequence + 300)
    let end = writer.stop()
    daemon.quit()
    #expect(end.failure == nil && end.ioErrors == 0)
    let final = try bases.enumerated().map { try check($1, disk: $0, disks: 2, blocks: 256, place) }
    #expect(final.map(\.isExact) == [true, true])
    let last = final.map(\.lastSequence).max()
    #expect(last == end.lastSequence)
    #expect(snapshot.transaction < .seconds(5))
    for merge in merges { #expect(merge.total < .seconds(60)) }
  }

  // MARK: -

  private func wait(for writer: StampWriter, toReach sequence: UInt64) throws {
    let deadline = LabDeadline(in: .seconds(30))
    while writer.statistics.lastSequence < sequence {
      if let failure = writer.statistics.failure { throw failure }
      try #require(!deadline.hasPassed, "the writer got to \(writer.statistics.lastSequence) of \(sequence)")
      LabTime.sleep(nanoseconds: 20_000_000)
    }
  }

  private func check(
    _ image: ImageFile, disk: Int, disks: UInt64, blocks: UInt64, _ place: Directory
  ) throws -> StampCheck {
    let raw = place.path + "/check.raw"
    try ImageTool.convert(image, toRaw: raw)
    let bytes = try LabFiles.bytes(raw)
    return StampCheck.run(disk: UInt32(disk), disks: disks, blocks: blocks) {
      Array(bytes[(Int($0) * Stamp.size)..<((Int($0) + 1) * Stamp.size)])
    }
  }
}

/// A temporary directory with a short path, as unix sockets need it.
struct Directory {
  let path: String

  init() throws {
    var template = Array("/tmp/drkit-XXXXXX".utf8CString)
    path = try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  func remove() { _ = try? ChildProcess.run(["rm", "-rf", "--", path], within: .seconds(30)) }
}
