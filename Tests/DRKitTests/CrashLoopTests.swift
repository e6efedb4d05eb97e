import DRKit
import Testing

/// Kills the process at every port call, before the effect and before the answer, and lets the next incarnation finish.
@Suite("Killed at any port call, the next incarnation")
struct CrashLoopTests {
  enum Story: String, CaseIterable, Sendable {
    case nothingElse, stalledCrawl, mergesFailTwice, snapshotVanishes, oneIsLeftOut, contentDiffers
    case nothingArrives

    /// Nil where either is right: an incarnation that died before it recorded its snapshot asks for another.
    var outcome: RunOutcome? {
      switch self {
      case .nothingElse, .stalledCrawl, .mergesFailTwice, .oneIsLeftOut: .sealed
      case .contentDiffers, .nothingArrives: .failed
      case .snapshotVanishes: nil
      }
    }

    var policy: SyncPolicy {
      var policy = SmallWorld.policy
      if self == .oneIsLeftOut { policy.onSnapshotFailure = .leaveOut }
      return policy
    }

    func world() -> SmallWorld {
      SmallWorld(machines: self == .nothingElse ? 1 : 2) { state in
        switch self {
        case .nothingElse: break
        case .stalledCrawl: state.stalls = 1
        case .mergesFailTwice: state.mergeFailures[Sample.machine(1)] = 2
        case .snapshotVanishes, .oneIsLeftOut: state.vanishing = [Sample.machine(2)]
        case .contentDiffers:
          state.corrupting = [state.layout.volume(Sample.volume(10 + 1), of: Sample.disk(10 + 1))]
        case .nothingArrives: state.losesData = true
        }
      }
    }
  }

  /// Every point of the plain story, every thirteenth of the others: they differ in few steps, and minutes are dear.
  @Test("seals the point or fails cleanly", arguments: Story.allCases)
  func onceKilled(_ story: Story) async throws {
    try await strike(story, every: story == .nothingElse ? 1 : 13) { world in
      try await world.runToTheEnd(story.policy).result
    }
  }

  @Test("killed again a while after it resumed, leaves to the third what is left", arguments: [7, 60, 150])
  func twiceKilled(_ later: Int) async throws {
    try await strike(.mergesFailTwice, every: 61) { world in
      var deaths = 1
      return try await world.runToTheEnd(resuming: {
        if deaths == 1 { world.tripwire.arm(at: later) }
        deaths += 1
      }).result
    }
  }

  @Test(
    "any one answer lost without a death changes nothing", arguments: [Story.nothingElse, .mergesFailTwice])
  func answerLost(_ story: Story) async throws {
    try await strike(story, .transient, every: 7) { world in try await world.run(1, story.policy) }
  }

  @Test("keeps to a phase's failure that was recorded, although the world has changed its mind")
  func failureIsDecidedOnce() async throws {
    let world = SmallWorld(machines: 1) { $0.snapshotTime = .minutes(25) }
    world.tripwire.arm(atAnswerOf: "journal.record phase.quiesce")
    let end = try await world.runToTheEnd(outage: .minutes(40))
    #expect(world.tripwire.fired != nil)
    #expect(end.result.record.outcome == .failed)
    #expect(end.result.record.failure?.kind == .timedOut)
    CrashLoopTests.expectCleanEnd(world, end.result, .snapshotVanishes, "killed after the failure")
  }

  /// Runs the story again and again, with the fault at one point after the other, until the run ends before the fault.
  private func strike(
    _ story: Story, _ fault: Tripwire.Fault = .death, every stride: Int,
    _ run: (SmallWorld) async throws -> SyncRun.Result
  ) async throws {
    var point = 1
    var struck = true
    while struck {
      let world = story.world()
      world.tripwire.arm(at: point, fault)
      let result = try await run(world)
      let place = world.tripwire.firstFired
      struck = place != nil
      CrashLoopTests.expectCleanEnd(world, result, story, "\(fault) at point \(point), \(place ?? "never")")
      point += stride
    }
    #expect(point > 300, "the loop must have gone through the whole run")
  }

  static func expectCleanEnd(
    _ world: SmallWorld, _ result: SyncRun.Result, _ story: Story, _ place: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let outcome = result.record.outcome
    #expect(
      outcome == story.outcome ?? outcome, "\(place): \(result.record.failure?.description ?? "-")",
      sourceLocation: sourceLocation)
    #expect(result.record.leftOver == [], "\(place)", sourceLocation: sourceLocation)
    let contradiction = result.record.phases.filter { $0.note.hasPrefix("failed") && outcome == .sealed }
    #expect(contradiction == [], "\(place)", sourceLocation: sourceLocation)
    let records = world.catalogue.records
    #expect(!records.contains { $0.outcome == .running }, "\(place)", sourceLocation: sourceLocation)
    world.with { state in
      #expect(state.violations == [], "\(place)", sourceLocation: sourceLocation)
      #expect(state.standing == [], "\(place)", sourceLocation: sourceLocation)
      #expect(state.secondaryIsReadOnly, "\(place)", sourceLocation: sourceLocation)
      #expect(!state.isRunning, "\(place)", sourceLocation: sourceLocation)
      #expect(state.openViews == 0, "\(place)", sourceLocation: sourceLocation)
      #expect(
        state.events.count == records.count, "\(place): one event a run", sourceLocation: sourceLocation)
      let foreign = state.removedAtSecondary.filter { !isOurs($0, records.map(\.id)) }
      #expect(foreign == [], "\(place)", sourceLocation: sourceLocation)
    }
  }

  private static func isOurs(_ path: String, _ runs: [RunID]) -> Bool {
    runs.contains { run in
      [UInt64(11), 21].contains { disk in
        path.contains(
          "/\(Sample.disk(disk))/\(Derived.overlay(run: run, disk: Sample.disk(disk), attempt: 1))")
      }
    }
  }
}
