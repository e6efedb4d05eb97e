import DRKit

/// Knows what guests wrote and when each image was frozen, and judges what the program under test did by that alone: it
/// believes no status, no journal and no catalogue.
public struct Oracle: Sendable {
  public private(set) var violations: [Violation] = []
  public private(set) var exposure = ExposureRecord()
  /// The longest time between two writes of one guest beyond what its rate makes of it.
  public private(set) var longestPause = TimeSpan.zero
  /// A guest that waits longer than this has stopped.
  public static let pauseLimit = TimeSpan.seconds(10)

  /// Overlay ids that were asked for in snapshot requests, with the description of the request.
  private var requested: [VolumeID: String] = [:]
  /// By overlay: an overlay id is one freeze.
  private var frozen: [VolumeID: FrozenImage] = [:]
  /// Runs whose points were true when they were sealed.
  public private(set) var trueRuns: Set<RunID> = []
  /// What guests and others did, in order.
  var disturbances: [Disturbance] = []
  private var pauseIsTold = false
  /// The deadline of each wait, as first told.
  private var deadlines: [StepKey: Instant] = [:]
  /// The secondary's read-only flag as each run found it.
  private var wasReadOnly: [RunID: Bool] = [:]
  private var began: [RunID: Instant] = [:]
  /// The last call to the engine that came to nothing.
  private var engineFailure: Instant?
  /// A run could not put the flag back, and said so.
  private var readOnlyIsOwed = false

  public init() {}

  // MARK: What happens

  mutating func snapshotRequested(_ description: String, _ overlays: [OverlayRequest]) {
    for overlay in overlays { requested[overlay.overlay] = description }
  }

  mutating func froze(_ image: FrozenImage) { frozen[image.overlay] = image }

  @inline(__always)
  mutating func guestWrote(after pause: TimeSpan, expected: TimeSpan) {
    let extra = pause - expected
    if extra > longestPause { longestPause = extra }
  }

  // MARK: Law 7

  /// An incarnation waits for a step: the deadline of an earlier incarnation still holds.
  mutating func waits(for step: StepKey, until deadline: Instant, at now: Instant) {
    guard let known = deadlines[step] else {
      deadlines[step] = deadline
      return
    }
    if known != deadline {
      note(
        Violation(
          .everyWaitHasADeadline, at: now,
          "the deadline of \(step.step) was moved by \((deadline - known).text)"))
    }
  }

  /// The record of a step was lost with the disk's word: what it decided may be decided again.
  mutating func forget(_ step: StepKey) {
    let suffix = ".deadline"
    guard step.step.hasSuffix(suffix) else { return }
    deadlines[StepKey(run: step.run, step: String(step.step.dropLast(suffix.count)), item: step.item)] = nil
  }

  mutating func note(_ violation: Violation) { violations.append(violation) }

  /// After every event: whether the newest good point still stands at the secondary.
  @inline(__always)
  mutating func look(at secondary: VolumeModel, _ now: Instant) {
    if exposure.isUsable && secondary.watchedChanges > 0 { exposure.overwritten(at: now) }
  }

  // MARK: Laws 1 and 2

  /// A file is about to be removed at the secondary by the program under test.
  mutating func removes(
    _ path: String, from secondary: VolumeModel, of primary: VolumeModel, while workersLive: Bool,
    at now: Instant
  ) {
    guard secondary.slot(of: path) != nil else { return }
    if workersLive { note(Violation(.nobodyWritesWhileAWorkerLives, at: now, "\(path) is removed")) }
    // Records of old runs: drkit's own, beside the domain.
    if path.hasPrefix("\(DomainLayout.points)/") { return }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let stem = name.split(separator: ".").first.map(String.init) ?? name
    let directory = path.split(separator: "/").dropLast().joined(separator: "/")
    let isOrphan =
      name != stem && secondary.slot(of: "\(directory)/\(stem)") == nil
      && primary.slot(of: "\(directory)/\(stem)") == nil && primary.slot(of: path) == nil
    guard path.contains("/images/"), let volume = VolumeID(stem), requested[volume] != nil || isOrphan else {
      return note(
        Violation(
          .onlyOurOverlaysAreDeleted, at: now,
          "\(path) is removed, which no snapshot request of ours ever named"))
    }
    for sibling in secondary.list(directory) ?? [] where sibling.hasSuffix(".meta") {
      let text = String(decoding: secondary.read("\(directory)/\(sibling)") ?? [], as: UTF8.self)
      if text.contains("PUUID=\(volume)\n") {
        note(
          Violation(.onlyOurOverlaysAreDeleted, at: now, "\(path) is removed, but \(sibling) stands on it"))
      }
    }
  }

