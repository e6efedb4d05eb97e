/// What earlier runs' overlays left at the secondary of a session that was created anew: a crawl of everything makes what is missing
/// and removes nothing, so that a removal of which the old session had not yet told would never come. An image with such a
/// volume beside its leaf can't be sealed.
///
/// Removed is only what is ours beyond doubt: its id is derived from a run in the catalogue and this very disk, the primary
/// has no file of that name any more, and nothing at the secondary stands on it.
struct StaleOverlays {
  let context: RunContext

  func remove() async throws(DRError) {
    let step = "seal.stale"
    if try await context.durable.recall(step, as: Bool.self) != nil { return }
    let layout = try await context.layout()
    let runs = try await context.durable.retrying { () async throws(DRError) in
      try await context.ports.catalogue.runs(context.target.key, limit: 10_000)
    }.map(\.id).filter { $0 != context.run }
    let disks = try await context.durable.retrying { () async throws(DRError) in
      try await withView(of: try await context.ports.secondary.view()) { (view) async throws(DRError) in
        try await view.list(layout.images) ?? []
      }
    }.compactMap { DiskID($0) }
    for disk in disks {
      let stale = try await stale(disk, runs, layout)
      for volume in stale {
        context.note(
          .seal, "\(layout.volume(volume, of: disk)) is an earlier run's overlay that stayed: it is removed")
        try await context.durable.retrying { () async throws(DRError) in
          try await withView(of: try await context.ports.secondary.view()) { (view) async throws(DRError) in
            // As ever: volumes are listed by their `.meta`.
            try await view.remove(layout.meta(volume, of: disk))
            try await view.remove(layout.volume(volume, of: disk))
            try await view.remove(layout.lease(volume, of: disk))
          }
        }
      }
    }
    try await context.durable.remember(true, step)
  }

  /// Sorted.
  private func stale(_ disk: DiskID, _ runs: [RunID], _ layout: DomainLayout) async throws(DRError)
    -> [VolumeID]
  {
    let directory = layout.image(disk)
    let here = try await context.durable.retrying { () async throws(DRError) in
      try await withView(of: try await context.ports.primary.view()) { (view) async throws(DRError) in
        try await view.list(directory)
      }
    }
    // A disk that the primary does not have any more is nobody's business here.
    guard let here else { return [] }
    let (there, parents, unread) = try await context.durable.retrying { () async throws(DRError) in
      try await withView(of: try await context.ports.secondary.view()) { (view) async throws(DRError) in
        try await Self.volumes(view, layout, disk)
      }
    }
    let known = Set(here.compactMap(Self.volume))
    let strays = there.filter { !known.contains($0) && !parents.contains($0) }
    if strays.isEmpty { return [] }
    var derived: Set<VolumeID> = []
    for run in runs {
      for attempt in 1...8 { derived.insert(Derived.overlay(run: run, disk: disk, attempt: attempt)) }
    }
    let ours = strays.filter(derived.contains)
    if let unread, !ours.isEmpty {
      context.note(.seal, "an earlier run's overlay stays: it can't be told what stands on it: \(unread)")
      return []
    }
    return ours
  }

  /// The volumes that any file of the image names, those that a `.meta` names as a parent, and why one could not be read.
  private static func volumes(
    _ view: any VolumeView, _ layout: DomainLayout, _ disk: DiskID
  ) async throws(DRError) -> (there: [VolumeID], parents: Set<VolumeID>, unread: DRError?) {
    var there: Set<VolumeID> = []
    var parents: Set<VolumeID> = []
    var unread: DRError?
    for name in try await view.list(layout.image(disk)) ?? [] {
      guard let volume = volume(of: name) else { continue }
      there.insert(volume)
      let path = "\(layout.image(disk))/\(name)"
      // One that arrived empty names nobody.
      guard name.hasSuffix(".meta"), let bytes = try await view.read(path), !bytes.isEmpty else { continue }
      do throws(DRError) {
        parents.insert(try VolumeMetadata(bytes, path: path).parent)
      } catch {
        unread = error
      }
    }
    return (there.sorted(), parents, unread)
  }

  /// `ID`, `ID.meta`, `ID.lease`.
  private static func volume(of name: String) -> VolumeID? {
    VolumeID(name.prefix { $0 != "." })
  }
}
