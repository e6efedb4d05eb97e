import DRKit

/// A whole passage, as a run makes it: snapshot, checkpoint, nonces, start, wait, stop, repair of an image, merge.
extension ContractSuite {
  func cycle(_ book: inout ContractBook) async throws(DRError) {
    let wasReadOnly = try await ports.cluster.geometry().isReadOnly
    let taken = try await takeSnapshot(2, &book)
    let result: Result<Void, DRError>
    do throws(DRError) {
      result = .success(try await passage(taken, &book))
    } catch { result = .failure(error) }
    // Also after a failure, as a run does.
    try await again { () async throws(DRError) in try await ports.georep.stop() }
    try await again { () async throws(DRError) in try await ports.cluster.setReadOnly(wasReadOnly) }
    try await mergeSnapshot(taken, &book)
    try result.get()
  }

  private var carried: String { "\(primaryContent.directory)/carried" }
  private static let sizes = [0, 1, 4_095, 70_000, 300_000]

  private func passage(_ taken: ContractSnapshot, _ book: inout ContractBook) async throws(DRError) {
    let geometry = try await ports.georep.primaryGeometry()
    let before = try await quiet()
    try await look(primaryContent) { (view) async throws(DRError) in
      for (index, size) in Self.sizes.enumerated() {
        let content = Self.bytes(size, UInt8(index))
        try await again { () async throws(DRError) in
          try await view.replace("\(carried)/file-\(index)", with: content)
        }
      }
    }
    let earlier = try await ports.georep.setCheckpoint()
    try await ports.clock.sleep(for: .seconds(2))
    let asked = ports.clock.now
    let checkpoint = try await ports.georep.setCheckpoint()
    let told = ports.clock.now
    let isWhole = checkpoint.nanoseconds % 1_000_000_000 == 0
    book.judge(
      .checkpointTime,
      isWhole && checkpoint > earlier && checkpoint >= asked - .seconds(2)
        && checkpoint <= told + .seconds(1),
      "\((checkpoint - asked).text) after it was asked for, \((checkpoint - earlier).text) after the earlier one"
    )
    // It shows no worker's, as long as there is none.
    judgeAtRest(try await ports.georep.status(), geometry.subvolumes.flatMap { $0 }, &book)
    try await ports.clock.sleep(for: .seconds(2))
    let content = Array("drkit contract \(id)\n".utf8)
    let nonces = try await again { () async throws(DRError) in
      try await ports.primary.writeNonces(content, under: "\(carried)/nonces")
    }
    try await ports.clock.sleep(for: geometry.rollover + .seconds(2))
    let early = try await look(secondaryContent) { (view) async throws(DRError) in
      try await view.list(carried)
    }
    book.judge(
      .notBefore, early == nil,
      early.map { "\($0.count) names are there already" }
        ?? "nothing is there \(geometry.rollover.text) later")

    var watch = ReplicationWatch(geometry.subvolumes, checkpoint: checkpoint)
    try await run(&watch, before, &book)
    try await arrived(nonces, content, &book)
    try await changedWhileRunning(&book)
    let deletion = await error { () async throws(DRError) in try await ports.georep.delete() }
    book.judge(.runningNotDeleted, deletion?.kind == .refused, deletion.map { "\($0)" } ?? "success")
    try await again { () async throws(DRError) in try await ports.georep.stop() }
    judgeAtRest(try await ports.georep.status(), geometry.subvolumes.flatMap { $0 }, &book)
    let silence = await error { () async throws(DRError) in try await returns(to: before) }
    book.judge(
      .clientsShowWorkers, silence == nil,
      silence == nil ? "after the stop as before" : "after the stop still there")
    // As a seal does: a hole of an image can't be read where the volume is read-only.
    try await again { () async throws(DRError) in try await ports.cluster.setReadOnly(false) }
    try await equalAtBothSides(taken, geometry, &book)
    try await repaired(taken, &book)
  }

  // MARK: The session runs

