import DRKit
import Testing

@Suite("The replication pass")
struct ReplicationTests {
  /// Dies when the `nth` answer of `call` is due, and lets the run be finished.
  private func killed(
    _ world: SmallWorld, atAnswerOf call: String, nth: Int = 1,
    meanwhile: (inout WorldState) -> Void = { _ in }
  ) async throws -> SyncRun.Result {
    world.tripwire.arm(atAnswerOf: call, nth: nth)
    let end = try await world.runToTheEnd(meanwhile: meanwhile)
    #expect(world.tripwire.fired == "\(call), answer")
    return end.result
  }

  @Test("heals a stalled live crawl with a new worker, and says so")
  func heals() async throws {
    let world = SmallWorld { $0.stalls = 1 }
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(world.with { $0.starts } == 3)
    let converge = try #require(result.record.phases.first { $0.phase == .converge })
    #expect(converge.note.contains("healed by 1 new worker"))
  }

  @Test("never starts a session that may pass over new writes, and keeps what else it was told")
  func copiesAll() async throws {
    let world = SmallWorld {
      $0.stalls = 1
      $0.settings += [
        SessionSetting("rsync_options", "-v"), SessionSetting("gluster_params", "aux-gfid-mount acl"),
      ]
    }
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    let starts = world.with { $0.optionsAtStarts }
    #expect(starts.count == 3)
    for options in starts {
      #expect(options.contains(SessionSetting("rsync_options", "-v --ignore-times")))
      #expect(options.contains(SessionSetting("gluster_params", "aux-gfid-mount acl fopen-keep-cache=off")))
    }
  }

  @Test("goes on where the options can't be set: the proof decides")
  func cannotBeSet() async throws {
    let world = SmallWorld()
    let before = world.with { $0.settings }
    #expect(try await world.run().record.outcome == .sealed)
    #expect(world.with { $0.settings } == before && world.tripwire.calls.contains("georep.set"))
  }

  @Test(
    "knows when rsync compares all it is told of",
    arguments: [
      ([], "--ignore-times"), ([("rsync_options", "")], "--ignore-times"),
      ([("rsync_options", "  -v   --bwlimit=20M")], "-v --bwlimit=20M --ignore-times"),
      ([("rsync_options", "--ignore-times-not")], "--ignore-times-not --ignore-times"),
      ([("rsync_options", " --ignore-times")], nil), ([("rsync_options", "-v -I")], nil),
      ([("rsync_options", "--checksum")], nil), ([("rsync_options", "-c")], nil),
      ([("sync_method", "tarssh")], nil), ([("sync_method", "rsync")], "--ignore-times"),
      ([("use_tarssh", "True")], nil), ([("use_tarssh", "false")], "--ignore-times"),
    ] as [([(String, String)], String?)])
  func quickCheck(_ settings: [(String, String)], _ wanted: String?) {
    let found = settings.map { SessionSetting($0.0, $0.1) }
    #expect(FaithfulCopying.withoutQuickCheck(found) == wanted.map { SessionSetting("rsync_options", $0) })
  }

  @Test(
    "knows when the worker's mount drops its pages",
    arguments: [
      (nil, nil), ("", nil), ("aux-gfid-mount acl", "aux-gfid-mount acl fopen-keep-cache=off"),
      ("acl fopen-keep-cache=off", nil), ("acl fopen-keep-cache=no", nil),
      ("fopen-keep-cache=on acl", "fopen-keep-cache=on acl fopen-keep-cache=off"),
      ("fopen-keep-cache=off fopen-keep-cache", "fopen-keep-cache=off fopen-keep-cache fopen-keep-cache=off"),
    ] as [(String?, String?)])
  func pageCache(_ value: String?, _ wanted: String?) {
    let found = value.map { [SessionSetting("gluster_params", $0)] } ?? []
    #expect(FaithfulCopying.withoutPageCache(found) == wanted.map { SessionSetting("gluster_params", $0) })
  }

  @Test("gives up when new workers stall again and again, and merges")
  func stallsForEver() async throws {
    let world = SmallWorld { $0.stalls = .max }
    var policy = SmallWorld.policy
    policy.convergeLimit = .minutes(10)
    policy.healLimit = 3
    let result = try await world.run(1, policy)
    #expect(result.record.failure?.kind == .timedOut)
    #expect(result.record.failure?.reason.contains("stalled again after 3 new workers") == true)
    #expect(world.with { $0.starts } == 4)
    #expect(world.with { $0.isRunning } == false)
  }

  @Test("started again after a death between the stop and the start of a heal")
  func diedInHeal() async throws {
    let world = SmallWorld { $0.stalls = 1 }
    let result = try await killed(world, atAnswerOf: "georep.stop")
    #expect(result.record.outcome == .sealed)
  }

  @Test("goes on when somebody stopped the session while nobody was there")
  func stoppedMeanwhile() async throws {
    let world = SmallWorld()
    let result = try await killed(world, atAnswerOf: "georep.status", nth: 4) { state in
      state.stop(Instant(epochSeconds: 1_700_000_100))
    }
    #expect(result.record.outcome == .sealed)
  }

  @Test("writes the nonces at least a rollover after the last snapshot was ok, and later than the checkpoint")
  func ordersTheCut() async throws {
    let world = SmallWorld()
    let result = try await world.run()
    let replicate = try #require(result.record.phases.first { $0.phase == .replicate })
    let quiesce = try #require(result.record.phases.first { $0.phase == .quiesce })
    #expect(replicate.ended - quiesce.ended > .seconds(15 + 1 + 2 + 15 + 1))
    #expect(world.clock.slept.contains(SmallWorld.policy.nonceDelay))
  }

  @Test("takes a status that can't be read for no answer, in either direction")
  func unreadableStatus() async throws {
    let world = SmallWorld()
    // The first look is preflight's; it is asked again.
    let unreadable = DRError(.transient, "status", reason: "not XML")
    world.tripwire.script("georep.status", Array(repeating: unreadable, count: 3))
    #expect(try await world.run().record.outcome == .sealed)
  }

  @Test("fails at once when the session is gone")
  func sessionGone() async throws {
    let world = SmallWorld()
    world.tripwire.script("georep.start", [DRError(.missing, "start", reason: "session does not exist")])
    let result = try await world.run()
    #expect(result.record.failure?.kind == .missing)
    #expect(result.record.phases.map(\.phase) == [.adopt, .preflight, .protect, .converge, .merge, .report])
  }

  @Test("fails when the workers do not stop, and still merges")
  func neverStops() async throws {
    let world = SmallWorld { $0.stopIsIgnored = true }
    let result = try await world.run()
    #expect(result.record.failure?.kind == .timedOut)
    #expect(result.record.failure?.subject == "the session's workers to stop")
    #expect(world.with { $0.standing } == [])
    #expect(world.with { $0.removedAtSecondary } == [])
    #expect(world.with { $0.events }.map(\.severity) == [.alert])
  }
}
