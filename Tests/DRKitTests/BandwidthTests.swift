import Testing

@testable import DRKit

@Suite("The words of rsync-options")
struct RsyncOptionsTests {
  @Test(
    "the last limit counts, in KiB unless it says otherwise",
    arguments: [
      ("--bwlimit=6826", 6_826 << 10), ("--bwlimit 20M", 20 << 20), ("-z --bwlimit=1g --x", 1 << 30),
      ("--bwlimit=5 --bwlimit=7k", 7 << 10), ("", nil), ("--no-bwlimit", nil), ("--bwlimit=0", nil),
      ("--bwlimit=1.5m", nil), ("--bwlimit", nil), ("--bwlimit=9223372036854775807g", nil),
      ("--bwlimiter=5", nil),
    ] as [(String, Int64?)])
  func rate(_ text: String, _ rate: Int64?) {
    #expect(RsyncOptions(text).rate == rate)
  }

  @Test("others keep their place and their words")
  func others() {
    let options = RsyncOptions("  -z   --bwlimit 20M --whole-file --bwlimit=3\t--exclude=x ")
    #expect(options.limits == ["--bwlimit 20M", "--bwlimit=3"])
    #expect(options.limited(by: ["--bwlimit=9"]).text == "-z --whole-file --exclude=x --bwlimit=9")
    #expect(options.limited(by: []).text == "-z --whole-file --exclude=x")
    #expect(RsyncOptions(options.text) == options)
  }

  @Test("all processes together stay below the limit, and each may send something")
  func share() {
    for (rate, processes) in [(Int64(20 << 20), Int64(3)), (100 << 20, 64), (64 << 10, 1), (1 << 40, 1_000)] {
      let each = RsyncOptions(RsyncOptions.limit(rate, over: processes)).rate ?? .max
      #expect(each * processes <= rate && (each + 1_024) * processes > rate)
    }
    #expect(RsyncOptions.limit(64 << 10, over: 1_000) == "--bwlimit=1")
  }
}

@Suite("A limit on the session's bandwidth")
struct BandwidthTests {
  private static let option = "rsync_options"

  private func policy(_ rate: Int64?) -> SyncPolicy {
    var policy = SmallWorld.policy
    policy.bandwidth = rate
    return policy
  }

  /// Five rsync jobs on each of two subvolumes; the administrator's own options as given.
  private func world(_ options: String = "") -> SmallWorld {
    SmallWorld(machines: 1) { $0.settings.append(SessionSetting(Self.option, options)) }
  }

  /// Without what every run adds (`FaithfulCopying`).
  private func options(_ world: SmallWorld) -> String? {
    world.with { state in state.settings.first { $0.name == Self.option }?.value }
      .map { $0.split(separator: " ").filter { $0 != "--ignore-times" }.joined(separator: " ") }
  }

  private func finding(_ world: SmallWorld, _ rate: Int64?) async throws -> PreflightFinding? {
    try await PreflightCheck(ports: world.ports, target: SmallWorld.target, policy: policy(rate)).findings()
      .first { $0.check == "bandwidth" }
  }