  private func run(
    _ watch: inout ReplicationWatch, _ before: [BrickName: Int], _ book: inout ContractBook
  ) async throws(DRError) {
    let began = ports.clock.uptime
    try await again { () async throws(DRError) in try await ports.georep.start() }
    // Written back when all is told: `wait` takes no inout.
    var seen = watch
    let first = try await wait(for: "one Active worker a subvolume", within: .minutes(2)) {
      () async throws(DRError) -> [WorkerStatus]? in
      let rows = try await ports.georep.status()
      seen.look(rows)
      return seen.active(rows)
    }
    let length = ports.clock.uptime - began
    book.judge(.oneActive, length <= .minutes(1), "\(first.count) after \(length.text)")
    let second = await error { () async throws(DRError) in try await ports.georep.start() }
    let rows = try await ports.georep.status()
    seen.look(rows)
    book.judge(
      .startTwice, second == nil && seen.active(rows) != nil,
      "the second: \(kind(second)), then \(rows.count { $0.state == .active }) Active worker(s)")
    let connected = try await connections()
    let isMore = connected.contains { $0.value > before[$0.key] ?? 0 }
    book.judge(
      .clientsShowWorkers, isMore, "connections \(Self.text(before)), with workers \(Self.text(connected))")
    let complete = try await completed(&seen)
    book.judge(
      .checkpointShown, complete.allSatisfy { $0.checkpointTime == seen.checkpoint },
      "\(complete.count) worker(s) after \((ports.clock.uptime - began).text)")
    book.judge(
      .checkpointTold, seen.liars.isEmpty, "\(seen.liars.count) row(s) of \(seen.samples) looks say otherwise"
    )
    book.judge(
      .quietRows, seen.talkers.isEmpty,
      seen.talkers.first.map { "\($0)" } ?? "\(seen.samples) looks, none that is not Active tells more")
    let there = try await look(secondaryContent) { (view) async throws(DRError) -> Int in
      var there = 0
      for (index, size) in Self.sizes.enumerated()
      where try await view.read("\(carried)/file-\(index)") == Self.bytes(size, UInt8(index)) { there += 1 }
      return there
    }
    book.judge(
      .checkpointComplete, there == Self.sizes.count,
      "\(there) of \(Self.sizes.count) files that are older than the checkpoint are there")
    watch = seen
  }

  /// Waits for the checkpoint; a live crawl that stalls gets a new worker, as a run gives it.
  func completed(_ watch: inout ReplicationWatch) async throws(DRError) -> [WorkerStatus] {
    var last: DRError?
    for _ in 0..<4 {
      var seen = watch
      var looks = 0
      do throws(DRError) {
        let rows = try await wait(for: "the checkpoint", within: .seconds(75), every: .seconds(2)) {
          () async throws(DRError) -> [WorkerStatus]? in
          let rows = try await ports.georep.status()
          seen.look(rows)
          if seen.isComplete(rows) { return seen.active(rows) }
          looks += 1
          // A later event is what completes a checkpoint on a volume that is quiet.
          if looks % 6 == 0 { try await tick() }
          return nil
        }
        watch = seen
        return rows
      } catch {
        guard error.kind == .timedOut else { throw error }
        last = error
      }
      watch = seen
      try await again { () async throws(DRError) in try await ports.georep.stop() }
      try await again { () async throws(DRError) in try await ports.georep.start() }
    }
    throw last ?? DRError(.timedOut, "wait for the checkpoint", reason: "not complete")
  }

  private func tick() async throws(DRError) {
    let content = Array("\(ports.clock.now.nanoseconds)".utf8)
    _ = try await again { () async throws(DRError) in
      try await ports.primary.writeNonces(content, under: "\(primaryContent.directory)/ticks")
    }
  }

  /// Waits for the secondary to show something; a stalled crawl is healed on the way.
  func wait(
    forArrivalOf what: String, within limit: TimeSpan = .seconds(90),
    _ isThere: (any VolumeView) async throws(DRError) -> Bool
  ) async throws(DRError) {
    var last: DRError?
    for _ in 0..<3 {
      do throws(DRError) {
        try await wait(for: what, within: limit, every: .seconds(3)) {
          () async throws(DRError) -> Bool? in
          try await look(secondaryContent, isThere) ? true : nil
        }
        return
      } catch {
        guard error.kind == .timedOut else { throw error }
        last = error
      }
      try await again { () async throws(DRError) in try await ports.georep.stop() }
      try await again { () async throws(DRError) in try await ports.georep.start() }
    }
    if let last { throw last }
  }

