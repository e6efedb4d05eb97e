import DRKit
import Simulator
import Testing

/// What ends up on the storage: metadata, OVF.
struct EngineStorageTests {
  @Test func `a volume's metadata is written as vdsm does`() {
    let text = VDSMVolumeMetadata(
      domain: .init(high: 1, low: 2), disk: .init(high: 3, low: 4), parent: nil, role: .leaf, format: .raw,
      capacity: 1_073_741_824, created: 1_800_000_000, description: "d"
    ).render()
    #expect(
      text == """
        CAP=1073741824
        CTIME=1800000000
        DESCRIPTION=d
        DISKTYPE=DATA
        DOMAIN=00000000-0000-0001-0000-000000000002
        FORMAT=RAW
        GEN=0
        IMAGE=00000000-0000-0003-0000-000000000004
        LEGALITY=LEGAL
        PUUID=00000000-0000-0000-0000-000000000000
        SEQ=1
        TYPE=SPARSE
        VOLTYPE=LEAF
        EOF

        """)
  }

  @Test(arguments: ["x", "ä", "🙂"])
  func `a description is cut so that the file stays within 512 bytes`(letter: String) {
    let metadata = VDSMVolumeMetadata(
      domain: .init(high: 1, low: 2), disk: .init(high: 3, low: 4), parent: .init(high: 5, low: 6),
      role: .inner, format: .cow, capacity: 1, created: 1,
      description: String(repeating: letter, count: 600) + "\nKEY=VALUE")
    let text = metadata.render()
    #expect(text.utf8.count <= VDSMVolumeMetadata.maximumLength)
    #expect(text.utf8.count > VDSMVolumeMetadata.maximumLength - 8)
    #expect(text.hasSuffix("VOLTYPE=INTERNAL\nEOF\n"))
    #expect(!text.contains("KEY="))
  }

  @Test func `a snapshot changes the parent's VOLTYPE and nothing else of it`() throws {
    var site = EngineSite()
    let before = try #require(site.engine.storedVolumes(of: site.raw).first)
    try site.created([site.raw])
    let after = site.engine.storedVolumes(of: site.raw)
    #expect(after.count == 2)
    var expected = before
    expected.metadata.role = .inner
    #expect(after[0] == expected)
    #expect(after[1].metadata.parent == before.volume)
    #expect(after[1].metadata.format == .cow)
    #expect(after[1].metadata.sequence == before.metadata.sequence + 1)
    #expect(after[1].metadata.role == .leaf)
  }

  @Test func `paths lie under the domain`() {
    let domain: StorageDomainID = .init(high: 1, low: 1)
    let disk: DiskID = .init(high: 2, low: 2)
    let volume: VolumeID = .init(high: 3, low: 3)
    #expect(VDSMLayout.metadataPath(domain, disk, volume) == "\(domain)/images/\(disk)/\(volume).meta")
    #expect(VDSMLayout.leasePath(domain, disk, volume) == "\(domain)/images/\(disk)/\(volume).lease")
    #expect(VDSMLayout.domainMetadataPath(domain) == "\(domain)/dom_md/metadata")
  }

  @Test func `an OVF names every volume that can be snapshotted, and its parent`() throws {
    var site = EngineSite()
    let base = site.active(site.raw)
    try site.created([site.raw])
    let overlay = site.active(site.raw)
    let text = try #require(site.engine.ovf(of: site.machine))
    #expect(text.contains("ovf:diskId=\"\(overlay)\""))
    #expect(text.contains("ovf:parentRef=\"\(site.raw)/\(base)\""))
    #expect(text.contains("<Name>web</Name>"))
    #expect(!text.contains(site.active(site.shared).description))
  }

  @Test func `names are escaped in the OVF`() throws {
    var engine = EngineSite().engine
    let id: VirtualMachineID = engine.freshID()
    engine.add(EngineMachine(id: id, name: "a<b>&\"c\"\u{1}"), now: EngineSite.start)
    #expect(try #require(engine.ovf(of: id)).contains("<Name>a&lt;b&gt;&amp;&quot;c&quot;</Name>"))
  }

  @Test func `an OVF update takes time, runs once at a time, and is what the storage then holds`() throws {
    var site = EngineSite()
    let job = try site.engine.updateOVFStore(of: site.domain, now: site.now)
    #expect(site.engine.domain(site.domain)?.ovfStore == nil)
    let refused = fault { () throws(EngineFault) in
      try site.engine.updateOVFStore(of: site.domain, now: site.now)
    }
    #expect(refused.status == 409)
    #expect(refused.detail?.contains("OVF data is currently being updated") == true)
    try site.engine.updateOVFStore(of: site.other, now: site.now)
    site.settle()
    let store = try #require(site.engine.domain(site.domain)?.ovfStore)
    #expect(store.updated == site.now)
    #expect(store.text(of: site.machine) == site.engine.ovf(of: site.machine))
    #expect(site.engine.job(job)?.status == .finished)
  }

  @Test func `a machine with a locked disk is left out of an update; its older OVF stays`() throws {
    var site = EngineSite()
    try site.engine.updateOVFStore(of: site.domain, now: site.now)
    site.settle()
    let old = site.engine.ovf(of: site.machine)
    _ = try site.create()
    let snapshot = try #require(site.engine.drainWork().first)
    try site.engine.updateOVFStore(of: site.domain, now: site.now)
    let update = try #require(site.engine.drainWork().first)
    site.engine.finish(update.id, outcome: .done, now: site.now)
    #expect(site.engine.domain(site.domain)?.ovfStore?.text(of: site.machine) == old)
    site.engine.finish(snapshot.id, outcome: .done, now: site.now)
    try site.engine.updateOVFStore(of: site.domain, now: site.now)
    site.settle()
    let overlay = site.active(site.raw)
    #expect(
      site.engine.domain(site.domain)?.ovfStore?.text(of: site.machine)?.contains("\(overlay)") == true)
  }

  @Test func `an update of a domain that is away is a conflict, of an unknown one a 404`() {
    var site = EngineSite()
    site.engine.updateDomain(site.domain) { $0.status = .inactive }
    let unknown: StorageDomainID = site.engine.freshID()
    let domain = site.domain
    func refused(_ id: StorageDomainID) -> Int {
      fault { () throws(EngineFault) in try site.engine.updateOVFStore(of: id, now: site.now) }.status
    }
    #expect(refused(domain) == 409)
    #expect(refused(unknown) == 404)
  }
}