  @Test("is set before the session starts, beside what the administrator has there, and stays")
  func sets() async throws {
    let world = world("-z --exclude=x")
    #expect(WorldState.subvolumes.count == 2)
    let before = try #require(try await finding(world, 20 << 20))
    #expect(before.grade == .ok)
    #expect(
      before.text
        == "20480 KiB/s at most: --bwlimit=2048 for each of 5 rsync on 2 subvolume(s), to be set")
    #expect(options(world) == "-z --exclude=x", "preflight changes nothing")
    #expect(try await world.run(1, policy(20 << 20)).record.outcome == .sealed)
    #expect(options(world) == "-z --exclude=x --bwlimit=2048")
    #expect(world.catalogue.limit?.ours == ["--bwlimit=2048"] && world.catalogue.limit?.before == [])
    let calls = world.tripwire.calls
    #expect(
      calls.firstIndex(of: "georep.set").map { set in
        calls.firstIndex(of: "georep.start").map { set < $0 } ?? false
      } == true)
    #expect(try #require(try await finding(world, 20 << 20)).text.hasSuffix("2 subvolume(s)"))
    // Once more: nothing is to be done, and nothing is.
    let sets = world.tripwire.calls.filter { $0 == "georep.set" }.count
    #expect(try await world.run(2, policy(20 << 20)).record.outcome == .sealed)
    #expect(world.tripwire.calls.filter { $0 == "georep.set" }.count == sets)
  }

  @Test("follows the configuration, and the number of jobs")
  func follows() async throws {
    let world = world()
    _ = try await world.run(1, policy(20 << 20))
    _ = try await world.run(2, policy(10 << 20))
    #expect(options(world) == "--bwlimit=1024")
    world.with { $0.settings[0].value = "1" }
    _ = try await world.run(3, policy(10 << 20))
    #expect(options(world) == "--bwlimit=5120")
    #expect(world.catalogue.limit?.ours == ["--bwlimit=5120"])
  }

  @Test("goes when the key goes, and the administrator's own comes back")
  func goes() async throws {
    let world = world("--bwlimit 20M -z")
    let found = try #require(try await finding(world, 10 << 20))
    #expect(found.grade == .warning && found.text.hasSuffix("it takes the place of --bwlimit 20M"))
    _ = try await world.run(1, policy(10 << 20))
    #expect(options(world) == "-z --bwlimit=1024")
    #expect(
      try await finding(world, nil)?.text
        == "no limit is configured: the run takes away --bwlimit=1024; --bwlimit 20M is put back")
    _ = try await world.run(2, policy(nil))
    #expect(options(world) == "-z --bwlimit 20M")
    #expect(world.catalogue.limit == nil)
    #expect(try await finding(world, nil) == nil)
    let sets = world.tripwire.calls.filter { $0 == "georep.set" }.count
    _ = try await world.run(3, policy(nil))
    #expect(options(world) == "-z --bwlimit 20M")
    #expect(world.tripwire.calls.filter { $0 == "georep.set" }.count == sets)
  }

  @Test("that is not drkit's is never taken away")
  func theirs() async throws {
    let world = world("--bwlimit=7")
    _ = try await world.run(1, policy(nil))
    #expect(options(world) == "--bwlimit=7" && world.catalogue.limit == nil)
    // Drkit's own was changed by hand meanwhile: it is theirs now.
    _ = try await world.run(2, policy(10 << 20))
    world.with { state in
      state.settings = state.settings.map {
        $0.name == Self.option ? SessionSetting(Self.option, "--bwlimit=9") : $0
      }
    }
    _ = try await world.run(3, policy(nil))
    #expect(options(world) == "--bwlimit=9" && world.catalogue.limit == nil)
  }

  @Test("is set aloud where it has no effect")
  func tar() async throws {
    let world = world()
    world.with { $0.settings.append(SessionSetting("sync_method", "tarssh")) }
    let found = try #require(try await finding(world, 10 << 20))
    #expect(found.grade == .warning && found.text == "sync-method is tarssh, which knows no limit")
    world.with { $0.settings[$0.settings.count - 1] = SessionSetting("use_tarssh", "true") }
    #expect(try await finding(world, 10 << 20)?.text == "use-tarssh is true, which knows no limit")
  }

  @Test("that gluster refuses fails the run before anything is snapshotted")
  func refused() async throws {
    let world = SmallWorld(machines: 1)
    let record = try await world.run(1, policy(10 << 20)).record
    #expect(record.failure?.kind == .refused && record.failure?.reason == "Invalid option")
    #expect(!world.tripwire.calls.contains("engine.createSnapshot"))
  }

  @Test("survives a renewal of the session, and goes with the protection")
  func renewalAndRetirement() async throws {
    let world = world("-z")
    world.with { $0.corrupting = [$0.layout.volume(Sample.volume(11), of: Sample.disk(11))] }
    _ = try await world.run(1, policy(20 << 20))
    try #require(world.catalogue.divergence != nil)
    world.with { $0.newOptions = [SessionSetting(Self.option, "")] }
    var repairing = policy(20 << 20)
    repairing.repairs = true
    #expect(try await world.run(2, repairing).record.outcome == .sealed)
    #expect(world.with { $0.deletions } == 1 && options(world) == "-z --bwlimit=2048")
    let retirement = Retirement(ports: world.ports, target: SmallWorld.target, policy: policy(20 << 20))
    #expect(try await retirement.plan().rsyncOptions == "-z --ignore-times")
    #expect(options(world) == "-z --bwlimit=2048")
    _ = try await retirement.execute(owner: Sample.run(9)) { () async throws(DRError) in }
    #expect(options(world) == "-z")
  }

  @Test(
    "killed at every call, the run leaves the limit there and remembers what is its own",
    .timeLimit(.minutes(2)))
  func killed() async throws {
    let whole = world("--bwlimit=7 -z")
    _ = try await whole.run(1, policy(20 << 20))
    let names = whole.tripwire.passages
    let first = try #require(names.firstIndex(of: "georep.settings"))
    let last = try #require(names.lastIndex(of: "catalogue.saveRsyncLimit, answer"))
    try #require(last - first > 20)
    for point in first...last + 3 {
      let world = world("--bwlimit=7 -z")
      world.tripwire.arm(at: point)
      let (result, lives) = try await world.runToTheEnd(policy(20 << 20))
      let place: Comment = "killed at \(world.tripwire.firstFired ?? "no point")"
      #expect(result.record.outcome == .sealed && lives == 2, place)
      #expect(options(world) == "-z --bwlimit=2048", place)
      #expect(
        world.catalogue.limit
          == RsyncLimit(key: Sample.key, ours: ["--bwlimit=2048"], before: ["--bwlimit=7"]), place)
      _ = try await world.run(40, policy(nil))
      #expect(options(world) == "-z --bwlimit=7", place)
    }
  }
}
