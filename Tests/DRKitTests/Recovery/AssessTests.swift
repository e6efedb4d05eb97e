import Testing

@testable import DRKit

@Suite("What is said of a secondary, from the secondary alone")
struct AssessTests {
  private let disk = Sample.disk(1)
  private let base = Sample.volume(1)
  private let one = Sample.run(1)
  private let two = Sample.run(2)

  private func assess(
    _ fixture: SecondaryFixture, verify: Bool = false, pool: String? = nil
  ) async throws -> DomainAssessment {
    let assessment = try await SecondaryInspection(volume: fixture.volume, primaryPool: pool)
      .assess(verify: verify)
    return try #require(assessment.domains.first)
  }

  /// One image, sealed by run 1.
  private func sealed() throws -> SecondaryFixture {
    var fixture = SecondaryFixture()
    fixture.add(base, of: disk)
    try fixture.addIntent(run: one, disk: disk, base: base)
    try fixture.addManifest(run: one, disk: disk, leaf: base)
    fixture.addNonce(run: one)
    return fixture
  }

  @Test("a sealed image is whole, and stands at the instant of its machine's snapshot")
  func whole() async throws {
    let domain = try await assess(try sealed())
    #expect(domain.isWhole)
    #expect(domain.point?.run == one)
    #expect(domain.images.map(\.verdict) == [.whole])
    #expect(domain.images.first?.instant == SecondaryFixture.instant(1))
    #expect(domain.machines.map(\.verdict) == [.whole])
    #expect(domain.machines.first?.name == "vm1")
  }

  @Test("an intent without a manifest makes every image of the point half-synced, and names the run")
  func halfSynced() async throws {
    var fixture = try sealed()
    try fixture.addIntent(run: two, sequence: 2, disk: disk, base: base)
    let domain = try await assess(fixture)
    #expect(!domain.isWhole)
    #expect(domain.images.map(\.verdict) == [.halfSynced])
    #expect(domain.images.first?.reasons.first?.contains("run \(two)") == true)
    #expect(domain.overwriting.map(\.run) == [two])
    #expect(domain.machines.first?.instant == nil)
  }

  @Test("a first pass of another catalogue's, without snapshots, is as much an overwriting")
  func converging() async throws {
    var fixture = try sealed()
    try fixture.addIntent(run: two, sequence: 2, disk: disk, base: base, pass: "converge")
    #expect(try await assess(fixture).images.map(\.verdict) == [.halfSynced])
  }

  @Test("the order is that of the sequence, whatever the clocks said")
  func order() async throws {
    var fixture = try sealed()
    // Sealed later than the run whose intent stands; written, by a wrong clock, before it.
    try fixture.addIntent(run: two, sequence: 0, disk: disk, base: base)
    #expect(try await assess(fixture).images.map(\.verdict) == [.whole])
  }

  @Test("a nonce of another run is evidence enough: data has come that no intent announced")
  func foreignNonce() async throws {
    var fixture = try sealed()
    fixture.addNonce(run: two)
    #expect(try await assess(fixture).images.map(\.verdict) == [.halfSynced])
    fixture.files[".drkit/b1-data-dr/nonce-0"] = []
    #expect(try await assess(fixture).images.map(\.verdict) == [.halfSynced])
    // Another destination's nonces ride along; they say nothing of this one.
    fixture.addNonce(run: one)
    fixture.files[".drkit/c1-elsewhere/nonce-0"] = NonceText.bytes(run: two, pass: "replicate", round: 1)
    #expect(try await assess(fixture).images.map(\.verdict) == [.whole])
  }

  @Test("an unreadable record is a doubt, unless it was there before the point's run")
  func unreadable() async throws {
    var fixture = try sealed()
    fixture.files[SecondaryFixture.layout.intent(two)] = Array("{\"format\":1,\"run\"".utf8)
    let doubted = try await assess(fixture)
    #expect(doubted.images.map(\.verdict) == [.halfSynced])
    #expect(doubted.remarks.first?.contains("no record of drkit's, or cut off") == true)
    try fixture.addIntent(run: one, disk: disk, base: base, seen: [two])
    #expect(try await assess(fixture).images.map(\.verdict) == [.whole])
  }

