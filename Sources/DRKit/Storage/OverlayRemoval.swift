/// What is to be done with one image at the secondary so that it stands at its frozen base: decided from the `.meta` files
/// alone, as vdsm does (`fileVolume.getImageVolumes` lists volumes by them).
public enum OverlayRemoval: Hashable, Sendable {
  /// Base back to LEAF, then `.meta`, overlay, `.lease` away.
  case repair
  /// The overlay's `.meta` is gone: a repair that was cut short. The base is a leaf; remove what may be left.
  case finish

  /// - Parameter metadata: every volume of the image that has a `.meta`.
  /// - Throws: `.disproved` when the chain is not base ← overlay with nothing above: nothing may be deleted then.
  public static func decide(
    disk: DiskID, domain: StorageDomainID, base: VolumeID, overlay: VolumeID,
    metadata: [VolumeID: VolumeMetadata]
  ) throws(DRError) -> OverlayRemoval {
    func refuse(_ reason: String) -> DRError {
      DRError(
        .disproved, "remove the overlay at the secondary", "image \(disk), overlay \(overlay)",
        reason: reason,
        remedy: "nothing of this image was touched; compare its .meta files with the primary's")
    }
    guard let baseMeta = metadata[base] else { throw refuse("the base \(base) has no .meta") }
    for (name, meta) in [("base", baseMeta)] + (metadata[overlay].map { [("overlay", $0)] } ?? []) {
      guard meta.image == disk else { throw refuse("the \(name)'s .meta names image \(meta.image)") }
      guard meta.domain == domain else { throw refuse("the \(name)'s .meta names domain \(meta.domain)") }
      guard meta.isLegal else { throw refuse("the \(name) is ILLEGAL") }
    }
    // A guest wrote to the base: it is no template's. Taken for one, the image would be left without a leaf.
    guard baseMeta.role != .shared else { throw refuse("the base is SHARED, a template's volume") }
    let children = metadata.filter { $0.value.parent == overlay }.map(\.key).sorted()
    guard children.isEmpty else { throw refuse("it is the parent of \(children[0])") }
    let siblings = metadata.filter { $0.value.parent == base && $0.key != overlay }.map(\.key).sorted()
    guard siblings.isEmpty else { throw refuse("the base \(base) has another child, \(siblings[0])") }
    guard let overlayMeta = metadata[overlay] else {
      guard baseMeta.role == .leaf else {
        throw refuse("the base is INTERNAL but the overlay's .meta has not arrived")
      }
      return .finish
    }
    guard overlayMeta.parent == base else { throw refuse("its parent is \(overlayMeta.parent), not \(base)") }
    guard overlayMeta.role == .leaf else { throw refuse("it is \(overlayMeta.role.rawValue), not LEAF") }
    return .repair
  }

  /// What stands on an overlay of ours that came along, and is somebody else's (a backup tool's snapshot, made in mid-run): it
  /// is never deleted, so that the image stays as it is. Nil when nothing does.
  public static func foreignChild(of overlay: VolumeID, metadata: [VolumeID: VolumeMetadata]) -> String? {
    if let child = metadata.filter({ $0.value.parent == overlay }).map(\.key).min() {
      return "\(child) stands on drkit's overlay \(overlay) and is not drkit's"
    }
    guard metadata[overlay]?.role == .internal else { return nil }
    return "something that has not arrived stands on drkit's overlay \(overlay)"
  }

  /// The chain of an image from its one leaf down: what vdsm needs to build it (`prepareImage` wants every volume LEGAL).
  /// - Throws: `.disproved` when there is not exactly one leaf, a parent does not exist, or a volume is ILLEGAL.
  public static func chain(
    of disk: DiskID, metadata: [VolumeID: VolumeMetadata]
  ) throws(DRError) -> [VolumeID] {
    let leaves = metadata.filter { $0.value.role == .leaf }.map(\.key).sorted()
    guard leaves.count == 1 else {
      throw broken(disk, "\(leaves.count) leaves; an image must have exactly one")
    }
    return try chain(of: disk, from: leaves[0], metadata: metadata)
  }

  /// The volume and everything below it, in order; what is above it may be anything.
  public static func chain(
    of disk: DiskID, from top: VolumeID, metadata: [VolumeID: VolumeMetadata]
  ) throws(DRError) -> [VolumeID] {
    var chain: [VolumeID] = []
    var volume = top
    while let meta = metadata[volume] {
      guard !chain.contains(volume) else { throw broken(disk, "the chain comes back to \(volume)") }
      guard meta.isLegal else { throw broken(disk, "\(volume) is ILLEGAL: no machine starts from it") }
      chain.append(volume)
      if meta.parent == .blank { return chain }
      volume = meta.parent
    }
    throw broken(disk, chain.isEmpty ? "\(volume) has no .meta" : "the parent \(volume) does not exist")
  }

  private static func broken(_ disk: DiskID, _ reason: String) -> DRError {
    DRError(.disproved, "verify the volume chain", "image \(disk)", reason: reason)
  }
}
