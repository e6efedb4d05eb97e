import Testing

@testable import DRKit

@Suite("What a run leaves at the secondary for recovery")
struct IntentTests {
  private let layout = DomainLayout(Sample.domain)

  private func intent(_ world: SmallWorld, _ run: UInt64) throws -> Intent {
    let path = layout.intent(Sample.run(run))
    return try RecordCoding.intent(try #require(world.with { $0.secondary[path] }), path: path)
  }

  private func manifest(_ world: SmallWorld, _ run: UInt64) throws -> Manifest {
    let path = layout.manifest(Sample.run(run))
    return try RecordCoding.manifest(try #require(world.with { $0.secondary[path] }), path: path)
  }

  @Test("an intent with all that recovery needs, and the runs in their order")
  func content() async throws {
    let world = SmallWorld { state in
      state.putBelow(Sample.volume(911), base: Sample.volume(11), disk: Sample.disk(11))
    }
    let first = try await world.run(1)
    _ = try await world.run(2)
    let one = try intent(world, 1)
    let two = try intent(world, 2)
    #expect((one.sequence, two.sequence) == (1, 2))
    #expect(one.predecessor == nil)
    #expect(two.predecessor?.run == Sample.run(1))
    #expect(two.predecessor?.instant == first.point?.instant)
    #expect(two.seen == [Sample.run(1)])
    #expect(two.pass == "replicate")
    #expect(two.pools == [Sample.pool])
    #expect(two.subvolumes == 2)
    #expect(
      two.plan?.disks.map(\.overlay).contains(
        Derived.overlay(run: Sample.run(2), disk: Sample.disk(11), attempt: 1)) == true)
    #expect(two.frozen.map(\.machine) == [Sample.machine(1), Sample.machine(2)])
    #expect(two.instant == two.frozen.map(\.requested).min())
    // As they are to be: the frozen base a leaf, what it stands on INTERNAL.
    let roles = try two.metadata.map { record in
      "\(record.volume) \(try VolumeMetadata(Array(record.text.utf8), path: "").role)"
    }
    #expect(
      roles == ["\(Sample.volume(11)) leaf", "\(Sample.volume(911)) internal", "\(Sample.volume(21)) leaf"])
    #expect(try manifest(world, 1).predecessor == nil)
    #expect(try manifest(world, 2).predecessor == Sample.run(1))
    #expect(try manifest(world, 2).point.images[0].below?.map(\.volume) == [Sample.volume(911)])
  }

  @Test("the intent stands before the first byte of either pass, and the flag is on again by then")
  func beforeTheBytes() async throws {
    for (start, pass) in [(1, "converge"), (2, "replicate")] {
      let world = SmallWorld(machines: 1)
      world.tripwire.arm(atAnswerOf: "georep.start", nth: start)
      await #expect(throws: DRError.self) { try await world.run(1) }
      #expect(try intent(world, 1).pass == pass)
      #expect(world.with { $0.secondaryIsReadOnly })
    }
  }

