import DRKit
import Simulator

/// A small site for lab mode, with one of everything that a run must tell apart.
public struct LabSite: Sendable {
  public var engine: EngineModel
  public var storage: [LabStorage]
  /// The domain to be protected.
  public var domain: StorageDomainID

  /// A mounted volume, and how the engine calls it.
  public struct Volume: Hashable, Sendable {
    /// The storage domain's name.
    public var name: String
    /// The host part of `host:/volume`.
    public var address: String
    public var volume: String
    public var mount: String

    public init(name: String, address: String, volume: String, mount: String) {
      self.name = name
      self.address = address
      self.volume = volume
      self.mount = mount
    }
  }

  /// Three machines that run and one that is down. On `primary`: five disks of running machines, raw and qcow2, one
  /// shareable disk (the engine never snapshots it; `mail` writes to it, `web` has it attached), the down machine's disk
  /// and two OVF_STORE disks. On `other`: one disk of `database`, which a run on `primary` leaves alone.
  ///
  /// - Parameter diskSize: Bytes that a guest sees of each disk.
  public static func standard(
    seed: UInt64, primary: Volume, other: Volume, diskSize: Int64 = 64 << 20,
    now: Instant = Instant(nanoseconds: 0)
  ) -> LabSite {
    var engine = EngineModel(seed: seed)
    let cluster = engine.addCluster(name: "Default")
    func addDomain(_ volume: Volume, isMaster: Bool) -> StorageDomainID {
      let id = engine.freshID(StorageDomainKind.self)
      engine.add(
        EngineDomain(
          id: id, name: volume.name, address: volume.address, path: "/\(volume.volume)", isMaster: isMaster))
      return id
    }
    let (main, second) = (addDomain(primary, isMaster: false), addDomain(other, isMaster: true))
    func addDisk(
      _ alias: String, _ format: VolumeFormat, on domain: StorageDomainID, content: String = "data",
      shareable: Bool = false
    ) -> DiskID {
      let id = engine.freshID(DiskKind.self)
      let volume = ChainVolume(id: engine.freshID(VolumeKind.self), format: format, created: now)
      engine.add(
        EngineDisk(
          id: id, alias: alias, domain: domain, contentType: content,
          provisionedSize: content == "ovf_store" ? 128 << 20 : diskSize, isShareable: shareable,
          chain: [volume]))
      return id
    }
    func addMachine(_ name: String, _ status: MachineStatus, _ disks: [DiskID]) {
      engine.add(
        EngineMachine(
          id: engine.freshID(VirtualMachineKind.self), name: name, status: status, cluster: cluster,
          attachments: disks.enumerated().map { EngineAttachment(disk: $1, isBootable: $0 == 0) }), now: now)
    }
    for _ in 0..<2 { _ = addDisk("OVF_STORE", .raw, on: main, content: "ovf_store") }
    let shared = addDisk("shared_Disk1", .raw, on: main, shareable: true)
    addMachine(
      "mail", .up, [addDisk("mail_Disk1", .cow, on: main), addDisk("mail_Disk2", .raw, on: main), shared])
    addMachine(
      "web", .up, [addDisk("web_Disk1", .raw, on: main), addDisk("web_Disk2", .cow, on: main), shared])
    addMachine(
      "database", .up,
      [addDisk("database_Disk1", .raw, on: main), addDisk("database_Disk2", .raw, on: second)])
    addMachine("archive", .down, [addDisk("archive_Disk1", .cow, on: main)])
    return LabSite(
      engine: engine,
      storage: [
        LabStorage(domain: main, mount: primary.mount), LabStorage(domain: second, mount: other.mount),
      ],
      domain: main)
  }
}
