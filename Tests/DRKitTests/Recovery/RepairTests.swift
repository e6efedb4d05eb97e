import Testing

@testable import DRKit

@Suite("The repair of a secondary")
struct RepairTests {
  private let layout = SecondaryFixture.layout
  private let disk = Sample.disk(1)
  private let base = Sample.volume(1)
  private let foreign = Sample.volume(2)
  private let one = Sample.run(1)
  private let two = Sample.run(2)
  private var ours: VolumeID { Derived.overlay(run: one, disk: disk, attempt: 1) }

  private func assess(_ volume: MemoryVolume, pool: String? = nil) async throws -> DomainAssessment {
    let assessment = try await SecondaryInspection(volume: volume, primaryPool: pool).assess()
    return try #require(assessment.domains.first)
  }

  private func repair(_ volume: MemoryVolume, pool: String? = nil) async throws -> SecondaryRepair.Outcome {
    let repair = SecondaryRepair(volume: volume, cluster: volume, primaryPool: pool, clock: FakeClock())
    return try await repair.execute(try await assess(volume, pool: pool))
  }

  private func paths(_ volume: VolumeID) -> [String] {
    [layout.meta(volume, of: disk), layout.volume(volume, of: disk), layout.lease(volume, of: disk)]
  }

  private func role(_ volume: MemoryVolume, _ id: VolumeID) throws -> VolumeMetadata.Role {
    let path = layout.meta(id, of: disk)
    return try VolumeMetadata(try #require(volume.files[path]), path: path).role
  }

  /// Run 1 had carried its overlay when the primary went.
  private func journalled() throws -> SecondaryFixture {
    var fixture = SecondaryFixture()
    fixture.addPair(base, ours, of: disk)
    try fixture.addIntent(run: one, disk: disk, base: base)
    return fixture
  }

  private func expectRepaired(
    _ fixture: SecondaryFixture, gone: VolumeID, pool: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let volume = fixture.volume
    let outcome = try await repair(volume, pool: pool)
    #expect(outcome.repaired == [disk], sourceLocation: sourceLocation)
    #expect(outcome.refusals == [], sourceLocation: sourceLocation)
    #expect(try role(volume, base) == .leaf, sourceLocation: sourceLocation)
    for path in paths(gone) { #expect(volume.files[path] == nil, sourceLocation: sourceLocation) }
    #expect(
      volume.files[layout.volume(base, of: disk)] == fixture.content(of: base), sourceLocation: sourceLocation
    )
    let after = try await assess(volume, pool: pool)
    #expect(after.acts == [] && after.allRefusals == [], sourceLocation: sourceLocation)
    #expect(after.images.first { $0.disk == disk }?.chain.first == base, sourceLocation: sourceLocation)
  }

  private func expectRefused(
    _ fixture: SecondaryFixture, _ words: String, pool: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let volume = fixture.volume
    let domain = try await assess(volume, pool: pool)
    #expect(domain.acts == [], sourceLocation: sourceLocation)
    #expect(domain.allRefusals.count == 1, sourceLocation: sourceLocation)
    let refusal = domain.allRefusals.first
    #expect(
      refusal?.reason.contains(words) == true, "\(refusal?.reason ?? "-")", sourceLocation: sourceLocation)
    #expect(refusal?.remedy.isEmpty == false, sourceLocation: sourceLocation)
    #expect(!domain.isWhole, sourceLocation: sourceLocation)
  }

  // MARK: Ours

