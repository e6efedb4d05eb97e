import DRKit
import Simulator

/// A file storage domain in vdsm's layout below a mounted volume (docs/real-systems.md, "vdsm's files").
/// Blocking.
struct LabDomain: Hashable, Sendable {
  let id: StorageDomainID
  let name: String
  /// `host:/volume`.
  let remotePath: String
  /// Where the volume is mounted.
  let mount: String

  /// The pool that every lab domain says it belongs to: the engine's data centre.
  let pool: DataCenterID

  private var root: String { "\(mount)/\(id)" }

  func image(_ disk: DiskID, _ volume: VolumeID, _ format: VolumeFormat) -> ImageFile {
    ImageFile(path: "\(mount)/\(VDSMLayout.volumePath(id, disk, volume))", format: format)
  }

  private func metadataPath(_ disk: DiskID, _ volume: VolumeID) -> String {
    "\(mount)/\(VDSMLayout.metadataPath(id, disk, volume))"
  }

  private func leasePath(_ disk: DiskID, _ volume: VolumeID) -> String {
    "\(mount)/\(VDSMLayout.leasePath(id, disk, volume))"
  }

  // MARK: - The domain itself

  /// Creates what is missing of the domain. An existing one is left as it is.
  ///
  /// The areas for sanlock and the mailbox are small: nobody uses them in the lab, but they travel along.
  func create() throws(DRError) {
    guard LabFiles.exists(mount) else {
      throw DRError(
        .unfit, "create a storage domain", name, reason: "\(mount) does not exist",
        remedy: "mount the volume there")
    }
    let directory = "\(root)/dom_md"
    try LabFiles.makeDirectory(directory)
    try LabFiles.makeDirectory("\(root)/images")
    for area in ["ids", "leases", "inbox", "outbox", "xleases"] {
      let path = "\(directory)/\(area)"
      if !LabFiles.exists(path) { try LabFiles.overwrite(path, Array(area.utf8), size: 65_536) }
    }
    if !LabFiles.exists("\(directory)/metadata") {
      try LabFiles.replace("\(directory)/metadata", metadata)
    }
  }

  /// The text of `dom_md/metadata`, format 5.
  var metadata: String {
    let lines = [
      "ALIGNMENT=1048576", "BLOCK_SIZE=512", "CLASS=Data", "DESCRIPTION=\(name)", "IOOPTIMEOUTSEC=10",
      "LEASERETRIES=3", "LEASETIMESEC=60", "LOCKPOLICY=", "LOCKRENEWALINTERVALSEC=5", "POOL_UUID=\(pool)",
      "REMOTE_PATH=\(remotePath)", "ROLE=Regular", "SDUUID=\(id)", "TYPE=GLUSTERFS", "VERSION=5",
    ].sorted()
    // Over the lines without their ends, non-ASCII as XML character references (V `persistent.py`).
    let checksum = SHA1.hexadecimal(Self.characterReferences(lines.joined()))
    return (lines + ["_SHA_CKSUM=\(checksum)"]).map { $0 + "\n" }.joined()
  }

  static func characterReferences(_ text: String) -> String {
    text.unicodeScalars.map { $0.isASCII ? String($0) : "&#\($0.value);" }.joined()
  }

  // MARK: - Volumes

  /// Creates an image's volumes that are missing, the bottom first.
  ///
  /// - Throws: `.unfit` when another volume stands on the topmost: an earlier bed's overlay, of which the engine knows
  ///   nothing. To write to the base would spoil it.
  func create(_ volumes: [EngineModel.StoredVolume]) throws(DRError) {
    var below: ImageFile?
    for volume in volumes {
      let metadata = volume.metadata
      let image = image(metadata.disk, volume.volume, metadata.format)
      if !LabFiles.exists(image.path) {
        try LabFiles.makeDirectory("\(mount)/\(VDSMLayout.imageDirectory(id, metadata.disk))")
        if let below {
          try ImageTool.create(image, over: below, size: metadata.capacity)
        } else {
          try ImageTool.create(image, size: metadata.capacity)
        }
        try finish(metadata, volume.volume)
      }
      below = image
    }
    guard let top = volumes.last else { return }
    let path = metadataPath(top.metadata.disk, top.volume)
    guard MetadataText(try LabFiles.text(path))["VOLTYPE"] != "INTERNAL" else {
      throw DRError(
        .unfit, "use an existing image", path,
        reason: "another volume stands on it, which the engine does not know",
        remedy: "merge it, or begin with an empty storage domain")
    }
  }