  /// A file is about to be written at the secondary by the program under test.
  mutating func writes(
    _ path: String, while workersLive: Bool, at now: Instant
  ) {
    if workersLive { note(Violation(.nobodyWritesWhileAWorkerLives, at: now, "\(path) is written")) }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let volume = path.contains("/images/") && name.hasSuffix(".meta") ? VolumeID(name.dropLast(5)) : nil
    let isFrozenBase = volume.map { base in frozen.values.contains { $0.base == base } } ?? false
    if !isFrozenBase && !path.hasPrefix(".drkit") {
      note(Violation(.onlyOurOverlaysAreDeleted, at: now, "\(path) is overwritten"))
    }
  }

  /// A file is about to be changed at the primary by the program under test: only its nonces are its to write there.
  mutating func changesPrimary(_ path: String, at now: Instant) {
    guard !path.hasPrefix(".drkit") else { return }
    note(Violation(.onlyOurOverlaysAreDeleted, at: now, "\(path) is changed at the primary"))
  }

  // MARK: Law 4

  /// A point was saved in the catalogue as sealed: is it what it says?
  ///
  /// - Parameter disks: those that a guest writes to must each be in the point, or its machine named as missing from it.
  mutating func sealed(
    _ point: RecoveryPoint, domain: StorageDomainID, disks: [KnownDisk],
    secondary: inout VolumeModel, at now: Instant
  ) {
    let named = point.leftOut + point.notInPoint
    var wrongs = complaints(about: point, domain: domain, secondary: secondary)
    for disk in disks
    where disk.isWritten && disk.attached <= point.sealed
      && !point.images.contains(where: { $0.disk == disk.disk })
    {
      if named.contains(where: { $0.hasPrefix("\(disk.name):") || $0.hasPrefix("\(disk.name)/") }) {
        continue
      }
      wrongs.append("disk \(disk.disk) of \(disk.name) is not in it, and nothing says so")
    }
    guard wrongs.isEmpty else {
      for wrong in wrongs {
        note(Violation(.sealedByProofOnly, at: now, "the point of run \(point.run) is false: \(wrong)"))
      }
      return
    }
    let layout = DomainLayout(domain)
    secondary.watch(
      point.images.flatMap { [layout.volume($0.volume, of: $0.disk), layout.meta($0.volume, of: $0.disk)] })
    trueRuns.insert(point.run)
    exposure.sealed(point.instant, at: now)
  }

  /// What is wrong with a point as the secondary is now; empty if it is exactly the snapshots' instant.
  public func complaints(
    about point: RecoveryPoint, domain: StorageDomainID, secondary: VolumeModel
  ) -> [String] {
    point.images.flatMap { complaints(about: $0, of: point, DomainLayout(domain), secondary) }
  }

