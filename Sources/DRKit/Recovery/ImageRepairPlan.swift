/// One thing that repair does to an image, and why it may.
public struct RepairAct: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable {
    /// An empty or cut `.meta` gets the content that a run recorded.
    case restoreMetadata = "restore-metadata"
    /// `VOLTYPE` of a volume without children becomes LEAF.
    case makeLeaf = "make-leaf"
    /// `.meta`, volume and `.lease` of an overlay, in this order (vdsm lists volumes by their `.meta`).
    case removeOverlay = "remove-overlay"
  }

  public var kind: Kind
  public var disk: DiskID
  public var volume: VolumeID
  public var proof: String
  /// Of `restoreMetadata`: the file's new content.
  public var content: String?
}

/// What repair does not do, and what a human can do about it.
public struct RepairRefusal: Sendable, Hashable, Codable {
  /// Nil for what concerns the whole domain.
  public var disk: DiskID?
  public var volume: VolumeID?
  public var reason: String
  public var remedy: String
}

/// What is to be done with one image so that vdsm finds one chain with one leaf: decided from the image's own files and what
/// the secondary knows beyond them. Made again from the files as they are then, it begins where an earlier one was cut short.
public struct ImageRepairPlan: Sendable, Hashable, Codable {
  public var acts: [RepairAct] = []
  /// Not empty: nothing of this image is touched.
  public var refusals: [RepairRefusal] = []
  /// What the image is when the acts are done, from its leaf down; empty when that can't be said.
  public var chain: [VolumeID] = []
  public var remarks: [String] = []

  static func make(
    _ image: ImageContent, in domain: DomainContent, claims: OverlayClaims
  ) -> ImageRepairPlan {
    var maker = ImageRepairPlanner(image: image, domain: domain, claims: claims)
    return maker.plan()
  }
}

/// The rules are those of vdsm's own `recheckIfLeaf` and `fileVolume.delete` (docs/real-systems.md); what they take from a
/// running engine is taken here from proofs.
struct ImageRepairPlanner {
  let image: ImageContent
  let domain: DomainContent
  let claims: OverlayClaims

  /// Every volume with a `.meta`, as it is when what was decided so far has been done.
  private var metadata: [VolumeID: VolumeMetadata] = [:]
  private var restored: [VolumeID: String] = [:]
  private var result = ImageRepairPlan()

  init(image: ImageContent, domain: DomainContent, claims: OverlayClaims) {
    self.image = image
    self.domain = domain
    self.claims = claims
  }

  mutating func plan() -> ImageRepairPlan {
    guard !image.volumes.isEmpty else {
      result.remarks.append("the image's directory holds no volume")
      return result
    }
    for volume in image.volumes {
      if let known = volume.metadata { metadata[volume.id] = known }
    }
    do throws(DRError) {
      let unreadable = image.volumes.filter { $0.complaint != nil }
      // Without these, whose overlays they are is told by their ids alone.
      for volume in unreadable where claims[volume.id] == nil || claims.kept.contains(volume.id) {
        try restore(volume)
      }
      for overlay in removable() { try remove(overlay) }
      try settleRoles()
      result.chain = try chain()
      try refuseStrangers()
    } catch {
      result = ImageRepairPlan(
        refusals: [
          RepairRefusal(
            disk: image.disk, reason: error.reason,
            remedy: error.remedy.isEmpty
              ? "nothing of this image was touched; look at its .meta files" : error.remedy)
        ],
        remarks: result.remarks)
    }
    return result
  }

  private func refusal(_ reason: String, _ remedy: String) -> DRError {
    DRError(.disproved, "repair the image", "image \(image.disk)", reason: reason, remedy: remedy)
  }

  // MARK: Restoring

