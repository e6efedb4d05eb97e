import DRKit

/// Journal and catalogue.
extension ContractSuite {
  private var key: DestinationKey { DestinationKey(domain: "contract \(id)", destination: "one") }
  private var otherKey: DestinationKey { DestinationKey(domain: key.domain, destination: "two") }
  private func owner(_ name: String) -> RunID { .derived(from: id, name: name) }
  private static let birth = Instant(epochSeconds: 1_790_000_000)

  func store(_ book: inout ContractBook) async throws(DRError) {
    try await journal(&book)
    try await lease(&book)
    try await runs(&book)
    try await points(&book)
  }

  private func journal(_ book: inout ContractBook) async throws(DRError) {
    let journal = ports.journal
    let step = StepKey(run: id, step: "contract.step")
    let before = try await journal.value(for: step)
    book.judge(.journalMissing, before == nil, before.map { "\($0.count) bytes" } ?? "nil")
    let value: [UInt8] = Array("{\"a\":[1,null,\"ü\"]}".utf8)
    try await journal.record(value, for: step)
    let same = await error { () async throws(DRError) in try await journal.record(value, for: step) }
    let other = await error { () async throws(DRError) in try await journal.record([0x31], for: step) }
    let after = try await journal.value(for: step)
    book.judge(
      .journalOnce, same == nil && other?.kind == .refused && after == value,
      "same: \(kind(same)), other: \(kind(other)), "
        + (after == value ? "the first stands" : "not what was recorded"))
    let neighbours = [
      StepKey(run: id, step: "contract.step", item: "a"), StepKey(run: id, step: "contract.step", item: "b"),
      StepKey(run: id, step: "contract.step2"), StepKey(run: owner("another"), step: "contract.step"),
    ]
    for (index, neighbour) in neighbours.enumerated() {
      try await journal.record([0x30 + UInt8(index)], for: neighbour)
    }
    var apart = 0
    for (index, neighbour) in neighbours.enumerated()
    where try await journal.value(for: neighbour) == [0x30 + UInt8(index)] { apart += 1 }
    book.judge(.journalKeys, apart == neighbours.count, "\(apart) of \(neighbours.count) as recorded")
  }

  private func lease(_ book: inout ContractBook) async throws(DRError) {
    let catalogue = ports.catalogue
    let (one, two) = (owner("lease one"), owner("lease two"))
    let now = Self.birth
    let expiry = now + .seconds(60)
    func take(_ owner: RunID, at instant: Instant) async -> DRError? {
      await error { () async throws(DRError) in
        try await catalogue.takeLease(key, owner: owner, now: instant, until: instant + .seconds(60))
      }
    }
    try await catalogue.takeLease(key, owner: one, now: now, until: expiry)
    let taken = await take(two, at: now + .seconds(1))
    let namesHolder = taken.map { "\($0)".contains("\(one)") } ?? false
    let renewed = await take(one, at: now)
    book.judge(
      .leaseExclusive, taken?.kind == .busy && namesHolder && renewed == nil,
      "for another: \(kind(taken))\(namesHolder ? " naming the holder" : ""), for the holder: \(kind(renewed))"
    )
    let early = await take(two, at: expiry - .nanoseconds(1))
    let late = await take(two, at: expiry)
    book.judge(
      .leaseExpires, early?.kind == .busy && late == nil,
      "a nanosecond before: \(kind(early)), at the expiry: \(kind(late))")
    try await catalogue.releaseLease(key, owner: one)
    let stolen = await take(one, at: expiry)
    try await catalogue.releaseLease(key, owner: two)
    let free = await take(one, at: expiry)
    try await catalogue.releaseLease(key, owner: one)
    try await catalogue.releaseLease(key, owner: one)
    book.judge(
      .leaseReleased, stolen?.kind == .busy && free == nil,
      "after another's release: \(kind(stolen)), after the owner's: \(kind(free))")
  }

  private func record(_ name: String, _ key: DestinationKey, began: Int64, _ outcome: RunOutcome) -> RunRecord
  {
    RunRecord(
      id: owner(name), key: key, began: Self.birth + .seconds(began), outcome: outcome,
      failure: outcome == .failed
        ? DRError(.timedOut, "wait", "x", reason: "not so", remedy: "look") : nil,
      leftOver: outcome == .failed ? ["vm1: a snapshot"] : [],
      phases: [
        PhaseRecord(
          phase: .adopt, began: Self.birth, ended: Self.birth + .nanoseconds(1), note: "ü\n\"quoted\"")
      ])
  }

