import DRKit
import Glibc
import Synchronization

/// A guest: one thread that writes stamped blocks round robin over its machine's disks, in one global order, one write at
/// a time, and measures how long it was kept waiting. It never stops for a snapshot.
final class StampWriter: Sendable {
  struct Plan: Hashable, Sendable {
    /// The daemon's NBD socket.
    var socket: String
    /// The exports' names; a disk's index is its place here.
    var exports: [String]
    /// Stamped blocks of each disk, from its beginning: a power of two.
    var blocks: UInt64 = 4_096
    /// Writes per second over all disks, 1...1000. Faster ones would keep a live merge from its pivot
    /// (docs/real-systems.md, "QEMU").
    var rate = 200
    /// A flush after every so many writes, of one disk after the other; 0 for none.
    var flushEvery: UInt64 = 50
  }

  struct Statistics: Hashable, Sendable {
    var writes: UInt64 = 0
    /// The newest acknowledged write; 0 before the first.
    var lastSequence: UInt64 = 0
    var pauses = PauseRecord()
    /// Of the writes, and of the flushes between them.
    var latency = LatencyHistogram()
    var flushLatency = LatencyHistogram()
    /// Writes and flushes that the daemon answered with an error. Each is repeated until it succeeds, as a guest that
    /// is paused on an I/O error does when it is resumed; and before that, so are all writes to the disk since its last
    /// good flush: an error may be the late news that acknowledged writes are lost (Gluster's write-behind does that
    /// when a brick dies, unless `performance.strict-o-direct` is on).
    var ioErrors: UInt64 = 0
    /// Why the writer gave up; nil while it is well.
    var failure: DRError?
    var hasEnded = false
  }

  private let plan: Plan
  private let isToldToStop = Atomic(false)
  private let state: Monitor<Statistics>

  /// Connects, finds out where an earlier writer ended, and begins to write.
  ///
  /// - Throws: `.unfit` for a plan out of range; `.disproved` when the disks do not hold an exact run of writes, so that
  ///   no writer could continue it.
  init(_ plan: Plan) throws(DRError) {
    let blocks = plan.blocks
    guard !plan.exports.isEmpty, 1...1_000 ~= plan.rate, blocks > 0, blocks & (blocks - 1) == 0 else {
      throw DRError(
        .unfit, "start a writer", plan.socket, reason: "\(plan)",
        remedy: "one disk or more, 1 to 1000 writes/s, and a power of two of blocks")
    }
    self.plan = plan
    var disks = Disks(clients: [], unflushed: [])
    for export in plan.exports {
      let socket = try UnixSocket(path: plan.socket, until: LabDeadline(in: .seconds(10)))
      let client = try NBDClient(socket, export: export)
      guard !client.isReadOnly, client.size >= blocks * UInt64(Stamp.size) else {
        throw DRError(
          .unfit, "start a writer", export,
          reason: "\(client.size) bytes, read-only \(client.isReadOnly); \(blocks) blocks are to be stamped")
      }
      disks.clients.append(client)
      disks.unflushed.append([])
    }
    let last = try Self.lastSequence(of: disks.clients, blocks: blocks)
    state = Monitor(Statistics(lastSequence: last))
    try LabThread.detach("writer") { [self, ready = Handover(disks)] in
      if let disks = ready.take() { run(disks) }
    }
  }

  var statistics: Statistics { state.update { $0 } }

  /// Asks the writer to end after the request in hand, to flush and to disconnect. Blocks until that is done, for at most
  /// `span`: a volume that has lost its bricks may hold a request up for long.
  /// - Returns: What it did so far; `hasEnded` says whether it is at its end.
  func stop(within span: TimeSpan = .seconds(30)) -> Statistics {
    isToldToStop.store(true, ordering: .relaxed)
    let deadline = LabDeadline(in: span)
    while !deadline.hasPassed {
      let statistics = statistics
      if statistics.hasEnded { return statistics }
      LabTime.sleep(nanoseconds: 10_000_000)
    }
    return statistics
  }

  // MARK: - On the writer's thread

  private struct Disks {
    var clients: [NBDClient]
    /// Per disk the writes since its last good flush, kept only if there are flushes.
    var unflushed: [[Stamp]]
    var buffer = [UInt8](repeating: 0, count: Stamp.size)

    mutating func write(_ stamp: Stamp) throws(DRError) {
      stamp.encode(into: &buffer)
      try clients[Int(stamp.disk)].write(buffer, at: stamp.block * UInt64(Stamp.size))
    }
  }

  private func run(_ disks: consuming Disks) {
    do throws(DRError) {
      try writeOn(&disks)
      for client in disks.clients {
        try client.flush()
        try client.disconnect()
      }
    } catch {
      state.update { $0.failure = error }
    }
    state.update { $0.hasEnded = true }
  }

