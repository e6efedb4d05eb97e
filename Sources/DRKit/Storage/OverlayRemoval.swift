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
    let children = metadata.filter { $0.value.parent == overlay }.map(\.key).sorted()
    guard children.isEmpty else { throw refuse("it is the parent of \(children[0])") }
    let siblings = metadata.filter { $0.value.parent == base && $0.key != overlay }.map(\.key).sorted()
    guard siblings.isEmpty else { throw refuse("the base \(base) has another child, \(siblings[0])") }
    guard let overlayMeta = metadata[overlay] else {
      guard baseMeta.role != .internal else {
        throw refuse("the base is INTERNAL but the overlay's .meta has not arrived")
      }
      return .finish
    }
    guard overlayMeta.parent == base else { throw refuse("its parent is \(overlayMeta.parent), not \(base)") }
    guard overlayMeta.role == .leaf else { throw refuse("it is \(overlayMeta.role.rawValue), not LEAF") }
    return .repair
  }

  /// The one leaf of an image, every parent resolved: what vdsm needs to build the chain.
  public static func leaf(
    of disk: DiskID, metadata: [VolumeID: VolumeMetadata]
  ) throws(DRError) -> VolumeID {
    func broken(_ reason: String) -> DRError {
      DRError(.disproved, "verify the volume chain", "image \(disk)", reason: reason)
    }
    let leaves = metadata.filter { $0.value.role == .leaf }.map(\.key).sorted()
    guard leaves.count == 1 else { throw broken("\(leaves.count) leaves; an image must have exactly one") }
    var seen = 0
    var volume = leaves[0]
    while let meta = metadata[volume], seen <= metadata.count {
      seen += 1
      if meta.parent == .blank { return leaves[0] }
      volume = meta.parent
    }
    throw broken("the parent \(volume) does not exist")
  }
}