  /// Creates the overlay of a snapshot, while the guest goes on writing to the base. In vdsm's order: the base becomes
  /// INTERNAL, then the overlay, its `.meta` and its `.lease` come to be (V `volume.clone`, `volume.create`).
  func createOverlay(_ step: VolumeStep, now: Instant) throws(DRError) {
    let parent = try MetadataText(LabFiles.text(metadataPath(step.disk, step.base)))
    // A template's volume stays SHARED.
    if parent["VOLTYPE"] == "LEAF" { try setRole(.inner, of: step.disk, step.base) }
    let overlay = image(step.disk, step.overlay, .cow)
    try ImageTool.create(
      overlay, over: image(step.disk, step.base, step.baseFormat), size: step.provisionedSize)
    try finish(
      VDSMVolumeMetadata(
        domain: id, disk: step.disk, parent: step.base, role: .leaf, format: .cow,
        capacity: step.provisionedSize, created: now.epochSeconds, description: parent["DESCRIPTION"] ?? "",
        diskType: parent["DISKTYPE"] ?? "DATA", sequence: step.overlaySequence),
      step.overlay)
  }

  private func finish(_ metadata: VDSMVolumeMetadata, _ volume: VolumeID) throws(DRError) {
    try LabFiles.setVolumeMode(image(metadata.disk, volume, metadata.format).path)
    try LabFiles.replace(metadataPath(metadata.disk, volume), metadata.render())
    try LabFiles.overwrite(leasePath(metadata.disk, volume), [], size: 1 << 20)
  }

  /// Removes an overlay that is merged into its base, or that a snapshot that failed left behind.
  ///
  /// In vdsm's order: the base is LEAF again (unless another volume stands on the overlay: then that one's parent becomes
  /// the base), the overlay is marked ILLEGAL and its parent blanked, then volume, lease and `.meta` go (V
  /// `image.syncVolumeChain`, `fileVolume.delete`).
  func removeOverlay(_ step: VolumeStep, child: VolumeID? = nil) throws(DRError) {
    if let child {
      try change(step.disk, child) { $0["PUUID"] = "\(step.base)" }
    } else {
      try change(step.disk, step.base) { base in
        if base["VOLTYPE"] == "INTERNAL" { base["VOLTYPE"] = "LEAF" }
      }
    }
    if LabFiles.exists(metadataPath(step.disk, step.overlay)) {
      try change(step.disk, step.overlay) { overlay in
        overlay["LEGALITY"] = "ILLEGAL"
        overlay["PUUID"] = "\(VolumeID.blank)"
      }
    }
    try LabFiles.remove(image(step.disk, step.overlay, .cow).path)
    try LabFiles.remove(leasePath(step.disk, step.overlay))
    try LabFiles.remove(metadataPath(step.disk, step.overlay))
  }

  private func setRole(
    _ role: VDSMVolumeMetadata.Role, of disk: DiskID, _ volume: VolumeID
  ) throws(DRError) {
    try change(disk, volume) { $0["VOLTYPE"] = role.rawValue }
  }

  /// Rewrites a volume's `.meta` by a new file and a rename; only what `body` changes differs afterwards.
  func change(
    _ disk: DiskID, _ volume: VolumeID, _ body: (inout MetadataText) -> Void
  ) throws(DRError) {
    let path = metadataPath(disk, volume)
    var metadata = MetadataText(try LabFiles.text(path))
    let before = metadata
    body(&metadata)
    if metadata != before { try LabFiles.replace(path, metadata.text) }
  }
}
