import DRKit
import OrderedCollections

extension EngineModel {
  /// One volume that should lie on the storage now, with its metadata.
  public struct StoredVolume: Sendable, Hashable {
    public var volume: VolumeID
    public var metadata: VDSMVolumeMetadata
  }

  /// The volumes of a disk as vdsm has them on storage now, bottom to top: while a snapshot is being taken
  /// the overlay is there from `snapshotVolumesCreated` on, and its base is INTERNAL, although guests write
  /// to the base (V `volume.clone`, `volume.create`).
  public func storedVolumes(of id: DiskID) -> [StoredVolume] {
    guard let disk = disks[id], let domain = disk.domain else { return [] }
    var volumes = disk.chain
    for inHand in work.values where inHand.volumesCreated {
      guard case .snapshot(_, _, let steps) = inHand.work.kind,
        let step = steps.first(where: { $0.disk == id }), volumes.last?.id == step.base
      else { continue }
      volumes.append(
        ChainVolume(
          id: step.overlay, format: .cow, sequence: step.overlaySequence,
          created: inHand.job.flatMap { jobs[$0]?.start } ?? Instant(nanoseconds: 0)))
    }
    var parent: VolumeID?
    return volumes.enumerated().map { index, volume in
      defer { parent = volume.id }
      let role: VDSMVolumeMetadata.Role =
        volume.isShared ? .shared : index == volumes.count - 1 ? .leaf : .inner
      return StoredVolume(
        volume: volume.id,
        metadata: VDSMVolumeMetadata(
          domain: domain, disk: id, parent: parent, role: role, format: volume.format,
          capacity: disk.provisionedSize, created: volume.created.epochSeconds,
          description: "{\"DiskAlias\":\"\(disk.alias)\",\"DiskDescription\":\"\"}",
          diskType: disk.vdsmType, isLegal: volume.isLegal, sequence: volume.sequence))
    }
  }
}

extension EngineDisk {
  /// vdsm's DISKTYPE for the engine's content type (E types `DiskMapper`, V `constants.py`).
  public var vdsmType: String {
    switch contentType {
    case "ovf_store": "OVFS"
    case "memory_dump_volume": "MEMD"
    case "memory_metadata_volume": "MEMM"
    case "iso": "ISOF"
    case "hosted_engine": "HEVD"
    case "hosted_engine_sanlock": "HESD"
    case "hosted_engine_metadata": "HEMD"
    case "hosted_engine_configuration": "HECI"
    case "backup_scratch": "SCRD"
    default: "DATA"
    }
  }
}
