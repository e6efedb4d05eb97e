import Testing

@testable import DRKit

/// Overlays of vmbackup.py and of the engine's own sync: there is no journal, and their ids say nothing.
@Suite("Another tool's overlay at the secondary")
struct LeftoverTests {
  static let vmbackup = "GLUSTER-Geo-rep-snapshot"
  static let engine = "vm1data-TMPDR"
  private let layout = SecondaryFixture.layout
  private let disk = Sample.disk(1)
  private let base = Sample.volume(1)
  private let overlay = Sample.volume(2)
  private let upper = Sample.volume(3)

  private func fixture(_ snapshot: String, machine: String = "vm1") -> SecondaryFixture {
    var fixture = SecondaryFixture()
    fixture.addPair(base, overlay, of: disk)
    fixture.addStore([
      SecondaryFixture.ovf(machine, disk: disk, chain: [(base, snapshot), (overlay, nil)])
    ])
    return fixture
  }

  private func assess(_ volume: MemoryVolume) async throws -> DomainAssessment {
    let inspection = SecondaryInspection(volume: volume, primaryPool: Sample.pool)
    return try #require(try await inspection.assess().domains.first)
  }

  private func repair(_ volume: MemoryVolume) async throws -> SecondaryRepair.Outcome {
    let repair = SecondaryRepair(
      volume: volume, cluster: volume, primaryPool: Sample.pool, clock: FakeClock())
    return try await repair.execute(try await assess(volume))
  }

  @Test(
    "goes when a configuration there says what froze its base, and the proof says so",
    arguments: [(vmbackup, OverlayMaker.vmbackup), (engine, .engineSync)])
  func removed(_ snapshot: String, _ maker: OverlayMaker) async throws {
    let volume = fixture(snapshot).volume
    let domain = try await assess(volume)
    #expect(domain.images.first { $0.disk == disk }?.overlays.map(\.maker) == [maker])
    let proof = try #require(domain.acts.last?.proof)
    #expect(proof.contains("\"\(snapshot)\" of 2026/11/01 02:00:00"))
    #expect(proof.contains("OVF_STORE"))
    #expect(try await repair(volume).repaired == [disk])
    #expect(volume.files[layout.volume(overlay, of: disk)] == nil)
    #expect(volume.files[layout.meta(base, of: disk)] == Sample.meta(disk: disk))
    let after = try await assess(volume)
    #expect(after.acts == [] && after.allRefusals == [])
    // Importable, and in no point all the same.
    #expect(after.images.first { $0.disk == disk }?.verdict == .notInPoint)
    #expect(!after.isWhole)
  }

  @Test("stays when its snapshot has another name, however alike")
  func otherName() async throws {
    let names = [
      "before the upgrade", "vm1other-TMPDR", "vm2data-TMPDR", "data-TMPDR", "GLUSTER-Geo-rep-snapshot2",
    ]
    for name in names {
      let domain = try await assess(fixture(name).volume)
      #expect(domain.acts == [], "\(name)")
      #expect(domain.images.first { $0.disk == disk }?.overlays.map(\.maker) == [nil], "\(name)")
    }
  }

  @Test("stays, and is refused, when it is younger than every configuration")
  func unproved() async throws {
    var fixture = SecondaryFixture()
    fixture.addPair(base, overlay, of: disk)
    fixture.addStore([SecondaryFixture.ovf(disk: disk, chain: [(base, nil)])])
    let domain = try await assess(fixture.volume)
    #expect(domain.acts == [])
    #expect(domain.allRefusals.first?.reason.contains("younger than every configuration") == true)
    #expect(domain.allRefusals.first?.remedy.isEmpty == false)
  }

  @Test("is told by a configuration only if that arrived whole")
  func cutConfiguration() async throws {
    let text = SecondaryFixture.ovf(disk: disk, chain: [(base, Self.vmbackup), (overlay, nil)])
    for cut in [text.replacing("</ovf:Envelope>", with: ""), String(text.prefix(text.count / 2))] {
      var fixture = SecondaryFixture()
      fixture.addPair(base, overlay, of: disk)
      fixture.addStore([cut])
      #expect(try await assess(fixture.volume).acts == [])
    }
    // A store of which the second document never arrived: the first still tells.
    var torn = fixture(Self.vmbackup)
    let store = layout.volume(Sample.volume(900), of: SecondaryFixture.storeDisk)
    torn.files[store]?.removeLast(1_024)
    torn.files[store]?.append(contentsOf: TarFixture.entry("x.ovf", Array(text.utf8)).prefix(700))
    #expect(try await assess(torn.volume).acts.count == 2)
  }

  @Test("stays when a point stands on it")
  func sealed() async throws {
    var fixture = fixture(Self.vmbackup)
    try fixture.addIntent(run: Sample.run(1), disk: disk, base: overlay)
    try fixture.addManifest(run: Sample.run(1), disk: disk, leaf: overlay, below: [base])
    let domain = try await assess(fixture.volume)
    #expect(domain.acts == [] && domain.allRefusals == [])
    #expect(domain.images.first { $0.disk == disk }?.verdict == .whole)
  }

