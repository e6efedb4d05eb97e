import Testing

@testable import DRKit

/// The primary site, its engine and drkit's own database are gone, at any point of a run; what was on the line is lost.
@Suite("The primary lost at any point of a run")
struct PrimaryLostTests {
  /// What of the batch in hand had arrived when the line went dead.
  enum Arrived: String, CaseIterable, Sendable {
    case nothing, everySecondFile, entriesOnly, allButNonces

    func deliver(_ state: inout WorldState) {
      guard state.isRunning else { return }
      for (index, path) in state.dirty.sorted().enumerated() {
        switch self {
        case .nothing: return
        case .everySecondFile where index % 2 == 1: continue
        case .allButNonces where path.hasPrefix("\(DomainLayout.nonces)/"): continue
        // An unlink is an entry, too.
        case .entriesOnly where state.primary[path] != nil: state.secondary[path] = []
        case .everySecondFile, .allButNonces, .entriesOnly: state.secondary[path] = state.primary[path]
        }
      }
    }
  }

  struct Count {
    var whole: [RunID: Int] = [:]
    var halfSynced = 0
    var falselyWholeWithoutRecords = 0
  }

  /// Lets run 1 seal, and run 2 die at one point after the other, until it ends before it dies.
  private func strike(
    machines: Int, every stride: Int,
    _ look: (SmallWorld, [String: [UInt8]], String) async throws -> Void
  ) async throws {
    var point = 1
    var struck = true
    while struck {
      for arrived in Arrived.allCases {
        let world = SmallWorld(machines: machines)
        _ = try await world.run(1)
        world.tripwire.arm(at: point)
        _ = try? await world.run(2)
        struck = world.tripwire.firstFired != nil
        let files = world.with { state in
          arrived.deliver(&state)
          return state.secondary
        }
        try await look(world, files, "point \(point), \(world.tripwire.firstFired ?? "never"), \(arrived)")
      }
      point += stride
    }
    #expect(point > 300)
  }

  private func assess(_ files: [String: [UInt8]], verify: Bool = false) async throws -> DomainAssessment {
    try #require(
      try await SecondaryInspection(volume: MemoryVolume(files)).assess(verify: verify).domains.first)
  }

  @Test(
    "no image is called whole that is not, and after the repair every image can be imported",
    arguments: [1, 2])
  func property(machines: Int) async throws {
    let layout = DomainLayout(Sample.domain)
    var count = Count()
    try await strike(machines: machines, every: machines == 1 ? 5 : 17) {
      (world, files, place) async throws in
      let said = try await assess(files)
      let truth = try await assess(files, verify: true)
      for (image, verified) in zip(said.images, truth.images) where image.verdict <= .wholeAfterRepair {
        #expect(verified.verdict == image.verdict && verified.isVerified, "\(place): \(verified.reasons)")
        let names = files.keys.filter { $0.hasPrefix(layout.image(image.disk) + "/") }
        #expect(names.count == 3 || image.verdict == .wholeAfterRepair, "\(place)")
        count.whole[image.run ?? .blank, default: 0] += 1
      }
      count.halfSynced += said.images.count { $0.verdict == .halfSynced }
      let bare = files.filter {
        !$0.key.hasSuffix(".intent.json") && !$0.key.hasPrefix("\(DomainLayout.nonces)/")
      }
      for (image, verified) in zip(try await assess(bare).images, truth.images) {
        count.falselyWholeWithoutRecords += image.verdict <= .wholeAfterRepair && !verified.isVerified ? 1 : 0
      }
      try await expectRepairable(files, said, place)
    }
    #expect(count.whole[Sample.run(1), default: 0] > 10, "before the second run begins to carry")
    #expect(count.whole[Sample.run(2), default: 0] > 10, "after it has sealed")
    #expect(count.halfSynced > 10)
    #expect(count.falselyWholeWithoutRecords > 10, "the property must have something to find")
  }

  private func expectRepairable(
    _ files: [String: [UInt8]], _ said: DomainAssessment, _ place: String
  ) async throws {
    let volume = MemoryVolume(files, isReadOnly: true)
    let outcome = try await SecondaryRepair(volume: volume, cluster: volume, clock: FakeClock()).execute(said)
    #expect(outcome.refusals == [], "\(place)")
    let after = try await assess(volume.files)
    #expect(after.acts == [] && after.allRefusals == [], "\(place): \(after.allRefusals)")
    for image in after.images { #expect(image.chain == [Sample.volume(image.disk.low)], "\(place)") }
    #expect(volume.isReadOnly)
    let runs = [Sample.run(1), Sample.run(2)]
    for change in volume.changes where change.hasPrefix("remove") {
      let isOurs = runs.contains { run in
        said.images.contains { change.contains("\(Derived.overlay(run: run, disk: $0.disk, attempt: 1))") }
      }
      #expect(isOurs, "\(place): \(change)")
    }
    for (path, bytes) in files where volume.files[path] != bytes {
      #expect(path.contains("/images/"), "\(place): \(path)")
      let base = said.images.contains {
        path == DomainLayout(Sample.domain).volume(Sample.volume($0.disk.low), of: $0.disk)
      }
      #expect(!base, "\(place): \(path)")
    }
  }

  @Test(
    "a first run that never sealed leaves nothing that is called whole",
    arguments: [
      "georep.start", "journal.record replicate.intent.written", "journal.record replicate.complete",
      "journal.record seal.arrived", "secondary.remove", "journal.record seal.proved",
    ])
  func firstRun(_ end: String) async throws {
    for arrived in Arrived.allCases {
      let world = SmallWorld(machines: 1)
      // The first start is that of the first pass, which carries no snapshot.
      world.tripwire.arm(atAnswerOf: end, nth: end == "georep.start" ? 2 : 1)
      _ = try? await world.run(1)
      #expect(world.tripwire.fired == "\(end), answer")
      let files = world.with { state in
        arrived.deliver(&state)
        return state.secondary
      }
      let domain = try await assess(files)
      #expect(domain.point == nil && !domain.isWhole)
      #expect(domain.images.map(\.verdict) == [.halfSynced])
      try await expectRepairable(files, domain, "\(end), \(arrived)")
    }
  }
}