  private func arrived(
    _ nonces: [Nonce], _ content: [UInt8], _ book: inout ContractBook
  ) async throws(DRError) {
    let late = await error { () async throws(DRError) in
      try await wait(forArrivalOf: "the nonces") { (view) async throws(DRError) in
        for nonce in nonces where try await view.read(nonce.path) != content { return false }
        return true
      }
    }
    book.judge(
      .nonceArrives, late == nil, late.map { "\($0)" } ?? "\(nonces.count), of \(content.count) bytes")
  }

  private func changedWhileRunning(_ book: inout ContractBook) async throws(DRError) {
    let new = Self.bytes(123_456, 77)
    try await look(primaryContent) { (view) async throws(DRError) in
      try await again { () async throws(DRError) in try await view.replace("\(carried)/file-3", with: new) }
      try await again { () async throws(DRError) in try await view.remove("\(carried)/file-1") }
    }
    let late = await error { () async throws(DRError) in
      try await wait(forArrivalOf: "the changes") { (view) async throws(DRError) in
        let content = try await view.read("\(carried)/file-3")
        let removed = try await view.size(of: "\(carried)/file-1")
        return content == new && removed == nil
      }
    }
    book.judge(.replacedArrives, late == nil, late.map { "\($0)" } ?? "the new one, and the other is gone")
  }

  // MARK: It has stopped

  private func equalAtBothSides(
    _ taken: ContractSnapshot, _ geometry: VolumeGeometry, _ book: inout ContractBook
  ) async throws(DRError) {
    let plan = DigestPlan(block: geometry.shardSize ?? 4 << 20)
    var sides: [(names: [String], digests: [FileDigest?], base: BlockDigests?, size: Int64?)] = []
    for volume in [primaryContent, secondaryContent] {
      sides.append(
        try await look(volume) { (view) async throws(DRError) in
          let names = try await view.list(carried) ?? []
          var digests: [FileDigest?] = []
          for name in names where name != "nonces" {
            digests.append(try await view.digest(of: "\(carried)/\(name)"))
          }
          return (
            names, digests, try await view.digests(of: taken.basePath, plan),
            try await view.size(of: taken.basePath)
          )
        })
    }
    let (here, there) = (sides[0], sides[1])
    book.judge(
      .listingEqual,
      here.names == there.names && here.digests == there.digests && !here.digests.contains(nil)
        && here.names.count == Self.sizes.count,
      "\(here.names.count) names at the primary, \(there.names.count) at the secondary, "
        + (here.digests == there.digests ? "equal digests" : "digests differ"))
    let differing = here.base.flatMap { one in there.base.map { one.differing(from: $0) } }
    book.judge(
      .multiShardEqual,
      here.base != nil && (here.base?.count ?? 0) > 1 && here.base == there.base && here.size == there.size,
      "\(here.base?.count ?? 0) shards, \(here.size ?? -1) and \(there.size ?? -1) bytes, "
        + (differing.map { "\($0.count) differ" } ?? "not there"))
  }

