/// The proof that ends a divergence: every volume of the domain that is in no snapshot is compared, too. Machines that are down,
/// templates, floating disks: what a run carries and does not prove.
struct WholeProof {
  let context: RunContext

  struct Outcome: Sendable, Hashable {
    /// What is not proved, for whatever reason: nothing holds these still, so that a difference tells no side's fault.
    var unproved: [Complaint] = []
    /// What differs and never could be proved: a running machine writes to it, and the engine snapshots no such disk. Every point
    /// says so; it does not keep a destination diverged.
    var inUse: [Complaint] = []
  }

  /// A volume that could not be shown to be equal.
  struct Complaint: Sendable, Codable, Hashable {
    var path: String
    var reason: String
  }

  /// - Parameter work: proved already, with all that it stands on.
  func run(besides work: [ImageToSeal], _ images: [SealedImage]) async throws(DRError) -> Outcome {
    let layout = try await context.layout()
    let comparison = try await ContentComparison(context)
    let deadline = try await context.durable.deadline("seal.rest", "", context.policy.sealLimit)
    let paths = try await context.durable.once("seal.rest.paths") { () async throws(DRError) in
      try await volumes(layout, besides: known(work, images))
    }
    let results = try await context.durable.each(paths, limit: context.policy.concurrency) {
      (path) async throws(DRError) -> Complaint? in
      guard context.ports.clock.now < deadline else {
        throw DRError(
          .timedOut, "prove the content", path,
          reason: "the proof of the whole domain took longer than \(context.policy.sealLimit.text)")
      }
      if let known: Complaint? = try await context.durable.recall("seal.rest", path) { return known }
      let complaint = try await compare(path, comparison)
      try await context.durable.remember(complaint, "seal.rest", path)
      return complaint
    }
    var complaints: [Complaint] = []
    for result in results { if let complaint = try result.get() { complaints.append(complaint) } }
    let outcome = try await sorted(complaints, layout)
    for complaint in outcome.unproved {
      context.note(.seal, "not proved: \(complaint.path): \(complaint.reason)")
    }
    for complaint in outcome.inUse {
      context.note(
        .seal,
        "written by a running machine and never snapshotted, so not proved: \(complaint.path): \(complaint.reason)"
      )
    }
    context.note(
      .seal, "besides the point's images \(paths.count) volume(s) compared, \(complaints.count) not proved")
    return outcome
  }

  private func sorted(_ complaints: [Complaint], _ layout: DomainLayout) async throws(DRError) -> Outcome {
    if complaints.isEmpty { return Outcome() }
    let domain = try await context.domain().id
    let written = try await context.durable.once("seal.rest.in-use") { () async throws(DRError) in
      try await Self.written(Inventory(engine: context.ports.engine).look(at: domain))
    }
    var outcome = Outcome()
    for complaint in complaints {
      if written.contains(where: { complaint.path.hasPrefix(layout.image($0) + "/") }) {
        outcome.inUse.append(complaint)
      } else {
        outcome.unproved.append(complaint)
      }
    }
    return outcome
  }

  /// The disks that no run can hold still while their machines run. A machine that runs, and could have been snapshotted, is not
  /// among them: it started after the cut, and the next repair snapshots it.
  static func written(_ inventory: [(VirtualMachine, [AttachedDisk])]) -> [DiskID] {
    let disks = inventory.filter { $0.0.status.mayWrite }.flatMap { machine, disks in
      disks.filter { $0.isActive && !$0.isReadOnly && ($0.isShareable || machine.isHostedEngine) }.map(\.id)
    }
    return Set(disks).sorted()
  }

  private func compare(
    _ path: String, _ comparison: ContentComparison
  ) async throws(DRError) -> Complaint? {
    switch try await comparison.run(path) {
    case .same: return nil
    case .differs(let reason): return Complaint(path: path, reason: reason)
    }
  }

  private func known(_ work: [ImageToSeal], _ images: [SealedImage]) -> Set<String> {
    var known: Set<String> = []
    for image in work { known.insert("\(image.disk.disk)/\(image.disk.overlay)") }
    for image in images {
      for volume in [image.volume] + (image.below ?? []).map(\.volume) {
        known.insert("\(image.disk)/\(volume)")
      }
    }
    return known
  }

  /// Sorted, so that every incarnation sees the same.
  private func volumes(
    _ layout: DomainLayout, besides known: Set<String>
  ) async throws(DRError) -> [String] {
    try await withView(of: try await context.ports.primary.view()) { (view) async throws(DRError) in
      var paths: [String] = []
      for name in try await view.list(layout.images) ?? [] {
        guard let disk = DiskID(name) else { continue }
        let metadata = try await ImageRepair(view: view, layout: layout).metadata(of: disk)
        for (volume, description) in metadata.sorted(by: { $0.key < $1.key })
        // The engine writes OVF_STOREs anew when it likes; the manifest's configurations are what to trust.
        where description.diskType != "OVFS" && !known.contains("\(disk)/\(volume)") {
          paths.append(layout.volume(volume, of: disk))
        }
      }
      return paths.sorted()
    }
  }
}
