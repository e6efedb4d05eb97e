import DRKit
import Testing

@Suite("Preflight")
struct PreflightTests {
  private func findings(
    _ edit: (inout WorldState) -> Void = { _ in }
  ) async throws -> [String: PreflightFinding] {
    let world = SmallWorld(edit)
    let check = PreflightCheck(ports: world.ports, target: SmallWorld.target, policy: SmallWorld.policy)
    let findings = try await check.findings()
    #expect(world.with { $0.openViews } == 0)
    for finding in findings where finding.grade == .unfit { #expect(!finding.remedy.isEmpty) }
    // Two findings of one name are the two volumes'; the worse one counts.
    return Dictionary(findings.map { ($0.check, $0) }) { $0.grade == .ok ? $1 : $0 }
  }

  private func unfit(_ check: String, _ edit: (inout WorldState) -> Void) async throws -> String {
    let found = try await findings(edit)
    #expect(found.values.filter { $0.grade == .unfit }.map(\.check) == [check])
    return found[check]?.text ?? "not looked at"
  }

  @Test("finds a healthy pair of sites fit, and says what it looked at")
  func fit() async throws {
    let found = try await findings()
    #expect(
      found.keys.sorted() == [
        "capacity", "overlay-room", "rsync", "secondary-idle", "secondary-silent", "session", "sharding",
        "storage-domain", "verify", "volume",
      ])
    #expect(found.values.allSatisfy { $0.grade == .ok && $0.remedy.isEmpty })
  }

  @Test("wants a Gluster domain, on the session's volume")
  func domain() async throws {
    #expect(try await unfit("storage-domain") { $0.domain.storageType = "nfs" } == "data is a nfs domain")
    #expect(
      try await unfit("storage-domain") { $0.domain.volume = "other" }
        == "data lives on volume other, the session replicates data")
  }

  @Test("wants a status row of every subvolume, and a volume with bricks at all")
  func rows() async throws {
    let text = try await unfit("session") {
      $0.hiddenRows = [WorldState.subvolumes[1][0], WorldState.subvolumes[1][1]]
    }
    #expect(text == "no status row for subvolume 1 (a1:/bricks/1, a2:/bricks/1)")
    #expect(try await unfit("session") { $0.shown = [] } == "no brick of data is known")
  }

  @Test("does not begin over a paused session, and takes a running one over with a warning")
  func session() async throws {
    #expect(try await unfit("session") { $0.isPaused = true } == "the session is paused")
    let found = try await findings { $0.start(Instant(epochSeconds: 1_699_000_000)) }
    #expect(found["session"]?.grade == .warning)
  }

  @Test("a running session is stopped by the run before it begins")
  func takesOver() async throws {
    let world = SmallWorld { $0.start(Instant(epochSeconds: 1_699_000_000)) }
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(world.with { $0.violations } == [])
    #expect(world.with { $0.starts } == 3)
  }

  @Test("wants the volumes started")
  func started() async throws {
    #expect(try await unfit("volume") { $0.secondaryIsStarted = false } == "data-dr is not started")
  }

  @Test("wants both volumes sharded, or neither; equal sizes are advised")
  func sharding() async throws {
    let text = try await unfit("sharding") { $0.secondaryShardSize = nil }
    #expect(text == "only one of the volumes is sharded")
    #expect(try await findings { $0.secondaryShardSize = 4 << 20 }["sharding"]?.grade == .warning)
    let neither = try await findings {
      $0.shardSize = nil
      $0.secondaryShardSize = nil
    }
    #expect(neither["sharding"]?.grade == .ok)
  }

  @Test("does not trust an rsync that copies nothing, at either end")
  func rsync() async throws {
    let text = try await unfit("rsync") {
      $0.mover = DataMover(version: "rsync  version 3.5.0", defect: "copies nothing for gsyncd")
    }
    #expect(text == "rsync  version 3.5.0, at the primary: copies nothing for gsyncd")
    let there = try await unfit("rsync") {
      $0.moverThere = DataMover(version: "rsync  version 3.5.0", defect: "copies nothing for gsyncd")
    }
    #expect(there == "rsync  version 3.5.0, at the secondary: copies nothing for gsyncd")
  }

  @Test("wants room: at the secondary for what is in use, at the primary for overlays")
  func space() async throws {
    #expect(
      try await unfit("capacity") { $0.space.secondary = VolumeSpace(total: 1 << 30, available: 1 << 30) }
        == "the secondary holds 1024 MiB in all, 524288 MiB are in use here")
    let text = try await unfit("overlay-room") {
      $0.space.primary = VolumeSpace(total: 100 << 30, available: 4 << 30)
    }
    #expect(text == "4096 MiB free, 5120 MiB (5 %) wanted")
  }

  @Test("never runs over a domain that is live at the secondary, or of which it can't say whose it is")
  func ownership() async throws {
    let elsewhere = "bbbbbbbb-0000-4000-8000-000000000002"
    func secondary(_ bytes: [UInt8]) -> (inout WorldState) -> Void {
      { $0.secondary[$0.layout.metadata] = bytes }
    }
    #expect(
      try await unfit("secondary-idle", secondary(Sample.domainMetadata(pools: elsewhere)))
        == "the secondary's copy is attached to pool \(elsewhere)")
    #expect(
      try await unfit(
        "secondary-idle", secondary(Sample.domainMetadata(pools: "\(Sample.pool),\(elsewhere)"))
      )
      .contains(elsewhere))
    #expect(
      try await unfit("secondary-idle") {
        $0.secondary[$0.layout.metadata] = Sample.domainMetadata()
        $0.write($0.layout.metadata, nil)
      }.contains("the primary's own dom_md/metadata names no pool"))
    // The last is a copy of ours that was cut short: nobody else's, and the next pass makes it whole.
    let ours = [Sample.domainMetadata(), Sample.domainMetadata(pools: ""), Array("CLASS=Da".utf8), []]
    for bytes in ours {
      #expect(try await findings(secondary(bytes))["secondary-idle"]?.grade == .ok)
    }
  }

  @Test("unfit leaves the world alone: no snapshot, no start, no stop of somebody else's session")
  func unfitTouchesNothing() async throws {
    let world = SmallWorld {
      $0.mover.defect = "copies nothing"
      $0.start(Instant(epochSeconds: 1_699_000_000))
    }
    let result = try await world.run()
    #expect(result.record.failure?.kind == .unfit)
    #expect(result.record.phases.map(\.phase) == [.adopt, .preflight, .merge, .report])
    world.with { state in
      #expect(state.isRunning)
      #expect(state.starts == 1)
      #expect(state.standing == [])
      #expect(state.events.map(\.severity) == [.alert])
    }
  }

  @Test("a storage domain that the engine does not know is an error with its name")
  func noDomain() async throws {
    let world = SmallWorld { $0.domain.name = "other" }
    let result = try await world.run()
    #expect(result.record.failure?.kind == .missing)
    #expect(result.record.failure?.subject == "data")
    #expect(result.record.outcome == .failed)
  }

  @Test("reads the pools of a domain's metadata: several, none, and no such line")
  func pools() {
    #expect(DomainMetadata.pools(Array("A=1\nPOOL_UUID=b,a\nZ=2\n".utf8)) == ["a", "b"])
    #expect(DomainMetadata.pools(Array("POOL_UUID=\n".utf8)) == [])
    #expect(DomainMetadata.pools(Array("XPOOL_UUID=a\n".utf8)) == nil)
    #expect(DomainMetadata.pools([]) == nil)
  }
}