  /// As a seal makes an image of the secondary stand at its base.
  private func repaired(_ taken: ContractSnapshot, _ book: inout ContractBook) async throws(DRError) {
    let layout = DomainLayout(taken.domain.id)
    let image = layout.image(taken.disk.id)
    let meta = layout.meta(taken.base, of: taken.disk.id)
    let (before, wanted) = try await look(secondaryContent) {
      (view) async throws(DRError) -> ([String], [UInt8]) in
      guard let bytes = try await view.read(meta) else {
        throw DRError(.missing, "read volume metadata", meta, reason: "it has not arrived")
      }
      let wanted = try VolumeMetadata(bytes, path: meta).bytes(as: .leaf)
      let names = try await view.list(image) ?? []
      try await again { () async throws(DRError) in try await view.replace(meta, with: wanted) }
      return (names, wanted)
    }
    let (rewritten, names) = try await look(secondaryContent) {
      (view) async throws(DRError) -> ([UInt8]?, [String]) in
      (try await view.read(meta), try await view.list(image) ?? [])
    }
    let role = try rewritten.map { (bytes) throws(DRError) in try VolumeMetadata(bytes, path: meta).role }
    book.judge(
      .metadataRewritten, rewritten == wanted && role == .leaf && names == before,
      "\(rewritten == wanted ? "equal" : "not equal"), \(names.count) names as \(before.count) before")
    let overlay = [
      layout.meta(taken.overlay, of: taken.disk.id), layout.volume(taken.overlay, of: taken.disk.id),
      layout.lease(taken.overlay, of: taken.disk.id),
    ]
    try await look(secondaryContent) { (view) async throws(DRError) in
      for path in overlay { try await again { () async throws(DRError) in try await view.remove(path) } }
    }
    let left = try await look(secondaryContent) { (view) async throws(DRError) in
      try await view.list(image) ?? []
    }
    let gone = Set(overlay.map { String($0.dropFirst(image.utf8.count + 1)) })
    book.judge(
      .overlayRemoved,
      left == before.filter { !gone.contains($0) } && left.count < before.count,
      "\(before.count) names before, left \(left.joined(separator: ", "))")
  }

  // MARK: Deleted, and created anew

  func newSession(_ book: inout ContractBook) async throws(DRError) {
    let georep = ports.georep
    try await again { () async throws(DRError) in try await georep.stop() }
    let geometry = try await georep.primaryGeometry()
    let wasReadOnly = try await ports.cluster.geometry().isReadOnly
    let lost = "\(carried)/file-4"
    try await again { () async throws(DRError) in try await ports.cluster.setReadOnly(false) }
    let gone = try await look(secondaryContent) { (view) async throws(DRError) -> Bool in
      let was = try await view.size(of: lost)
      try await again { () async throws(DRError) in try await view.remove(lost) }
      return try await view.size(of: lost) == nil && was != nil
    }
    try await again { () async throws(DRError) in try await ports.cluster.setReadOnly(wasReadOnly) }

    let settings = try await georep.settings()
    try await again { () async throws(DRError) in try await georep.delete() }
    let deletedAgain = await error { () async throws(DRError) in try await georep.delete() }
    let status = await error { () async throws(DRError) in try await georep.status() }
    let options = await error { () async throws(DRError) in try await georep.settings() }
    book.judge(
      .deletedMissing, deletedAgain == nil && status?.kind == .missing && options?.kind == .missing,
      "deleted again: \(kind(deletedAgain)), its status: \(status.map { "\($0)" } ?? "rows"), "
        + "its options: \(options.map { "\($0)" } ?? "some")")
    try await again { () async throws(DRError) in try await georep.create() }
    let createdAgain = await error { () async throws(DRError) in try await georep.create() }
    let rows = try await georep.status()
    book.judge(
      .createdAnew,
      createdAgain == nil && !rows.isEmpty
        && rows.allSatisfy { $0 == WorkerStatus(brick: $0.brick, state: .created) },
      "created again: \(kind(createdAgain)), rows \(Set(rows.map { "\($0.state)" }).sorted())")
    let found = try await georep.settings()
    for setting in settings where !found.contains(setting) {
      // What can't be set was nobody's choice: a path.
      _ = await error { () async throws(DRError) in try await georep.set(setting) }
    }

    let checkpoint = try await georep.setCheckpoint()
    try await ports.clock.sleep(for: .seconds(2))
    try await again { () async throws(DRError) in try await georep.start() }
    let back = await error { () async throws(DRError) in
      try await wait(forArrivalOf: "what was lost", within: .minutes(6)) { (view) async throws(DRError) in
        try await view.read(lost) == Self.bytes(Self.sizes[4], 4)
      }
      var watch = ReplicationWatch(geometry.subvolumes, checkpoint: checkpoint)
      _ = try await completed(&watch)
    }
    try await again { () async throws(DRError) in try await georep.stop() }
    book.judge(
      .createdCrawlsAll, gone && back == nil,
      back.map { "\($0)" }
        ?? (gone ? "it is back, byte for byte, and the checkpoint complete" : "it was not lost"))
  }
}