  @Test("goes from under nobody: of two stacked ones only the upper, in one repair and in the next")
  func stacked() async throws {
    var fixture = SecondaryFixture()
    fixture.add(base, of: disk, .internal)
    fixture.add(overlay, of: disk, parent: base, .internal)
    fixture.add(upper, of: disk, parent: overlay)
    fixture.addStore([
      SecondaryFixture.ovf(
        disk: disk, chain: [(base, Self.vmbackup), (overlay, Self.vmbackup), (upper, nil)])
    ])
    // The older copy of the store knows the lower one only.
    fixture.addStore(
      [SecondaryFixture.ovf(disk: disk, chain: [(base, Self.vmbackup), (overlay, nil)])],
      disk: Sample.disk(901))
    let volume = fixture.volume
    #expect(try await repair(volume).repaired == [disk])
    #expect(volume.files[layout.volume(upper, of: disk)] == nil)
    let after = try await assess(volume)
    #expect(after.acts == [])
    #expect(after.images.first { $0.disk == disk }?.chain == [overlay, base])
  }

  @Test("under ours: ours goes, and it is the leaf")
  func underOurs() async throws {
    var fixture = fixture(Self.vmbackup)
    let ours = Derived.overlay(run: Sample.run(1), disk: disk, attempt: 1)
    fixture.add(overlay, of: disk, parent: base, .internal)
    fixture.add(ours, of: disk, parent: overlay)
    try fixture.addIntent(run: Sample.run(1), disk: disk, base: overlay)
    let volume = fixture.volume
    #expect(try await repair(volume).repaired == [disk])
    #expect(try await assess(volume).images.first { $0.disk == disk }?.chain == [overlay, base])
    #expect(try await assess(volume).acts == [])
  }

  @Test("is not known by the engine's name when the domain's own is not")
  func nameless() async throws {
    var fixture = fixture("vm1-TMPDR")
    fixture.files[layout.metadata] = Array("POOL_UUID=\(Sample.pool)\n".utf8)
    #expect(try await assess(fixture.volume).acts == [])
  }
}

@Suite("What an OVF says of snapshots")
struct OVFDocumentTests {
  @Test("is read with entities, comments, single quotes and either kind of empty element")
  func odd() throws {
    let (disk, volume) = (Sample.disk(1), Sample.volume(1))
    let snapshot = SnapshotID(high: 1, low: 1)
    let text = """
      <?xml version='1.0'?><!-- a > b <Disk> --><E:Envelope><Disk a='x > y' E:vm_snapshot_id = '\(snapshot)'
      E:fileRef='\(disk)/\(volume)'></Disk><Disk E:fileRef="nonsense"/><Name>a &amp; b &#x41;&#66; &unknown; &</Name>
      <Snapshot E:id="\(snapshot)"><Type>REGULAR</Type><Description>&lt;x&gt; &quot;y&apos;</Description></Snapshot>
      <Snapshot E:id="no id"><Type>REGULAR</Type></Snapshot></E:Envelope>trailing <rubbish
      """
    let document = try #require(OVFDocument(Array(text.utf8), source: "here"))
    #expect(document.name == "a & b AB &unknown; &")
    #expect(document.disks == [.init(disk: disk, volume: volume, parent: nil, snapshot: snapshot)])
    #expect(
      document.snapshots == [.init(id: snapshot, type: "REGULAR", description: "<x> \"y'", created: "")])
  }

  @Test("is nothing when it is no OVF or is cut off, wherever it is cut")
  func cut() {
    let text = Array(SecondaryFixture.ovf(disk: Sample.disk(1), chain: [(Sample.volume(1), nil)]).utf8)
    #expect(OVFDocument(text, source: "") != nil)
    for length in 0..<text.count { #expect(OVFDocument(Array(text.prefix(length)), source: "") == nil) }
    #expect(OVFDocument([0xff, 0xfe, UInt8(ascii: "<")], source: "") == nil)
  }

  @Test("is found in a tar; a torn archive gives what is whole")
  func tar() {
    let archive =
      TarFixture.entry("a.ovf", [1, 2, 3]) + TarFixture.entry("b.ovf", Array(repeating: 7, count: 600))
    let entries = TarEntries.read(archive + [UInt8](repeating: 0, count: 1_024))
    #expect(entries.map(\.name) == ["a.ovf", "b.ovf"])
    #expect(entries.map { $0.bytes.count } == [3, 600])
    for length in 0..<archive.count {
      let count = TarEntries.read(Array(archive.prefix(length))).count
      #expect(count == (length < 515 ? 0 : length < 2_136 ? 1 : 2), "\(length)")
    }
    var flipped = archive
    flipped[124] ^= 1
    #expect(TarEntries.read(flipped).isEmpty)
    #expect(TarEntries.read([UInt8](repeating: 0xff, count: 4_096)).isEmpty)
  }
}
