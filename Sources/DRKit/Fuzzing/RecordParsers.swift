/// What DRKit itself reads: vdsm's files, its own nonces and records, what lies at the secondary.
package enum RecordParsers {
  package static let all = [
    identifier, volumeMetadata, domainMetadata, nonce, snapshotName, recordName, journalValue, record, ovf,
    tar,
  ]

  private static let id = "0a2b4c6d-1111-4222-8333-444455556666"

  static let identifier = FuzzedParser("identifier", share: 50, [id, id.uppercased()]) { bytes in
    guard let found = Identifier<DiskKind>(String(decoding: bytes, as: UTF8.self)) else { return }
    guard Identifier<DiskKind>(found.description) == found else {
      throw FuzzedFlaw("an id that does not come back from its own text")
    }
  }

  private static let metadata = """
    CAP=1073741824
    CTIME=1700000000
    DESCRIPTION={"DiskAlias":"vm_Disk1","DiskDescription":""}
    DISKTYPE=DATA
    DOMAIN=0a2b4c6d-1111-4222-8333-444455556666
    FORMAT=COW
    GEN=0
    IMAGE=1a2b4c6d-1111-4222-8333-444455556666
    LEGALITY=LEGAL
    PUUID=00000000-0000-0000-0000-000000000000
    TYPE=SPARSE
    VOLTYPE=LEAF
    EOF

    """

  static let volumeMetadata = FuzzedParser(
    "volume-metadata", [metadata, metadata.replacing("LEAF", with: "INTERNAL")]
  ) { bytes in
    let read = try VolumeMetadata(bytes, path: "x.meta")
    let edited = try VolumeMetadata(read.bytes(as: .leaf), path: "x.meta")
    guard edited.role == .leaf, edited.image == read.image else {
      throw FuzzedFlaw("an edited .meta that reads as another")
    }
  }

  static let domainMetadata = FuzzedParser(
    "domain-metadata", share: 50, ["CLASS=Data\nPOOL_UUID=\(id),\(id)\nROLE=Regular\n", "POOL_UUID=\n"]
  ) { bytes in _ = DomainMetadata.pools(bytes) }

  static let nonce = FuzzedParser("nonce", share: 50, ["drkit nonce\nrun \(id)\npass seal\nround 7\n"]) {
    bytes in
    guard let found = NonceText.parse(bytes) else { return }
    if let complaint = NonceText.complaint(bytes, run: found.run, pass: found.pass) {
      throw FuzzedFlaw("a nonce that is parsed and complained about: \(complaint)")
    }
  }

  private static let key = DestinationKey(domain: "vms", destination: "dr")

  static let snapshotName = FuzzedParser("snapshot-name", share: 30, ["drkit run \(id) vms@dr"]) { bytes in
    let text = String(decoding: bytes, as: UTF8.self)
    guard let run = SnapshotName.run(in: text, key: key) else { return }
    // Ids are read in either case; all else of the name is exact.
    guard SnapshotName.text(run: run, key: key).lowercased() == text.lowercased() else {
      throw FuzzedFlaw("a snapshot taken for ours that is none")
    }
  }

  static let recordName = FuzzedParser("record-name", share: 30, ["\(id).json", "\(id).intent.json"]) {
    bytes in
    _ = PointRecords.kind(of: String(decoding: bytes, as: UTF8.self))
  }

  private static let plan = """
    {"machines":[{"disks":[{"alias":"d","base":"\(id)","disk":"\(id)","overlay":"\(id)"}],"id":"\(id)","name":"web"}],\
    "notInPoint":["x: excluded"]}
    """
  private static let digest = "{\"sha256\":\"aa\",\"size\":1073741824}"
  private static let point = """
    {"images":[{"digest":\(digest),"disk":"\(id)","machine":"\(id)","volume":"\(id)"}],"instant":1700000000000000000,\
    "key":{"destination":"dr","domain":"vms"},"leftOut":[],"machines":[{"grade":"lowered","machine":"\(id)","name":"web","remarks":["d: elsewhere"]}],\
    "notInPoint":["x"],"run":"\(id)","sealed":1700000001000000000}
    """
  private static let error =
    "{\"kind\":\"unfit\",\"operation\":\"a\",\"reason\":\"c\",\"remedy\":\"d\",\"subject\":\"b\"}"

  static let journalValue = FuzzedParser(
    "journal-value", [plan, point, error, "true", "1700000000000000000", "[\"a\",\"b\"]"]
  ) { bytes in
    _ = try? JournalCoding.decode(QuiescePlan.self, from: bytes, for: "plan")
    _ = try? JournalCoding.decode(Instant.self, from: bytes, for: "cut")
    _ = try? JournalCoding.decode(DRError.self, from: bytes, for: "verdict")
    _ = try JournalCoding.decode(RecoveryPoint.self, from: bytes, for: "point")
  }

  private static let manifest = """
    {"configurations":[{"machine":"\(id)","name":"web","ovf":"<ovf:Envelope/>"}],"format":1,"point":\(point)}
    """
  private static let intent = """
    {"domain":{"address":"a1","id":"\(id)","name":"vms","storageType":"glusterfs","volume":"data"},"format":1,\
    "frozen":[{"machine":"\(id)","requested":1700000000000000000}],"instant":1700000000000000000,\
    "key":{"destination":"dr","domain":"vms"},"metadata":[{"disk":"\(id)","text":"CAP=1","volume":"\(id)"}],\
    "pass":"replicate","plan":\(plan),"pools":["\(id)"],"run":"\(id)","seen":[],"sequence":3,\
    "session":{"primaryVolume":"data","secondaryHost":"b1","secondaryUser":"root","secondaryVolume":"data-dr"},\
    "subvolumes":2,"written":1700000000000000000}
    """

  static let record = FuzzedParser("record", [intent, manifest, "{\"format\":2}"]) { bytes in
    _ = try? RecordCoding.manifest(bytes, path: "m.json")
    _ = try RecordCoding.intent(bytes, path: "i.json")
  }

  private static let envelope = """
    <?xml version="1.0" encoding="UTF-8"?><ovf:Envelope xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1/">
    <Section xsi:type="ovf:DiskSection_Type"><Disk ovf:diskId="\(id)" ovf:fileRef="\(id)/\(id)" ovf:parentRef=""
    ovf:vm_snapshot_id="\(id)"/></Section><Content ovf:id="out"><Name>web &amp; more</Name>
    <Section xsi:type="ovf:OperatingSystemSection_Type" ovf:id="\(id)"/>
    <Section xsi:type="ovf:SnapshotsSection_Type"><Snapshot ovf:id="\(id)"><Type>REGULAR</Type>
    <Description>drkit run \(id) vms@dr</Description><CreationDate>2026/11/23 10:00:00</CreationDate></Snapshot>
    </Section></Content></ovf:Envelope>
    """

  static let ovf = FuzzedParser("ovf", [envelope]) { bytes in _ = OVFDocument(bytes, source: "x.ovf") }

  static let tar = FuzzedParser(
    "tar", share: 50,
    corpus: archives
  ) { bytes in
    for entry in TarEntries.read(bytes) { _ = OVFDocument(Array(entry.bytes), source: entry.name) }
  }

  @Sendable private static func archives() -> [[UInt8]] {
    [tarArchive([("\(id).ovf", Array(envelope.utf8)), ("info.json", [0x7b, 0x7d])])]
  }

  /// A ustar archive as an OVF_STORE holds one.
  private static func tarArchive(_ files: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var out: [UInt8] = []
    for file in files {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, _ at: Int) {
        for (n, byte) in text.utf8.enumerated() { header[at + n] = byte }
      }
      func octal(_ number: Int, _ width: Int) -> String {
        let digits = String(number, radix: 8)
        return String(repeating: "0", count: width - digits.count) + digits
      }
      put(file.name, 0)
      put(octal(file.bytes.count, 11), 124)
      put("        ", 148)
      put("0", 156)
      put("ustar", 257)
      put(octal(header.reduce(0) { $0 + Int($1) }, 6), 148)
      out += header + file.bytes + [UInt8](repeating: 0, count: (512 - file.bytes.count % 512) % 512)
    }
    return out + [UInt8](repeating: 0, count: 1_024)
  }
}