  private func writeOn(_ disks: inout Disks) throws(DRError) {
    let count = UInt64(disks.clients.count)
    let interval = 1_000_000_000 / UInt64(plan.rate)
    var sequence = state.update { $0.lastSequence } + 1
    var due = LabTime.monotonic()
    var lastCompletion: UInt64?
    while !isToldToStop.load(ordering: .relaxed) {
      let now = LabTime.monotonic()
      if now < due {
        LabTime.sleep(nanoseconds: min(due - now, 50_000_000))
        continue
      }
      // A guest that was held up does not make up for it in a burst.
      due = now - due > 100_000_000 ? now + interval : due + interval

      let index = Int(sequence % count)
      let stamp = Stamp(
        disk: UInt32(index), sequence: sequence, nanoseconds: LabTime.wall(),
        block: Stamp.block(ofWrite: sequence / count, blocks: plan.blocks))
      let begin = LabTime.monotonic()
      guard try insist(on: index, of: &disks, { (disks) throws(DRError) in try disks.write(stamp) }) else {
        return
      }
      let end = LabTime.monotonic()
      if plan.flushEvery > 0 { disks.unflushed[index].append(stamp) }
      state.update { statistics in
        statistics.writes += 1
        statistics.lastSequence = sequence
        statistics.latency.record(end - begin)
        if let lastCompletion { statistics.pauses.record(end - lastCompletion, sequence: sequence) }
      }
      lastCompletion = end
      if plan.flushEvery > 0 && sequence % plan.flushEvery == 0 {
        let turn = Int(sequence / plan.flushEvery % count)
        guard try insist(on: turn, of: &disks, { (disks) throws(DRError) in try disks.clients[turn].flush() })
        else { return }
        disks.unflushed[turn].removeAll(keepingCapacity: true)
        state.update { $0.flushLatency.record(LabTime.monotonic() - end) }
      }
      sequence += 1
    }
  }

  /// Repeats a request that the daemon answers with an I/O error, each time after the disk's unflushed writes. False: told
  /// to stop meanwhile.
  private func insist(
    on index: Int, of disks: inout Disks, _ request: (inout Disks) throws(DRError) -> Void
  ) throws(DRError) -> Bool {
    var hasFailed = false
    while true {
      do throws(DRError) {
        if hasFailed {
          for stamp in disks.unflushed[index] { try disks.write(stamp) }
        }
        try request(&disks)
        return true
      } catch {
        guard error.kind == .refused else { throw error }
        state.update { $0.ioErrors += 1 }
        hasFailed = true
      }
      guard !isToldToStop.load(ordering: .relaxed) else { return false }
      LabTime.sleep(nanoseconds: 200_000_000)
    }
  }

  /// A read of an image that may be just created. EINVAL, and no other error, is taken for what `LabFiles` meets in such a
  /// file on a sharded volume, and repeated as often as there; any other is the daemon's true answer.
  private static func readNew(_ client: NBDClient, at offset: UInt64, count: Int) throws(DRError) -> [UInt8] {
    for _ in 1..<20 {
      do throws(DRError) {
        return try client.read(at: offset, count: count)
      } catch {
        guard error.kind == .refused, error.reason == NBDClient.refusal(UInt32(EINVAL)) else { throw error }
        LabTime.sleep(nanoseconds: 50_000_000)
      }
    }
    return try client.read(at: offset, count: count)
  }

  /// The last write of an earlier writer on these disks; 0 when there was none.
  private static func lastSequence(of clients: [NBDClient], blocks: UInt64) throws(DRError) -> UInt64 {
    let disks = UInt64(clients.count)
    var sequences: [UInt64] = []
    for (index, client) in clients.enumerated() {
      let perRead = min(blocks, 256)
      var run: [UInt8] = []
      let check = try StampCheck.run(disk: UInt32(index), disks: disks, blocks: blocks) {
        (block) throws(DRError) -> [UInt8] in
        let place = Int(block % perRead) * Stamp.size
        if place == 0 {
          run = try readNew(client, at: block * UInt64(Stamp.size), count: Int(perRead) * Stamp.size)
        }
        return Array(run[place..<(place + Stamp.size)])
      }
      guard check.isExact else {
        throw DRError(
          .disproved, "continue the writes", "disk \(index)",
          reason:
            "\(check.damaged.count) blocks are damaged, \(check.wrong.count) hold another write than they should",
          remedy: "begin with an empty storage domain")
      }
      sequences.append(check.lastSequence)
    }
    let last = sequences.max() ?? 0
    for (index, sequence) in sequences.enumerated() {
      // The newest sequence up to `last` that falls on this disk.
      let expected = last < UInt64(index) ? 0 : last - (last - UInt64(index)) % disks
      guard sequence == expected else {
        throw DRError(
          .disproved, "continue the writes", "disk \(index)",
          reason: "its last write is \(sequence), but the machine's is \(last)",
          remedy: "begin with an empty storage domain")
      }
    }
    return last
  }
}

/// Carries a value that is not `Sendable` to the one thread that will use it.
private final class Handover<Value>: @unchecked Sendable {
  private var value: Value?
  init(_ value: sending Value) { self.value = value }

  func take() -> sending Value? {
    let taken = value
    value = nil
    return taken
  }
}
