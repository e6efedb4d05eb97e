/// A `.meta` at the secondary whose volume is gone at both sides.
///
/// A seal writes the `.meta` of a base anew, which makes it another file for Gluster. When the primary's volume goes later,
/// because somebody removes the snapshot whose volume the base was, gsyncd removes the secondary's volume and leaves this
/// `.meta`: a name that leads to another gfid is none of its business (`purge` in gsyncd's `resource.py`). vdsm lists
/// volumes by their `.meta`, so what is left would stand in the way of each later run, and of an import.
struct OrphanedMetadata: Sendable {
  let context: RunContext
  let layout: DomainLayout

  /// Removes it, with its `.lease`, if the primary has neither the volume nor its `.meta`.
  func remove(from view: any VolumeView, _ plan: DiskPlan) async throws(DRError) {
    let there = try await view.list(layout.image(plan.disk)) ?? []
    let orphans = there.filter { $0.hasSuffix(".meta") }.compactMap { VolumeID($0.dropLast(5)) }
      .filter { $0 != plan.base && $0 != plan.overlay && !there.contains($0.description) }
    guard !orphans.isEmpty else { return }
    let primary = try await context.ports.primary.view()
    let here = try await withView(of: primary) { (view) async throws(DRError) in
      try await view.list(layout.image(plan.disk)) ?? []
    }
    for orphan in orphans where !here.contains(orphan.description) && !here.contains("\(orphan).meta") {
      context.note(
        .seal, "\(plan.alias): the .meta of \(orphan) is removed: its volume is gone at both sides")
      try await view.remove(layout.meta(orphan, of: plan.disk))
      try await view.remove(layout.lease(orphan, of: plan.disk))
    }
  }
}