  @Test("a record of a future format is named as such, and hides nothing else")
  func future() async throws {
    var fixture = try sealed()
    fixture.files[SecondaryFixture.layout.intent(two)] = Array("{\"format\":9,\"strange\":[]}".utf8)
    let domain = try await assess(fixture)
    #expect(domain.remarks.first?.contains("it has format 9; this drkit reads 1 to 1") == true)
    #expect(domain.point?.run == one)
    #expect(domain.images.map(\.verdict) == [.halfSynced])
  }

  @Test("a digest that is the sealed one beats the doubt; one that differs proves it")
  func verified() async throws {
    var fixture = try sealed()
    try fixture.addIntent(run: two, sequence: 2, disk: disk, base: base)
    let whole = try await assess(fixture, verify: true)
    #expect(whole.images.map(\.verdict) == [.whole])
    #expect(whole.images.first?.isVerified == true)
    #expect(whole.isWhole)
    let path = SecondaryFixture.layout.volume(base, of: disk)
    fixture.files[path]?[0] ^= 1
    #expect(try await assess(fixture, verify: true).images.map(\.verdict) == [.halfSynced])
    // Without a run to blame: somebody else changed it. Only a digest finds that.
    var damaged = try sealed()
    damaged.files[path]?[0] ^= 1
    #expect(try await assess(damaged).images.map(\.verdict) == [.whole])
    #expect(try await assess(damaged, verify: true).images.map(\.verdict) == [.damaged])
  }

  @Test("a leaf's digest does not vouch for what is below it")
  func below() async throws {
    var fixture = SecondaryFixture()
    let under = Sample.volume(2)
    fixture.addPair(under, base, of: disk)
    try fixture.addIntent(run: one, disk: disk, base: base)
    try fixture.addManifest(run: one, disk: disk, leaf: base, below: nil)
    try fixture.addIntent(run: two, sequence: 2, disk: disk, base: base)
    let unsure = try await assess(fixture, verify: true)
    #expect(unsure.images.map(\.verdict) == [.halfSynced])
    #expect(unsure.images.first?.reasons.last?.contains("no digests of the volumes below") == true)
    try fixture.addManifest(run: one, disk: disk, leaf: base, below: [under])
    #expect(try await assess(fixture, verify: true).images.map(\.verdict) == [.whole])
    fixture.files[SecondaryFixture.layout.volume(under, of: disk)]?[0] ^= 1
    #expect(try await assess(fixture, verify: true).images.map(\.verdict) == [.halfSynced])
  }

  @Test("a sealed volume that is missing, or of another size, is damaged")
  func damaged() async throws {
    let path = SecondaryFixture.layout.volume(base, of: disk)
    var fixture = try sealed()
    fixture.files[path]?.append(0)
    #expect(try await assess(fixture).images.map(\.verdict) == [.damaged])
    fixture.files[path] = nil
    #expect(try await assess(fixture).images.map(\.verdict) == [.damaged])
    fixture.files = fixture.files.filter { !$0.key.contains("/images/") }
    let gone = try await assess(fixture)
    #expect(gone.images.map(\.verdict) == [.damaged])
    #expect(gone.images.first?.reasons.first?.contains("is not there") == true)
  }

  @Test("an image of no point is said to be in none; an OVF_STORE is no trouble")
  func notInPoint() async throws {
    var fixture = try sealed()
    fixture.add(Sample.volume(5), of: Sample.disk(5))
    fixture.addStore([])
    let domain = try await assess(fixture)
    #expect(domain.images.map(\.verdict) == [.whole, .notInPoint, .notInPoint])
    #expect(domain.isWhole)
    #expect(domain.images[2].reasons.first?.hasPrefix("an OVF_STORE") == true)
  }