  private func runs(_ book: inout ContractBook) async throws(DRError) {
    let catalogue = ports.catalogue
    // Saved in another order than they began.
    let third = record("run 3", key, began: 30, .running)
    let first = record("run 1", key, began: 10, .running)
    let second = record("run 2", otherKey, began: 20, .running)
    for run in [third, first, second] { try await catalogue.save(run) }
    let unfinished = try await catalogue.unfinishedRun(key)
    let listed = try await catalogue.runs(key, limit: 10).map(\.id)
    let all = try await catalogue.runs(nil, limit: 1_000).map(\.id)
    let mine = all.filter { [first.id, second.id, third.id].contains($0) }
    let one = try await catalogue.runs(key, limit: 1).map(\.id)
    let none = try await catalogue.runs(key, limit: 0)
    book.judge(
      .runsNewestFirst,
      listed == [third.id, first.id] && mine == [third.id, second.id, first.id] && one == [third.id]
        && none.isEmpty,
      "\(listed.count) of the key, \(mine.count) of all, \(one.count) of one asked for"
        + (listed.first == third.id ? "" : "; not the newest first"))
    var ended = record("run 3", key, began: 30, .failed)
    ended.ended = Self.birth + .seconds(40)
    try await catalogue.save(ended)
    let found = try await catalogue.run(third.id)
    let stranger = try await catalogue.run(owner("no run"))
    let count = try await catalogue.runs(key, limit: 10).count
    book.judge(
      .runSaved, found == ended && stranger == nil && count == 2,
      found == ended ? "as saved last, \(count) of the key" : "not what was saved last")
    let left = try await catalogue.unfinishedRun(key)
    book.judge(
      .unfinishedRun, unfinished == third && left == first,
      "of two the \(unfinished?.id == third.id ? "newer" : "older or none"), then "
        + (left?.id == first.id ? "the one that is left" : "not the one that is left"))
  }

  private func point(_ name: String, instant: Int64) -> RecoveryPoint {
    let image = SealedImage(
      machine: .derived(from: id, name: "machine"), disk: .derived(from: id, name: "disk"),
      volume: .derived(from: id, name: name),
      digest: FileDigest(
        size: 1 << 40, sha256: String(repeating: "0a", count: 32), block: 4 << 20, read: 3),
      proof: ContentProof(blocks: 10, compared: 3))
    return RecoveryPoint(
      run: owner(name), key: key, instant: Self.birth + .seconds(instant),
      sealed: Self.birth + .seconds(instant + 5), images: [image], notInPoint: ["vm9/x: down"],
      leftOut: ["vm8: no snapshot"], diverged: owner("diverged"))
  }

  private func points(_ book: inout ContractBook) async throws(DRError) {
    let catalogue = ports.catalogue
    let before = try await catalogue.newestPoint(key)
    let young = point("point 2", instant: 20)
    try await catalogue.save(young)
    try await catalogue.save(point("point 1", instant: 10))
    var changed = young
    changed.leftOut = []
    changed.instant = young.instant + .seconds(100)
    try await catalogue.save(changed)
    let newest = try await catalogue.newestPoint(key)
    book.judge(
      .pointOnce, before == nil && newest == young,
      newest == young ? "the younger one, as it was first saved" : "not the younger one as it was saved")

    let first = try await catalogue.point(of: young.run)
    let older = try await catalogue.point(of: owner("point 1"))
    let isFound = first == young && older == point("point 1", instant: 10)
    let without = try await catalogue.point(of: owner("run 1"))
    book.judge(
      .pointOfRun, isFound && without == nil,
      (isFound ? "each by its run" : "not as they were saved")
        + (without == nil ? ", none of a run without one" : ", one of a run without one"))
    try await divergences(&book)
    try await limits(&book)
  }