  /// Puts the newest record of a lost `.meta` into the map. The file must be there, and what is left of the `.meta` must be
  /// the beginning of what was recorded.
  private mutating func restore(_ volume: VolumeContent) throws(DRError) {
    let complaint = "\(volume.id): \(volume.complaint ?? "")"
    let byHand =
      "write it by hand from the primary's file or from another volume of the image, then repair again"
    let record = domain.records.intents.reversed().lazy.compactMap { [image] intent in
      intent.metadata.first { $0.disk == image.disk && $0.volume == volume.id }.map { (intent.run, $0.text) }
    }.first
    guard let (run, text) = record else {
      throw refusal("\(complaint), and no run's intent recorded it", byHand)
    }
    guard volume.size != nil else {
      throw refusal("\(complaint), and the volume itself is not there", byHand)
    }
    let known = try VolumeMetadata(Array(text.utf8), path: "the intent of run \(run)")
    guard known.image == image.disk, known.domain == domain.id else {
      throw refusal("\(complaint), and what run \(run) recorded is another image's", byHand)
    }
    if case .bad(let bytes, _) = volume.meta {
      let forms = [known.role, .leaf, .internal].map { known.bytes(as: $0) }
      guard !bytes.isEmpty, forms.contains(where: { $0.starts(with: bytes) }) else {
        throw refusal("\(complaint), and it is not the beginning of what run \(run) recorded", byHand)
      }
    }
    metadata[volume.id] = known
    restored[volume.id] =
      "\(volume.complaint ?? ""); run \(run) recorded its content before it carried the image"
  }

  // MARK: Removing

  /// Claimed overlays that nothing stands on and no point stands on.
  private func removable() -> [VolumeContent] {
    let parents = Set(metadata.values.map(\.parent))
    let bases = Set(image.volumes.compactMap { claims[$0.id]?.base })
    return image.volumes.filter { volume in
      claims[volume.id] != nil && !claims.kept.contains(volume.id) && !parents.contains(volume.id)
        && !bases.contains(volume.id)
    }
  }

  private mutating func remove(_ overlay: VolumeContent) throws(DRError) {
    guard let claim = claims[overlay.id] else { return }
    let own = overlay.metadata
    if let own, let base = claim.base, own.parent != base {
      throw refusal(
        "overlay \(overlay.id) stands on \(own.parent) by its .meta, and on \(base) by what is known of it",
        "look what stands on what; nothing of this image was touched")
    }
    guard let base = claim.base ?? own?.parent else { return try removeStray(overlay, claim) }
    var seen = metadata
    if own == nil {
      // Whose it is and what it stands on is proved otherwise: what its .meta would say is not needed.
      seen[overlay.id] = nil
      if let meta = seen[base], meta.role == .internal { seen[base] = try meta.changed(to: .leaf) }
    }
    _ = try OverlayRemoval.decide(
      disk: image.disk, domain: domain.id, base: base, overlay: overlay.id, metadata: seen)
    if let meta = metadata[base], meta.role == .internal, restored[base] == nil {
      add(.makeLeaf, base, "\(overlay.id), its only child, goes: \(claim.proof)")
    }
    if let meta = metadata[base] { metadata[base] = try meta.changed(to: .leaf) }
    metadata[overlay.id] = nil
    add(.removeOverlay, overlay.id, claim.proof)
  }

  /// What is left of an overlay of ours whose `.meta` is gone and whose base nobody names any more: it may go when the image
  /// is whole without it.
  private mutating func removeStray(_ overlay: VolumeContent, _ claim: OverlayClaim) throws(DRError) {
    var without = metadata
    without[overlay.id] = nil
    _ = try OverlayRemoval.chain(of: image.disk, metadata: without)
    metadata = without
    add(
      .removeOverlay, overlay.id,
      "\(claim.proof); nothing names it as its parent, and the image is whole without it")
  }

  private mutating func add(_ kind: RepairAct.Kind, _ volume: VolumeID, _ proof: String) {
    result.acts.append(RepairAct(kind: kind, disk: image.disk, volume: volume, proof: proof))
  }

  // MARK: Roles

  private func hasChild(_ volume: VolumeID) -> Bool { metadata.values.contains { $0.parent == volume } }

