import Testing

@testable import DRKit

/// The files of a secondary volume, put together by hand.
struct SecondaryFixture {
  static let layout = DomainLayout(Sample.domain)
  static let storeDisk = Sample.disk(900)

  var files: [String: [UInt8]] = [:]
  private var layout: DomainLayout { SecondaryFixture.layout }

  init(pools: String = Sample.pool) {
    files[layout.metadata] = SecondaryFixture.domainMetadata(pools: pools)
  }

  static func domainMetadata(pools: String) -> [UInt8] {
    Array("CLASS=Data\nDESCRIPTION=data\nPOOL_UUID=\(pools)\nROLE=Regular\nSDUUID=\(Sample.domain)\n".utf8)
  }

  var volume: MemoryVolume { MemoryVolume(files) }

  mutating func add(
    _ volume: VolumeID, of disk: DiskID, parent: VolumeID = .blank, _ role: VolumeMetadata.Role = .leaf,
    legality: String = "LEGAL"
  ) {
    files[layout.volume(volume, of: disk)] = content(of: volume)
    files[layout.lease(volume, of: disk)] = [0]
    files[layout.meta(volume, of: disk)] = Sample.meta(
      disk: disk, parent: parent, role: role, legality: legality)
  }

  func content(of volume: VolumeID) -> [UInt8] { Array("content of \(volume)".utf8) }

  /// A base that is INTERNAL, and an overlay on it that is the leaf.
  mutating func addPair(_ base: VolumeID, _ overlay: VolumeID, of disk: DiskID) {
    add(base, of: disk, .internal)
    add(overlay, of: disk, parent: base)
  }

  /// An intent of a run that freezes `disk` at `base`.
  mutating func addIntent(
    run: RunID, sequence: Int64 = 1, disk: DiskID, base: VolumeID, pass: String = "replicate",
    pools: [String] = [Sample.pool], seen: [RunID] = []
  ) throws {
    let plan = DiskPlan(
      disk: disk, alias: "disk", base: base, overlay: Derived.overlay(run: run, disk: disk, attempt: 1))
    let machine = MachinePlan(id: Sample.machine(1), name: "vm1", disks: [plan])
    let intent = Intent(
      run: run, key: Sample.key,
      domain: StorageDomain(
        id: Sample.domain, name: "data", address: "a1", volume: "data", storageType: "glusterfs"),
      session: Sample.session, sequence: sequence, seen: seen,
      written: Instant(epochSeconds: 1_700_000_000 + sequence * 1_000), pass: pass, pools: pools,
      subvolumes: 1,
      plan: pass == "replicate" ? QuiescePlan(machines: [machine], notInPoint: []) : nil,
      frozen: [Intent.FrozenMachine(machine: machine.id, requested: SecondaryFixture.instant(sequence))],
      instant: SecondaryFixture.instant(sequence),
      metadata: [
        Intent.RecordedMetadata(
          disk: disk, volume: base, text: String(decoding: Sample.meta(disk: disk), as: UTF8.self))
      ])
    files[layout.intent(run)] = try JournalCoding.encode(intent, for: "fixture")
  }

  static func instant(_ sequence: Int64) -> Instant {
    Instant(epochSeconds: 1_700_000_000 + sequence * 1_000 + 5)
  }

  mutating func addManifest(
    run: RunID, sequence: Int64 = 1, disk: DiskID, leaf: VolumeID, below: [VolumeID]? = []
  ) throws {
    func digest(_ volume: VolumeID) -> FileDigest { FakeDigest.of(content(of: volume)) }
    let image = SealedImage(
      machine: Sample.machine(1), disk: disk, volume: leaf, digest: digest(leaf),
      below: below?.map { SealedVolume(volume: $0, digest: digest($0)) })
    let point = RecoveryPoint(
      run: run, key: Sample.key, instant: SecondaryFixture.instant(sequence),
      sealed: Instant(epochSeconds: 1_700_000_000 + sequence * 1_000 + 500), images: [image], notInPoint: [])
    files[layout.manifest(run)] = try JournalCoding.encode(
      Manifest(point: point, configurations: []), for: "fixture")
  }

  mutating func addNonce(run: RunID, pass: String = "replicate") {
    files[".drkit/b1-data-dr/nonce-0"] = NonceText.bytes(run: run, pass: pass, round: 1)
  }

  /// An OVF_STORE that holds these documents.
  mutating func addStore(_ documents: [String], disk: DiskID = SecondaryFixture.storeDisk) {
    let volume = Sample.volume(900)
    var archive: [UInt8] = []
    for (index, document) in documents.enumerated() {
      archive += TarFixture.entry("\(Sample.machine(UInt64(index) + 1)).ovf", Array(document.utf8))
    }
    archive += [UInt8](repeating: 0, count: 1_024)
    files[layout.volume(volume, of: disk)] = archive
    files[layout.meta(volume, of: disk)] = Array(
      String(decoding: Sample.meta(disk: disk), as: UTF8.self)
        .replacing("DISKTYPE=DATA", with: "DISKTYPE=OVFS").utf8)
  }

  /// A machine's OVF: a chain from the bottom, and the snapshot that froze each volume but the last.
  static func ovf(
    _ name: String = "vm1", disk: DiskID, chain: [(volume: VolumeID, snapshot: String?)]
  ) -> String {
    var disks = ""
    var snapshots = ""
    for (index, link) in chain.enumerated() {
      let id = SnapshotID(high: 0x5555_0000, low: UInt64(index) + 1)
      let parent = index == 0 ? "" : "\(disk)/\(chain[index - 1].volume)"
      disks +=
        "<Disk ovf:diskId=\"\(link.volume)\" ovf:vm_snapshot_id=\"\(id)\" ovf:parentRef=\"\(parent)\" "
        + "ovf:fileRef=\"\(disk)/\(link.volume)\" ovf:disk-alias=\"a &gt; b\"/>"
      snapshots +=
        "<Snapshot ovf:id=\"\(id)\"><Type>\(link.snapshot == nil ? "ACTIVE" : "REGULAR")</Type>"
        + "<Description>\(link.snapshot ?? "Active VM")</Description>"
        + "<CreationDate>2026/11/01 02:00:00</CreationDate></Snapshot>"
    }
    return "<?xml version=\"1.0\"?><!-- > --><ovf:Envelope xmlns:ovf=\"o\"><References/><Section "
      + "xsi:type=\"ovf:DiskSection_Type\">\(disks)</Section><Content><Name>\(name)</Name><Section "
      + "ovf:id=\"\(Sample.machine(1))\" xsi:type=\"ovf:OperatingSystemSection_Type\"><Description>x</Description>"
      + "</Section><Section xsi:type=\"ovf:SnapshotsSection_Type\">\(snapshots)</Section></Content></ovf:Envelope>"
  }
}

/// A tar archive as the standard has it, written without the code under test.
enum TarFixture {
  static func entry(_ name: String, _ content: [UInt8]) -> [UInt8] {
    func octal(_ value: Int, _ digits: Int) -> [UInt8] {
      let text = String(value, radix: 8)
      return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
    }
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: [UInt8], _ at: Int) { header.replaceSubrange(at..<(at + bytes.count), with: bytes) }
    put(Array(name.utf8), 0)
    put(octal(content.count, 11), 124)
    put([UInt8](repeating: 32, count: 8), 148)
    put([UInt8(ascii: "0")], 156)
    put(Array("ustar".utf8), 257)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6) + [0, 32], 148)
    return header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }
}