  private func complaints(
    about image: SealedImage, of point: RecoveryPoint, _ layout: DomainLayout, _ secondary: VolumeModel
  ) -> [String] {
    let path = layout.volume(image.volume, of: image.disk)
    let run = point.run.description
    let candidates = (1...8).compactMap {
      frozen[Derived.overlay(run: point.run, disk: image.disk, attempt: $0)]
    }
    guard let truth = candidates.last(where: { $0.description.contains(run) }) else {
      return ["\(path) was never frozen by this run"]
    }
    guard truth.at >= point.instant else {
      return ["\(path) was frozen \((point.instant - truth.at).text) before the point's instant"]
    }
    guard truth.base == image.volume else { return ["\(path) is not the volume that was frozen"] }
    guard let file = secondary.file(path) else { return ["\(path) does not exist"] }
    var wrongs: [String] = []
    if file.size != truth.size { wrongs.append("\(path) has \(file.size) bytes, not \(truth.size)") }
    if let shard = Self.firstDifference(file.shards, truth.shards) {
      let there = shard < file.shards.count ? file.shards[shard] : .hole
      let what = there.isTorn ? "torn" : there == .hole ? "missing" : "of another instant"
      wrongs.append("shard \(shard) of \(path) is \(what)")
    }
    let metadata = String(
      decoding: secondary.read(layout.meta(image.volume, of: image.disk)) ?? [], as: UTF8.self)
    if !metadata.contains("VOLTYPE=LEAF\n") { wrongs.append("\(path).meta is no LEAF") }
    for name in secondary.list(layout.image(image.disk)) ?? [] {
      guard let volume = VolumeID(name.prefix { $0 != "." }), requested[volume] != nil else { continue }
      wrongs.append("the overlay's \(layout.image(image.disk))/\(name) is still there")
    }
    return wrongs
  }

  private static func firstDifference(_ a: [ContentID], _ b: [ContentID]) -> Int? {
    for index in 0..<max(a.count, b.count) {
      let left = index < a.count ? a[index] : .hole
      let right = index < b.count ? b[index] : .hole
      if left != right { return index }
    }
    return nil
  }

  // MARK: Laws 5, 8 and 10

  mutating func runBegan(_ run: RunID, secondaryIsReadOnly: Bool, at now: Instant) {
    if wasReadOnly[run] == nil { wasReadOnly[run] = secondaryIsReadOnly }
    if began[run] == nil { began[run] = now }
  }

  /// A call to the engine did not arrive, or its answer was lost.
  mutating func engineFailed(at now: Instant) { engineFailure = now }

  /// Whether that happened since the run began.
  func engineFailed(in run: RunID) -> Bool {
    guard let engineFailure else { return false }
    return began[run].map { engineFailure >= $0 } ?? true
  }

  /// A flag that can't be put back is named, and the next run that seals has put it back.
  private mutating func judgeReadOnly(_ record: RunRecord, _ isReadOnly: Bool, at now: Instant) {
    if isReadOnly {
      readOnlyIsOwed = false
    } else if record.leftOver.contains(where: { $0.contains("could not be set read-only again") }) {
      readOnlyIsOwed = true
    } else if wasReadOnly[record.id] == true || (readOnlyIsOwed && record.outcome == .sealed) {
      note(Violation(.journalThenAct, at: now, "the secondary, read-only before the run, is left writable"))
    }
  }

  /// A run has ended.
  mutating func runEnded(
    _ record: RunRecord, engine: EngineModel, secondaryIsReadOnly: Bool, at now: Instant
  ) {
    judgeReadOnly(record, secondaryIsReadOnly, at: now)
    for machine in engine.allMachines {
      for snapshot in machine.snapshots where snapshot.kind == .regular {
        guard snapshot.description.contains(record.id.description) else { continue }
        if !record.leftOver.contains(where: { $0.hasPrefix("\(machine.name): ") }) {
          note(
            Violation(
              .noSnapshotForgotten, at: now,
              "\(machine.name) still has \"\(snapshot.description)\", which the run does not name"))
        }
      }
    }
    if longestPause > Self.pauseLimit && !pauseIsTold {
      pauseIsTold = true
      note(Violation(.guestsNeverStop, at: now, "a guest did not write for \(longestPause.text)"))
    }
  }
}