  @Test("makes the base a leaf, then removes our overlay's .meta, file and lease, in this order")
  func order() async throws {
    let volume = try journalled().volume
    _ = try await repair(volume)
    #expect(
      volume.changes == ["replace \(layout.meta(base, of: disk))"] + paths(ours).map { "remove \($0)" })
  }

  @Test("leaves an image as it should be when our overlay arrived in whatever state")
  func oursInAnyState() async throws {
    try await expectRepaired(try journalled(), gone: ours)
    // Entries arrive before data, and not all together.
    for missing in paths(ours) {
      var fixture = try journalled()
      fixture.files[missing] = nil
      try await expectRepaired(fixture, gone: ours)
      fixture = try journalled()
      fixture.files[missing] = []
      try await expectRepaired(fixture, gone: ours)
    }
    var cut = try journalled()
    cut.files[layout.meta(ours, of: disk)]?.removeLast(20)
    try await expectRepaired(cut, gone: ours)
    var vanished = try journalled()
    for path in paths(ours) { vanished.files[path] = nil }
    let volume = vanished.volume
    #expect(try await repair(volume).repaired == [disk])
    #expect(try role(volume, base) == .leaf)
  }

  @Test("knows our overlay by its id alone when the intent is gone and only a nonce names the run")
  func withoutIntent() async throws {
    var fixture = SecondaryFixture()
    fixture.addPair(base, ours, of: disk)
    try await expectRefusedPool(fixture)
    fixture.addNonce(run: one)
    try await expectRepaired(fixture, gone: ours, pool: Sample.pool)
  }

  private func expectRefusedPool(_ fixture: SecondaryFixture) async throws {
    let domain = try await assess(fixture.volume)
    #expect(domain.acts == [])
    #expect(domain.refusals.first?.reason.contains("no run recorded which pool is the primary's") == true)
  }

  @Test("makes the sealed point importable again when a later run's overlay came and its bytes did not")
  func sealedBelow() async throws {
    var fixture = SecondaryFixture()
    let overlay = Derived.overlay(run: two, disk: disk, attempt: 1)
    fixture.addPair(base, overlay, of: disk)
    try fixture.addIntent(run: one, disk: disk, base: base)
    try fixture.addManifest(run: one, disk: disk, leaf: base)
    try fixture.addIntent(run: two, sequence: 2, disk: disk, base: base)
    let volume = fixture.volume
    let inspection = SecondaryInspection(volume: volume)
    #expect(try await inspection.assess(verify: true).domains[0].images.map(\.verdict) == [.wholeAfterRepair])
    _ = try await repair(volume)
    let after = try await inspection.assess(verify: true)
    #expect(after.domains[0].images.map(\.verdict) == [.whole])
    #expect(after.isWhole)
  }

  @Test("never removes an overlay of ours that a point, or a plan, stands on")
  func keptOverlay() async throws {
    var fixture = SecondaryFixture()
    fixture.addPair(base, ours, of: disk)
    try fixture.addIntent(run: one, disk: disk, base: base)
    try fixture.addIntent(run: two, sequence: 2, disk: disk, base: ours)
    let domain = try await assess(fixture.volume)
    #expect(domain.acts == [] && domain.allRefusals == [])
    #expect(domain.images.first?.chain == [ours, base])
  }

  @Test("refuses to remove our overlay when anything stands on it, or it is not what it should be")
  func oursDisturbed() async throws {
    var child = try journalled()
    child.add(foreign, of: disk, parent: ours)
    try await expectRefused(child, "leaves")
    var sibling = try journalled()
    sibling.add(foreign, of: disk, parent: base)
    try await expectRefused(sibling, "has another child")
    var illegal = try journalled()
    illegal.add(ours, of: disk, parent: base, legality: "ILLEGAL")
    try await expectRefused(illegal, "ILLEGAL")
    var elsewhere = try journalled()
    elsewhere.add(foreign, of: disk, .internal)
    elsewhere.add(ours, of: disk, parent: foreign)
    try await expectRefused(elsewhere, "by what is known of it")
  }

  // MARK: Lost .meta files

  @Test("restores an empty or cut .meta of the base from what the run recorded")
  func restores() async throws {
    for kept in [0, 40] {
      var fixture = try journalled()
      let path = layout.meta(base, of: disk)
      fixture.files[path] = Array((fixture.files[path] ?? []).prefix(kept))
      try await expectRepaired(fixture, gone: ours)
      let volume = fixture.volume
      _ = try await repair(volume)
      #expect(volume.files[path] == Sample.meta(disk: disk))
    }
  }

  @Test("refuses to restore what nobody recorded, what is something else, and a volume that is not there")
  func restoresNothingUnproved() async throws {
    var unknown = try journalled()
    unknown.add(foreign, of: disk, .internal)
    unknown.files[layout.meta(foreign, of: disk)] = []
    try await expectRefused(unknown, "no run's intent recorded it")
    var other = try journalled()
    other.files[layout.meta(base, of: disk)] = Array("something else".utf8)
    try await expectRefused(other, "not the beginning of what run")
    var gone = try journalled()
    gone.files[layout.meta(base, of: disk)] = []
    gone.files[layout.volume(base, of: disk)] = nil
    try await expectRefused(gone, "the volume itself is not there")
  }

  // MARK: Leaves

  @Test("makes an INTERNAL base whose overlay vanished the leaf, if nothing else could be")
  func vanishedOverlay() async throws {
    var fixture = SecondaryFixture(pools: "")
    fixture.add(base, of: disk, .internal)
    let volume = fixture.volume
    #expect(try await repair(volume).repaired == [disk])
    #expect(try role(volume, base) == .leaf)
    var stray = fixture
    stray.files[layout.volume(foreign, of: disk)] = [1]
    try await expectRefused(stray, "might, and has no .meta")
    var two = fixture
    two.add(foreign, of: disk, .internal)
    try await expectRefused(two, "2 could be")
  }

  @Test("leaves a template's image and a thin machine's chain as they are")
  func templates() async throws {
    var fixture = SecondaryFixture(pools: "")
    fixture.add(base, of: disk, .shared)
    fixture.add(base, of: Sample.disk(2), .shared)
    fixture.add(foreign, of: Sample.disk(2), parent: base)
    let domain = try await assess(fixture.volume)
    #expect(domain.acts == [] && domain.allRefusals == [])
    #expect(domain.images.map(\.chain) == [[base], [foreign, base]])
  }

  // MARK: Execution

  @Test("killed after any change, is ended by another")
  func resumes() async throws {
    for changes in 0..<5 {
      let fixture = try journalled()
      let volume = MemoryVolume(fixture.files, isReadOnly: true)
      volume.die(after: changes)
      let cut = try await repair(volume)
      #expect(cut.repaired == (changes < 4 ? [] : [disk]))
      #expect(volume.isReadOnly)
      volume.die(after: .max)
      let rest = try await assess(volume)
      #expect(rest.allRefusals == [], "after \(changes)")
      #expect(rest.acts.isEmpty == (changes == 4), "after \(changes)")
      _ = try await repair(volume)
      #expect(try role(volume, base) == .leaf)
      for path in paths(ours) { #expect(volume.files[path] == nil) }
      #expect(volume.isReadOnly)
    }
  }

  @Test("refuses, and changes nothing, when the secondary is not as it was shown")
  func changedSince() async throws {
    let volume = try journalled().volume
    let shown = try await assess(volume)
    volume.edit { $0[layout.meta(foreign, of: disk)] = Sample.meta(disk: disk, parent: ours) }
    let repair = SecondaryRepair(volume: volume, cluster: nil, clock: FakeClock())
    let error = await #expect(throws: DRError.self) { try await repair.execute(shown) }
    #expect(error?.kind == .disproved)
    #expect(volume.changes == [])
  }

  @Test("stops before an act whose proof fails at the last moment, and closes the volume again")
  func changedMeanwhile() async throws {
    let (layout, disk, child, overlay) = (layout, disk, foreign, ours)
    let changes: [@Sendable (inout [String: [UInt8]]) -> Void] = [
      { $0[layout.meta(child, of: disk)] = Sample.meta(disk: disk, parent: overlay) },
      {
        $0[layout.metadata] = SecondaryFixture.domainMetadata(pools: "bbbbbbbb-0000-4000-8000-000000000002")
      },
    ]
    for change in changes {
      let volume = MemoryVolume(try journalled().files, isReadOnly: true)
      volume.whenOpened(change)
      let outcome = try await repair(volume)
      #expect(outcome.repaired == [])
      #expect(outcome.refusals.count == 1)
      #expect(volume.changes == [])
      #expect(volume.isReadOnly)
    }
  }

  @Test("does not touch a live domain")
  func live() async throws {
    var fixture = try journalled()
    let shown = try await assess(fixture.volume)
    fixture.files[layout.metadata] = SecondaryFixture.domainMetadata(
      pools: "bbbbbbbb-0000-4000-8000-000000000002")
    let volume = fixture.volume
    let repair = SecondaryRepair(volume: volume, cluster: volume, clock: FakeClock())
    let error = await #expect(throws: DRError.self) { try await repair.execute(shown) }
    #expect(error?.kind == .refused)
    #expect(volume.changes == [])
  }

  @Test("changes nothing while anybody else has the volume mounted, whoever vouches for the primary")
  func connected() async throws {
    let volume = MemoryVolume(try journalled().files, isReadOnly: true)
    let shown = try await assess(volume)
    volume.connect(1)
    let error = await #expect(throws: DRError.self) {
      try await SecondaryRepair(volume: volume, cluster: volume, clock: FakeClock()).execute(shown)
    }
    #expect(error?.kind == .disproved)
    #expect(error?.reason.contains("10.0.0.1:49000") == true)
    #expect(volume.changes == [] && volume.isReadOnly)
    let known = SecondaryRepair(
      volume: volume, cluster: volume, knownClients: ["10.0.0.1"], clock: FakeClock())
    #expect(try await known.execute(shown).repaired == [disk])
  }

  @Test("told to stop, ends before the next image")
  func stops() async throws {
    let volume = try journalled().volume
    let repair = SecondaryRepair(volume: volume, cluster: volume, clock: FakeClock())
    let outcome = try await repair.execute(try await assess(volume), goesOn: { false })
    #expect(outcome.isCutShort && outcome.repaired == [])
    #expect(volume.changes == [])
  }
}