  private func divergences(_ book: inout ContractBook) async throws(DRError) {
    let catalogue = ports.catalogue
    let none = try await catalogue.divergence(of: key)
    let mark = Divergence(
      key: key, run: owner("diverged"), at: Self.birth, image: "vm1/disk1", reason: "shards differ: 0")
    try await catalogue.save(mark)
    var again = mark
    again.settings = [SessionSetting("sync_jobs", "4")]
    try await catalogue.save(again)
    let found = try await catalogue.divergence(of: key)
    let apart = try await catalogue.divergence(of: otherKey)
    try await catalogue.clearDivergence(of: key)
    let cleared = try await catalogue.divergence(of: key)
    try await catalogue.clearDivergence(of: key)
    book.judge(
      .divergenceMark, none == nil && found == again && apart == nil && cleared == nil,
      found == again ? "as saved last, then \(cleared == nil ? "nil" : "still there")" : "not what was saved")
    // For the next process to find.
    try await catalogue.save(again)
  }

  private var limit: RsyncLimit {
    RsyncLimit(
      key: key, ours: ["--bwlimit=100", "--bwlimit=200"], before: ["--bwlimit 20M", "--no-bwlimit"])
  }

  private func limits(_ book: inout ContractBook) async throws(DRError) {
    let catalogue = ports.catalogue
    let none = try await catalogue.rsyncLimit(of: key)
    try await catalogue.save(RsyncLimit(key: key, ours: ["--bwlimit=100"], before: []))
    try await catalogue.save(limit)
    let found = try await catalogue.rsyncLimit(of: key)
    let apart = try await catalogue.rsyncLimit(of: otherKey)
    try await catalogue.clearRsyncLimit(of: key)
    let cleared = try await catalogue.rsyncLimit(of: key)
    try await catalogue.clearRsyncLimit(of: key)
    book.judge(
      .rsyncLimit, none == nil && found == limit && apart == nil && cleared == nil,
      found == limit ? "as saved last, then \(cleared == nil ? "nil" : "still there")" : "not what was saved")
    // For the next process to find.
    try await catalogue.save(limit)
  }

  func restarted(_ book: inout ContractBook) async throws(DRError) {
    let step = try await ports.journal.value(for: StepKey(run: id, step: "contract.step"))
    let run = try await ports.catalogue.unfinishedRun(key)
    let ended = try await ports.catalogue.run(owner("run 3"))
    let point = try await ports.catalogue.newestPoint(key)
    let older = try await ports.catalogue.point(of: owner("point 1"))
    let mark = try await ports.catalogue.divergence(of: key)
    let limit = try await ports.catalogue.rsyncLimit(of: key)
    let found = [
      step == Array("{\"a\":[1,null,\"ü\"]}".utf8), run == record("run 1", key, began: 10, .running),
      ended?.outcome == .failed, point == self.point("point 2", instant: 20),
      older == self.point("point 1", instant: 10), mark?.settings == [SessionSetting("sync_jobs", "4")],
      limit == self.limit,
    ]
    let names = ["step", "unfinished run", "ended run", "point", "older point", "divergence", "limit"]
    let lost = zip(names, found).filter { !$0.1 }.map(\.0)
    book.judge(
      .survives, lost.isEmpty,
      lost.isEmpty ? "\(names.joined(separator: ", "))" : "lost: \(lost.joined(separator: ", "))")
  }

  // MARK: The clock

  /// A machine may stand still for a while; what a broken clock would sleep is an hour.
  private static let patience = TimeSpan.minutes(20)

  func clock(_ book: inout ContractBook) async throws(DRError) {
    let clock = ports.clock
    let (now, uptime) = (clock.now, clock.uptime)
    try await clock.sleep(for: .milliseconds(300))
    let (wall, steady) = (clock.now - now, clock.uptime - uptime)
    let before = clock.uptime
    try await clock.sleep(for: .zero)
    try await clock.sleep(for: .hours(-1))
    let none = clock.uptime - before
    book.judge(
      .sleeps,
      steady >= .milliseconds(299) && steady < Self.patience && wall >= .milliseconds(200)
        && none < Self.patience,
      "300 ms took \(steady.nanoseconds / 1_000_000) ms, by the wall clock \(wall.nanoseconds / 1_000_000) ms"
    )
    let began = clock.uptime
    let ended = await withTaskGroup(of: DRError?.self) { group in
      group.addTask {
        do throws(DRError) {
          try await clock.sleep(for: .hours(1))
          return nil
        } catch { return error }
      }
      group.cancelAll()
      return await group.next() ?? nil
    }
    let length = clock.uptime - began
    book.judge(
      .sleepCancelled, ended?.kind == .stopped && length < Self.patience,
      "\(kind(ended)) after \(length.nanoseconds / 1_000_000) ms")
  }
}