  @Test("the steps of each opening of the secondary are its own")
  func gates() async throws {
    let world = SmallWorld(machines: 1)
    _ = try await world.run(1)
    let steps = world.journal.steps.filter { $0.contains(".gate.") }
    #expect(
      steps
        == ["converge", "replicate", "seal"].flatMap { phase in
          ["off", "on"].map { "\(phase).gate.\($0) " }
        })
  }

  @Test("an intent that can't be written keeps the session from being started, and closes the secondary")
  func cannotBeWritten() async throws {
    let world = SmallWorld(machines: 1)
    world.tripwire.script(
      "secondary.replace", [DRError(.refused, "write", reason: "No space left on device")])
    let result = try await world.run(1)
    #expect(result.record.failure?.reason == "No space left on device")
    #expect(world.with { $0.starts } == 0)
    #expect(world.with { $0.secondaryIsReadOnly })
    #expect(world.with { $0.standing } == [])
  }

  @Test("a status row that is missing is waited for; a worker that shows is not")
  func restless() async throws {
    let hidden = SmallWorld(machines: 1)
    hidden.tripwire.arm(atAnswerOf: "journal.record converge.needed")
    let end = try await hidden.runToTheEnd {
      $0.hiddenRows = [WorldState.subvolumes[1][0], WorldState.subvolumes[1][1]]
    }
    #expect(end.result.record.failure?.kind == .timedOut)
    #expect(end.result.record.failure?.subject == "every subvolume's status row")
    let running = SmallWorld(machines: 1)
    running.tripwire.arm(atAnswerOf: "journal.record converge.needed")
    let refused = try await running.runToTheEnd { $0.start(Instant(epochSeconds: 1_700_000_900)) }
    #expect(refused.result.record.failure?.reason.contains("a worker") == true)
    #expect(running.with { $0.violations } == [])
  }

  @Test("records of more than ten runs are removed at seal, the oldest first, and nothing else is")
  func bounded() async throws {
    let world = SmallWorld(machines: 1)
    let directory = PointRecords.directory(Sample.domain)
    let strangers = ["notes.json", "\(Sample.run(99)).json.bak", "\(Sample.run(98)).txt", "a.intent.json"]
    world.with { state in
      for name in strangers { state.secondary["\(directory)/\(name)"] = [1] }
      // Of a version that wrote no intents, and one that can't be read.
      state.secondary["\(directory)/\(Sample.run(97)).json"] = [1]
    }
    for run in UInt64(1)...12 {
      // Every third fails: its intent stays without a manifest.
      world.with { $0.losesData = run % 3 == 0 }
      _ = try await world.run(run)
      world.with { state in
        state.losesData = false
        for (path, bytes) in state.primary { state.write(path, bytes) }
      }
    }
    _ = try await world.run(13)
    let names = world.with { state in
      state.secondary.keys.filter { $0.hasPrefix(directory + "/") }.map {
        String($0.dropFirst(directory.count + 1))
      }
    }
    let runs = Set(names.compactMap { PointRecords.kind(of: $0)?.run }).sorted()
    #expect(runs == (4...13).map { Sample.run($0) })
    for name in strangers { #expect(names.contains(name)) }
    let foreign = world.with { state in state.removedAtSecondary.filter { $0.hasPrefix(".") } }
    #expect(foreign.allSatisfy { $0.hasPrefix(directory + "/") && $0.hasSuffix(".json") })
  }

  @Test("old records that can't be removed do not fail a seal, and go the next time")
  func pruningFails() async throws {
    let world = SmallWorld(machines: 1)
    for run in UInt64(1)...10 { _ = try await world.run(run) }
    world.tripwire.arm(atAnswerOf: "journal.record seal.manifest")
    await #expect(throws: DRError.self) { try await world.run(11) }
    world.tripwire.revive()
    world.catalogue.expireLeases()
    world.with { $0.openViews = 0 }
    // What is removed after the manifest is records.
    world.tripwire.script("secondary.remove", [DRError(.refused, "remove", reason: "EPERM")])
    let result = try await world.run(12)
    #expect(result.record.id == Sample.run(11) && result.record.outcome == .sealed)
    #expect(world.observer.texts.contains { $0.contains("could not be removed: EPERM") })
    #expect(world.with { $0.secondary[layout.manifest(Sample.run(1))] } != nil)
    _ = try await world.run(13)
    #expect(world.with { $0.secondary[layout.manifest(Sample.run(1))] } == nil)
  }

  @Test("file names of the directory are taken for what they are")
  func names() {
    let run = Sample.run(1)
    #expect(PointRecords.kind(of: "\(run).json")?.isIntent == false)
    #expect(PointRecords.kind(of: "\(run).intent.json")?.isIntent == true)
    #expect(PointRecords.kind(of: "\(run).intent.json")?.run == run)
    for name in [
      "\(run).json.new", "\(run)", "x.json", ".json", ".intent.json", "\(run).json.json", "\(run)x.json",
    ] {
      #expect(PointRecords.kind(of: name) == nil, "\(name)")
    }
    let upper = "AAAAAAAA-0000-4000-8000-000000000001"
    #expect(PointRecords.kind(of: "\(upper).json") == nil, "drkit writes small letters")
  }
}
