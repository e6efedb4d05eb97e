import DRKit
import Testing

@testable import StateStore

@Suite("Runs, points and leases in SQLite")
struct CatalogueTests {
  private func run(_ number: UInt64, began: Int64, outcome: RunOutcome = .sealed, key: DestinationKey = key)
    -> RunRecord
  {
    RunRecord(id: id(number), key: key, began: at(began), outcome: outcome)
  }

  @Test func aRunIsSavedWholeAndReplaced() async throws {
    try await withDatabase { path in
      var record = run(1, began: 0, outcome: .running)
      let store = try StateStore(path: path)
      try await store.save(record)
      #expect(try await store.run(id(1)) == record)
      record.ended = at(100)
      record.outcome = .failed
      record.failure = DRError(.disproved, "prove", "disk \"ü\"", reason: "a\nb", remedy: "c")
      record.leftOver = ["vm-1/snap", "vm/2"]
      record.phases = [
        PhaseRecord(phase: .adopt, began: at(0), ended: at(1), note: ""),
        PhaseRecord(phase: .replicate, began: at(1), ended: at(90), note: "3 rounds"),
        PhaseRecord(phase: .replicate, began: at(90), ended: at(95), note: "again"),
      ]
      try await store.save(record)
      try await store.save(record)
      try store.close()
      let again = try StateStore(path: path)
      #expect(try await again.run(id(1)) == record)
      #expect(try await again.runs(nil, limit: 10) == [record])
      #expect(try await again.run(id(2)) == nil)
      record.phases = []
      record.failure = nil
      try await again.save(record)
      #expect(try await again.run(id(1)) == record)
    }
  }