  private mutating func settleRoles() throws(DRError) {
    var restorations: [RepairAct] = []
    for volume in restored.keys.sorted() {
      guard let meta = metadata[volume], let why = restored[volume] else { continue }
      let role = meta.role == .shared ? meta.role : hasChild(volume) ? .internal : .leaf
      let settled = try meta.changed(to: role)
      metadata[volume] = settled
      restorations.append(
        RepairAct(
          kind: .restoreMetadata, disk: image.disk, volume: volume, proof: why,
          content: String(decoding: settled.bytes(as: role), as: UTF8.self)))
    }
    result.acts.insert(contentsOf: restorations, at: 0)
    guard !metadata.values.contains(where: { $0.role == .leaf }) else { return }
    try makeTheOneLeaf()
  }

  /// A base that says INTERNAL although its overlay is not there (it never arrived, or it is gone): the leaf again, as vdsm's
  /// `recheckIfLeaf` has it, if it is the only volume that can be.
  private mutating func makeTheOneLeaf() throws(DRError) {
    let childless = metadata.keys.filter { !hasChild($0) }.sorted()
    guard childless.count == 1, let only = childless.first, let meta = metadata[only] else {
      throw refusal(
        "no volume is a LEAF, and \(childless.count) could be", "nothing of this image was touched")
    }
    guard meta.role == .internal else { return }
    guard meta.image == image.disk, meta.domain == domain.id else {
      throw refusal("\(only) is no volume of this image by its .meta", "nothing of this image was touched")
    }
    let removed = Set(result.acts.filter { $0.kind == .removeOverlay }.map(\.volume))
    if let stray = image.volumes.first(where: { metadata[$0.id] == nil && !removed.contains($0.id) }) {
      throw refusal(
        "\(only) says that something stands on it; \(stray.id) might, and has no .meta",
        "if \(stray.id) is known to be worthless, move it away and repair again")
    }
    metadata[only] = try meta.changed(to: .leaf)
    let planned = domain.records.intents.last { intent in
      intent.plan?.disks.contains { $0.disk == image.disk && $0.base == only } ?? false
    }
    add(
      .makeLeaf, only,
      planned.map { "run \($0.run) put an overlay on it, which is not there" }
        ?? "no volume of the image stands on it, and every .meta can be read (vdsm's recheckIfLeaf)")
  }

  private func chain() throws(DRError) -> [VolumeID] {
    let childless = metadata.keys.filter { !hasChild($0) }.sorted()
    // A template's image has no leaf.
    if childless.count == 1, let top = childless.first, metadata[top]?.role == .shared {
      return try OverlayRemoval.chain(of: image.disk, from: top, metadata: metadata)
    }
    return try OverlayRemoval.chain(of: image.disk, metadata: metadata)
  }

  // MARK: Strangers

  /// An overlay that nobody is proved to have made is left; where the image would come up with it against what a point or a
  /// configuration says, that is a refusal.
  private mutating func refuseStrangers() throws(DRError) {
    guard let leaf = result.chain.first, claims[leaf] == nil, result.chain.count > 1 else { return }
    let sealed = domain.records.newestManifest?.point.images.first { $0.disk == image.disk }?.volume
    if let sealed, result.chain.dropFirst().contains(sealed) {
      throw refusal(
        "\(leaf) stands on \(sealed), which the newest point sealed, and nobody is proved to have made it",
        "if its snapshot is known to be worthless, merge it at the engine that imports the domain")
    }
    if !claims.named.isEmpty && !claims.named.contains(leaf) && !claims.kept.contains(leaf) {
      throw refusal(
        "\(leaf) is younger than every configuration at the secondary: whose snapshot made it can't be told",
        "a machine that is registered from such a configuration starts from \(result.chain[1]); "
          + "if the snapshot is known to be a sync tool's, merge it at the engine that imports the domain")
    }
  }
}

extension VolumeMetadata {
  func changed(to role: Role) throws(DRError) -> VolumeMetadata {
    try VolumeMetadata(bytes(as: role), path: "\(image)")
  }
}
