/// Brings one image at the secondary back to its frozen base, in the order that leaves vdsm a readable image at each point:
/// base to LEAF, then the overlay's `.meta` (volumes are listed by it), the overlay, its `.lease`.
struct ImageRepair: Sendable {
  let view: any VolumeView
  let layout: DomainLayout

  /// - Returns: What stands on the overlay, and keeps the image as it is; nil when the base is the leaf again.
  func removeOverlay(_ plan: DiskPlan) async throws(DRError) -> String? {
    let metadata = try await metadata(of: plan.disk)
    if let foreign = OverlayRemoval.foreignChild(of: plan.overlay, metadata: metadata) { return foreign }
    let decision = try OverlayRemoval.decide(
      disk: plan.disk, domain: layout.domain, base: plan.base, overlay: plan.overlay, metadata: metadata)
    if decision == .repair {
      if let base = metadata[plan.base], base.role == .internal {
        try await view.replace(layout.meta(plan.base, of: plan.disk), with: base.bytes(as: .leaf))
      }
      try await view.remove(layout.meta(plan.overlay, of: plan.disk))
    }
    try await view.remove(layout.volume(plan.overlay, of: plan.disk))
    try await view.remove(layout.lease(plan.overlay, of: plan.disk))
    let chain = try OverlayRemoval.chain(of: plan.disk, metadata: try await self.metadata(of: plan.disk))
    guard chain.first == plan.base else {
      throw DRError(
        .disproved, "verify the volume chain", "image \(plan.disk)",
        reason: "the leaf is \(chain[0]), not \(plan.base)")
    }
    return nil
  }

  /// The base and everything that it stands on, in order.
  func chain(below base: VolumeID, of disk: DiskID) async throws(DRError) -> [VolumeID] {
    try OverlayRemoval.chain(of: disk, from: base, metadata: try await metadata(of: disk))
  }

  /// Every volume of the image that has a `.meta`, as vdsm lists them.
  func metadata(of disk: DiskID) async throws(DRError) -> [VolumeID: VolumeMetadata] {
    let directory = layout.image(disk)
    guard let names = try await view.list(directory) else {
      throw DRError(
        .disproved, "read the image", directory, reason: "there is no such image on the volume")
    }
    var metadata: [VolumeID: VolumeMetadata] = [:]
    for name in names where name.hasSuffix(".meta") {
      guard let volume = VolumeID(name.dropLast(5)) else { continue }
      let path = "\(directory)/\(name)"
      guard let bytes = try await view.read(path) else { continue }
      metadata[volume] = try VolumeMetadata(bytes, path: path)
    }
    return metadata
  }
}