  @Test("A destination is forgotten whole, and no other with it")
  func forget() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      let elsewhere = DestinationKey(domain: "vmstore", destination: "third")
      for (number, key) in [(UInt64(1), key), (2, elsewhere)] {
        var record = run(number, began: 0, key: key)
        record.phases = [PhaseRecord(phase: .adopt, began: at(0), ended: at(1), note: "")]
        try await store.save(record)
        try await store.record([49], for: StepKey(run: id(number), step: "a.b"))
        try await store.takeLease(key, owner: id(number), now: at(0), until: at(60))
      }
      try await store.forget(key)
      #expect(try await store.runs(nil, limit: 10).map(\.id.low) == [2])
      #expect(try await store.value(for: StepKey(run: id(1), step: "a.b")) == nil)
      #expect(try await store.value(for: StepKey(run: id(2), step: "a.b")) == [49])
      // The lease is gone, too; the other's stands.
      try await store.takeLease(key, owner: id(3), now: at(1), until: at(61))
      await #expect(throws: DRError.self) {
        try await store.takeLease(elsewhere, owner: id(3), now: at(1), until: at(61))
      }
      try await store.forget(key)
      try await store.forget(key)
    }
  }

  @Test("Newest first; equal instants by id; per key or all; at most the limit")
  func order() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      let elsewhere = DestinationKey(domain: "vmstore", destination: "third")
      let records = [
        run(5, began: 10), run(3, began: 20), run(4, began: 20), run(9, began: 20, key: elsewhere),
        run(1, began: 30),
      ]
      for record in records { try await store.save(record) }
      // Replacing does not move a run.
      try await store.save(records[0])
      let all: [UInt64] = [1, 9, 4, 3, 5]
      #expect(try await store.runs(nil, limit: 10).map(\.id.low) == all)
      #expect(try await store.runs(key, limit: 10).map(\.id.low) == [1, 4, 3, 5])
      #expect(try await store.runs(key, limit: 2).map(\.id.low) == [1, 4])
      #expect(try await store.runs(key, limit: 0).isEmpty)
      #expect(try await store.runs(key, limit: -1).isEmpty)
      #expect(try await store.runs(DestinationKey(domain: "x", destination: "y"), limit: 5).isEmpty)
    }
  }

  @Test func theNewestUnfinishedRunOfTheKeyIsFound() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      #expect(try await store.unfinishedRun(key) == nil)
      for record in [
        run(1, began: 0, outcome: .running), run(2, began: 5, outcome: .running),
        run(3, began: 9, outcome: .failed),
        run(4, began: 20, outcome: .running, key: DestinationKey(domain: "other", destination: "elsewhere")),
      ] { try await store.save(record) }
      #expect(try await store.unfinishedRun(key)?.id == id(2))
    }
  }

  private func point(_ number: UInt64, instant: Int64, sealed: Int64) -> RecoveryPoint {
    RecoveryPoint(
      run: id(number), key: key, instant: at(instant), sealed: at(sealed),
      images: (0..<3).map { index in
        SealedImage(
          machine: id(10 + index), disk: id(20 + index), volume: id(30 + index),
          digest: FileDigest(
            size: Int64(index) << 40, sha256: String(repeating: "a", count: 64),
            block: index == 0 ? nil : 64 << 20, read: index == 2 ? 64 : nil),
          proof: index == 0 ? nil : ContentProof(blocks: 16_384, compared: index == 2 ? 64 : 16_384))
      },
      notInPoint: ["disk x: excluded"], leftOut: ["vm-7: its snapshot failed"])
  }

  @Test("The newest point is the one whose machines were frozen last, not the one that arrived last")
  func points() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      #expect(try await store.newestPoint(key) == nil)
      let late = point(1, instant: 10, sealed: 900)
      let new = point(2, instant: 20, sealed: 800)
      let twin = point(3, instant: 20, sealed: 800)
      for point in [new, late] { try await store.save(point) }
      #expect(try await store.newestPoint(key) == new)
      try await store.save(twin)
      #expect(try await store.newestPoint(key) == twin)
      // Again with the same run: success, and the first stays.
      try await store.save(twin)
      var changed = twin
      changed.images = []
      try await store.save(changed)
      try store.close()
      let again = try StateStore(path: path)
      #expect(try await again.newestPoint(key) == twin)
      #expect(try await again.newestPoint(DestinationKey(domain: "x", destination: "y")) == nil)
    }
  }

  @Test func aLeaseIsHeldUntilItsExpiry() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      func take(_ owner: UInt64, _ now: Int64, _ end: Int64) async -> DRError? {
        do throws(DRError) {
          try await store.takeLease(key, owner: id(owner), now: at(now), until: at(end))
          return nil
        } catch { return error }
      }
      #expect(await take(1, 0, 100) == nil)
      #expect(await take(1, 50, 150) == nil)
      let busy = await take(2, 149, 300)
      #expect(busy?.kind == .busy)
      let holder: RunID = id(1)
      #expect(busy?.reason.contains(holder.description) == true)
      #expect(await take(2, 150, 300) == nil)
      #expect(await take(1, 160, 300)?.kind == .busy)
      // Not one's own: nothing happens.
      try await store.releaseLease(key, owner: id(1))
      #expect(await take(1, 160, 300)?.kind == .busy)
      try await store.releaseLease(key, owner: id(2))
      try await store.releaseLease(key, owner: id(2))
      #expect(await take(1, 160, 300) == nil)
      // Another destination of the same domain has its own.
      let other = DestinationKey(domain: key.domain, destination: "third")
      try await store.takeLease(other, owner: id(2), now: at(160), until: at(200))
    }
  }

  @Test("A run that was told to stop gives its lease back all the same")
  func releaseWhenCancelled() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      try await store.takeLease(key, owner: id(1), now: at(0), until: at(100))
      let task = Task {
        while !Task.isCancelled { await Task.yield() }
        try await store.releaseLease(key, owner: id(1))
      }
      task.cancel()
      try await task.value
      try await store.takeLease(key, owner: id(2), now: at(1), until: at(100))
    }
  }

  @Test("With a run that ends, the journals of runs long ended go; the newest and the unfinished stay")
  func pruning() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      let other = DestinationKey(domain: "other", destination: "elsewhere")
      func step(_ number: UInt64) -> StepKey { StepKey(run: id(number), step: "s") }
      let unfinished: UInt64 = 1
      let elsewhere: UInt64 = 2
      for number in 1...23 as ClosedRange<UInt64> {
        try await store.record([1], for: step(number))
        try await store.save(
          run(
            number, began: Int64(number), outcome: number == unfinished ? .running : .failed,
            key: number == elsewhere ? other : key))
      }
      // 3 to 23 have ended here: one too many.
      for number in 1...23 as ClosedRange<UInt64> {
        #expect((try await store.value(for: step(number)) == nil) == (number == 3), "run \(number)")
      }
      #expect(try await store.runs(nil, limit: 100).count == 23)
      try await store.save(run(24, began: 24, outcome: .running))
      #expect(try await store.value(for: step(4)) != nil)
    }
  }

  @Test("Of many connections that ask at once, one gets the lease")
  func leaseContention() async throws {
    try await withDatabase { path in
      var stores: [StateStore] = []
      for _ in 0..<4 { stores.append(try StateStore(path: path)) }
      let all = stores
      let winners = await withTaskGroup(of: Bool.self) { group in
        for number in 0..<16 {
          group.addTask {
            do throws(DRError) {
              try await all[number % 4].takeLease(key, owner: id(UInt64(number)), now: at(0), until: at(60))
              return true
            } catch { return error.kind != .busy }
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(winners == 1)
    }
  }

  @Test("A mark of a diverged destination is kept until it is cleared, and each destination has its own")
  func divergences() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      var mark = Divergence(key: key, run: id(1), at: at(5), image: "vm \"ü\"", reason: "shard 7\nof 9")
      #expect(try await store.divergence(of: key) == nil)
      try await store.save(mark)
      try store.close()
      let again = try StateStore(path: path)
      #expect(try await again.divergence(of: key) == mark)
      #expect(try await again.divergence(of: DestinationKey(domain: "vmstore", destination: "third")) == nil)
      mark.run = id(2)
      try await again.save(mark)
      #expect(try await again.divergence(of: key) == mark)
      try await again.clearDivergence(of: key)
      try await again.clearDivergence(of: key)
      #expect(try await again.divergence(of: key) == nil)
    }
  }

  @Test(
    "A bandwidth limit is remembered for each destination, until it is cleared or the destination forgotten")
  func rsyncLimits() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      var limit = RsyncLimit(key: key, ours: ["--bwlimit=1", "--bwlimit 2"], before: ["--bwlimit=\"ü\""])
      #expect(try await store.rsyncLimit(of: key) == nil)
      try await store.save(limit)
      try store.close()
      let again = try StateStore(path: path)
      #expect(try await again.rsyncLimit(of: key) == limit)
      #expect(try await again.rsyncLimit(of: DestinationKey(domain: "vmstore", destination: "third")) == nil)
      limit.ours = ["--bwlimit=1"]
      limit.before = []
      try await again.save(limit)
      #expect(try await again.rsyncLimit(of: key) == limit)
      try await again.clearRsyncLimit(of: key)
      try await again.clearRsyncLimit(of: key)
      #expect(try await again.rsyncLimit(of: key) == nil)
      try await again.save(limit)
      try await again.forget(key)
      #expect(try await again.rsyncLimit(of: key) == nil)
    }
  }

  @Test("A point remembers that its destination was diverged")
  func divergedPoint() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      let point = RecoveryPoint(
        run: id(3), key: key, instant: at(1), sealed: at(2), images: [], notInPoint: [], diverged: id(1))
      try await store.save(point)
      #expect(try await store.newestPoint(key) == point)
    }
  }
}
