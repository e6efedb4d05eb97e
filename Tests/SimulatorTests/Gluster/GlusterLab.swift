import DRKit

@testable import Simulator

/// A session alone, driven by a plain sorted list: no loop, no engine, no guests.
final class GlusterLab {
  var session: SessionModel
  var now = GlusterLab.birth
  private var pending: [(item: Agenda.Item, sequence: Int)] = []
  private var sequence = 0
  private var writes: UInt64 = 1_000

  static let birth = Instant(epochSeconds: 1_790_000_000)
  static let mebibyte: Int64 = 1 << 20

  init(
    subvolumes: Int = 1, replica: Int = 1, bandwidth: Int64 = 125_000_000, seed: UInt64 = 1,
    isSynced: Bool = true, prepare: (inout VolumeModel) -> Void = { _ in }
  ) {
    let sets = (0..<subvolumes).map { set in
      (0..<replica).map { BrickName(node: "a\(set * replica + $0 + 1)", path: "/bricks/b") }
    }
    var primary = VolumeModel(
      name: "data", subvolumes: sets, shardSize: 64 * Self.mebibyte, capacity: 1 << 40, isPrimary: true)
    prepare(&primary)
    let secondary = VolumeModel(
      name: "data-dr", subvolumes: [[BrickName(node: "b1", path: "/bricks/b")]],
      shardSize: 64 * Self.mebibyte, capacity: 1 << 40, isPrimary: false)
    session = SessionModel(
      name: SessionName(primaryVolume: "data", secondaryHost: "b1", secondaryVolume: "data-dr"),
      primary: primary, secondary: secondary,
      link: LinkModel(bandwidth: bandwidth, latency: .milliseconds(10)), seed: Seed(seed))
    // As drkit sets them before each start.
    for setting in FaithfulCopying.corrections(session.settings) {
      _ = session.set(setting, at: now)
    }
    if isSynced { session.declareSynced(at: now) }
    session.begin(at: now)
  }

  func advance(_ span: TimeSpan, step: (GlusterLab) -> Bool = { _ in false }) {
    let end = now + span
    while true {
      for item in session.takeAgenda() {
        pending.append((item, sequence))
        sequence += 1
      }
      pending.sort { ($0.item.at, $0.sequence) > ($1.item.at, $1.sequence) }
      guard let next = pending.last, next.item.at <= end else { break }
      pending.removeLast()
      now = max(now, next.item.at)
      session.handle(next.item.kind, next.item.a, next.item.b, at: now)
      if step(self) { return }
    }
    now = end
  }

  /// Until `done`, looked at after each event. The time it took; nil if not within `limit`.
  func time(within limit: TimeSpan, until done: (GlusterLab) -> Bool) -> TimeSpan? {
    let began = now
    var isDone = false
    advance(limit) { lab in
      isDone = done(lab)
      return isDone
    }
    return isDone ? now - began : nil
  }

  func write(_ path: String, shard: Int, bytes: UInt32 = 4_096) {
    guard let slot = session.primary.slot(of: path) else { return }
    writes += 1
    session.primary.write(slot, shard: shard, ContentID(writes), bytes: bytes, at: now)
  }

  func tick(_ path: String = "tick") { session.primary.writeSmall(path, [1], at: now) }

  /// One passage as the pipeline makes it; whether the checkpoint completed.
  func pass(limit: TimeSpan = .minutes(5)) -> Bool {
    _ = session.setCheckpoint(at: now)
    advance(.seconds(2))
    tick()
    advance(.seconds(17))
    session.start(at: now)
    let took = time(within: limit) { $0.isComplete }
    session.stop(at: now)
    return took != nil
  }

  var isComplete: Bool {
    session.status().contains { $0.checkpointCompleted == true }
  }

  func rows() -> [WorkerStatus] { session.status().sorted { $0.brick < $1.brick } }

  func primaryShards(_ path: String) -> [ContentID]? { session.primary.file(path)?.shards }
  func secondaryShards(_ path: String) -> [ContentID]? { session.secondary.file(path)?.shards }
}