  @Test("no point at all: nothing is whole, planned images are half-synced, others in no point")
  func neverSealed() async throws {
    var fixture = SecondaryFixture()
    fixture.add(base, of: disk)
    fixture.add(Sample.volume(5), of: Sample.disk(5))
    try fixture.addIntent(run: one, disk: disk, base: base)
    let domain = try await assess(fixture)
    #expect(!domain.isWhole)
    #expect(domain.point == nil)
    #expect(domain.images.map(\.verdict) == [.halfSynced, .notInPoint])
  }

  @Test("a domain that is attached to another pool is live, and no copy any more")
  func live() async throws {
    var fixture = try sealed()
    fixture.files[SecondaryFixture.layout.metadata] = SecondaryFixture.domainMetadata(
      pools: "bbbbbbbb-0000-4000-8000-000000000002")
    let domain = try await assess(fixture)
    #expect(domain.liveness == .live)
    #expect(domain.images.map(\.verdict) == [.live])
    #expect(domain.acts.isEmpty && domain.refusals.count == 1)
  }

  @Test("without any record the pool can't be told; the administrator may say it")
  func unknownPool() async throws {
    var fixture = SecondaryFixture()
    fixture.add(base, of: disk)
    let unknown = try await assess(fixture)
    #expect(unknown.liveness == .unknown)
    #expect(unknown.refusals.first?.remedy.contains("--primary-pool") == true)
    #expect(try await assess(fixture, pool: Sample.pool).liveness == .copy)
    #expect(try await assess(fixture, pool: "bbbbbbbb-0000-4000-8000-000000000002").liveness == .live)
    fixture.files[SecondaryFixture.layout.metadata] = SecondaryFixture.domainMetadata(pools: "")
    #expect(try await assess(fixture).liveness == .copy)
  }

  @Test("dom_md/metadata that is empty, or whose checksum is wrong, is unreadable")
  func domainMetadata() async throws {
    var fixture = try sealed()
    fixture.files[SecondaryFixture.layout.metadata] = []
    #expect(try await assess(fixture).liveness == .unreadable)
    let text = SecondaryFixture.domainMetadata(pools: Sample.pool)
    // SHA-1 of the sorted lines without newlines, by another program.
    let right = "_SHA_CKSUM=\(AssessTests.checksum)\n"
    fixture.files[SecondaryFixture.layout.metadata] = text + Array(right.utf8)
    #expect(try await assess(fixture).liveness == .copy)
    let wrong = text.map { $0 == UInt8(ascii: "R") ? UInt8(ascii: "r") : $0 } + Array(right.utf8)
    fixture.files[SecondaryFixture.layout.metadata] = wrong
    #expect(try await assess(fixture).liveness == .unreadable)
  }

  static let checksum = "c31c3d832d8846d3017fa0d52988e40ef99b4b65"

  @Test("a run for another domain of the volume carried this one, too")
  func otherDomain() async throws {
    let other = DomainLayout(StorageDomainID(high: 7, low: 7))
    func verdict(sequence: Int64) async throws -> ImageVerdict? {
      var fixture = try sealed()
      var foreign = SecondaryFixture()
      try foreign.addIntent(run: two, sequence: sequence, disk: disk, base: base)
      fixture.files[other.metadata] = SecondaryFixture.domainMetadata(pools: Sample.pool)
      fixture.files[other.intent(two)] = foreign.files[SecondaryFixture.layout.intent(two)]
      let assessment = try await SecondaryInspection(volume: fixture.volume).assess("\(Sample.domain)")
      return assessment.domains.first?.images.first?.verdict
    }
    // Its clock time: before the point was sealed, and after.
    #expect(try await verdict(sequence: 1) == .whole)
    #expect(try await verdict(sequence: 2) == .halfSynced)
  }

  @Test("a domain that is not on the volume is named, with those that are")
  func missing() async throws {
    let fixture = try sealed()
    let error = await #expect(throws: DRError.self) {
      try await SecondaryInspection(volume: fixture.volume).assess("other")
    }
    #expect(error?.kind == .missing)
    #expect(error?.remedy.contains("data (\(Sample.domain))") == true)
    #expect(try await SecondaryInspection(volume: fixture.volume).assess("data").domains.count == 1)
  }
}
