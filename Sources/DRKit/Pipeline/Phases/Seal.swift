/// At the secondary: prove that the data came, remove the overlays, make the bases leaves again, prove the content.
struct SealPhase {
  let context: RunContext

  init(_ context: RunContext) { self.context = context }

  func run(
    _ quiesced: Quiesced, _ nonces: [Nonce], _ configurations: [DescribePhase.Configuration]
  ) async throws(DRError) -> RecoveryPoint {
    try await context.phase(.seal) { () async throws(DRError) in
      let work = quiesced.machines.flatMap { machine in
        machine.disks.map { ImageToSeal(machine: machine, disk: $0) }
      }
      try await proveArrival(nonces)
      let gate = SecondaryGate(context: context)
      // Once the manifest stands nothing at the secondary is changed any more.
      if try await context.durable.recall("seal.manifest", as: Bool.self) == nil { try await gate.open() }
      if context.repairs { try await StaleOverlays(context: context).remove() }
      let kept = try await repair(work)
      let (images, unheld) = try await prove(
        work.filter { image in !kept.contains { $0.machine == image.machine.id } })
      var unproved =
        context.repairs ? try await WholeProof(context: context).run(besides: work, images).unproved : []
      if try await context.durable.recall("seal.manifest", as: Bool.self) == nil {
        try await gate.proveIdle()
      }
      let point = try await context.durable.once("seal.point") { () async throws(DRError) in
        try await SealVerdicts(context: context, quiesced: quiesced, outs: kept + unheld).point(
          of: images, undescribed: undescribed(quiesced.machines, configurations),
          healed: context.repairs && unproved.isEmpty)
      }
      // A machine that is in no point proves nothing about its images.
      unproved += (point.machines ?? []).filter { $0.grade == .notInPoint }.map {
        WholeProof.Complaint(path: $0.name, reason: $0.remarks.joined(separator: ", "))
      }
      try await writeManifest(point, configurations)
      try await prune(gate)
      try await context.durable.once("seal.recorded") { () async throws(DRError) in
        try await context.ports.catalogue.save(point)
      }
      if context.repairs { try await settle(unproved) }
      let bytes = point.images.reduce(0) { $0 + $1.digest.size }
      let weakest = ContentProof.weakest(point.images.compactMap(\.proof))
      let how =
        weakest.map { $0.level == .sampled ? "of equal size and equal in samples; \($0)" : nil } ?? nil
      return (
        point,
        note: "\(point.images.count) image(s) proved, \(bytes >> 20) MiB \(how ?? "equal on both sides")"
      )
    }
  }

  /// The end of a repair: all of the domain that can be proved is, or the mark stays and says what is not.
  private func settle(_ unproved: [WholeProof.Complaint]) async throws(DRError) {
    let catalogue = context.ports.catalogue
    let key = context.target.key
    try await context.durable.once("seal.settled") { () async throws(DRError) in
      guard let first = unproved.first else { return try await catalogue.clearDivergence(of: key) }
      guard var mark = try await catalogue.divergence(of: key) else { return }
      mark.image = first.path
      mark.reason = "a repair could not prove it and \(unproved.count - 1) other volume(s): \(first.reason)"
      try await catalogue.save(mark)
    }
  }

  /// Nothing at the secondary is touched before every subvolume's nonce is there: a completed checkpoint does not prove
  /// that data arrived (rsync 3.5.0 copied nothing and the checkpoint said Yes).
  private func proveArrival(_ nonces: [Nonce]) async throws(DRError) {
    try await context.durable.once("seal.arrived") { () async throws(DRError) in
      let arrival = NonceArrival(
        context: context, pass: ReplicatePhase.pass, nonces: nonces, written: context.ports.clock.now)
      guard let (nonce, complaint) = try await arrival.complaint(try await context.ports.secondary.view())
      else { return }
      throw DRError(
        .disproved, "prove that the data arrived", "nonce \(nonce.path) of subvolume \(nonce.subvolume)",
        reason: "\(complaint), although the checkpoint says complete",
        remedy: "check rsync on the primary nodes and gsyncd.log; nothing at the secondary was changed")
    }
  }

  /// - Returns: The machines that are out, since an image of theirs stays as it is: something that is not ours stands on our
  ///   overlay, or the image is not in order and its machine's snapshot did not stand.
  private func repair(_ work: [ImageToSeal]) async throws(DRError) -> [MachineOut] {
    let layout = try await context.layout()
    let durable = context.durable
    let results = try await durable.each(
      work, limit: context.policy.concurrency, stopsAtFailure: true
    ) { (image) async throws(DRError) -> MachineOut? in
      let item = image.disk.disk.description
      if try await durable.recall("seal.repaired", item, as: Bool.self) != nil { return nil }
      if let reason: String = try await durable.recall("seal.kept", item) { return image.out(reason) }
      let complaint: String?
      do throws(DRError) {
        complaint = try await durable.retrying { () async throws(DRError) in
          try await SecondaryGate(context: context).proveStopped()
          return try await withView(of: try await context.ports.secondary.view()) {
            (view) async throws(DRError) in
            try await OrphanedMetadata(context: context, layout: layout).remove(from: view, image.disk)
            return try await ImageRepair(view: view, layout: layout).removeOverlay(image.disk)
          }
        }
      } catch {
        complaint = try await excuse(error, of: image)
      }
      guard let complaint else {
        try await durable.remember(true, "seal.repaired", item)
        return nil
      }
      let reason = "\(image.disk.alias): \(complaint)"
      try await durable.remember(reason, "seal.kept", item)
      context.note(.seal, "\(image.machine.name) is left out, nothing of this image is deleted: \(reason)")
      return image.out(reason)
    }
    var kept: [MachineOut] = []
    for result in results { if let out = try result.get() { kept.append(out) } }
    return kept
  }

  /// An image whose base did not stand still says nothing, for or against what arrived: its machine is out, the run goes on.
  /// - Throws: the error itself when the base did stand still, or when it says nothing of the image.
  private func excuse(_ error: DRError, of image: ImageToSeal) async throws(DRError) -> String {
    guard error.kind == .disproved || error.kind == .diverged,
      let complaint = try await SealVerdicts.stand(of: image.machine, context).complaint
    else { throw error }
    return complaint
  }

  /// Sizes and digests of every frozen base through views made after the repair, at both sides.
  /// - Returns: what is proved, and the machines whose bases did not stand still meanwhile.
  private func prove(
    _ work: [ImageToSeal]
  ) async throws(DRError) -> (images: [SealedImage], unheld: [MachineOut]) {
    let layout = try await context.layout()
    let comparison = try await ContentComparison(context)
    let durable = context.durable
    let deadline = try await durable.deadline("seal.prove", "", context.policy.sealLimit)
    let results = try await durable.each(
      work, limit: context.policy.concurrency, stopsAtFailure: true
    ) { (image) async throws(DRError) -> Proof in
      let now = context.ports.clock.now
      guard now < deadline else {
        throw DRError(
          .timedOut, "prove the content", image.name,
          reason: "the proof of all images took longer than \(context.policy.sealLimit.text)")
      }
      context.ports.observer.observe(
        .waiting(.seal, reason: "both sides' digests of \(image.name)", deadline: deadline), at: now)
      let item = image.disk.disk.description
      if let known: SealedImage = try await durable.recall("seal.proved", item) { return .sealed(known) }
      if let reason: String = try await durable.recall("seal.unheld", item) { return .out(image.out(reason)) }
      do throws(DRError) {
        // Each look is tried again by itself: together they take hours.
        let sealed = try await prove(image, layout, comparison)
        try await durable.remember(sealed, "seal.proved", item)
        return .sealed(sealed)
      } catch {
        let reason = try await excuse(error, of: image)
        try await durable.remember(reason, "seal.unheld", item)
        return .out(image.out(reason))
      }
    }
    var (images, unheld): ([SealedImage], [MachineOut]) = ([], [])
    for result in results {
      switch try result.get() {
      case .sealed(let image): images.append(image)
      case .out(let out): unheld.append(out)
      }
    }
    return (images, unheld)
  }

  private enum Proof: Sendable {
    case sealed(SealedImage)
    case out(MachineOut)
  }

  /// The base and, since a leaf is no better than what it stands on, every volume below it.
  private func prove(
    _ image: ImageToSeal, _ layout: DomainLayout, _ comparison: ContentComparison
  ) async throws(DRError) -> SealedImage {
    let disk = image.disk.disk
    let ours = try await context.durable.retrying { () async throws(DRError) in
      try await chain(image, layout, try await context.ports.primary.view())
    }
    let theirs = try await context.durable.retrying { () async throws(DRError) in
      try await chain(image, layout, try await context.ports.secondary.view())
    }
    guard ours == theirs else {
      let (there, here) = (theirs.map(\.description), ours.map(\.description))
      throw diverged(
        image, layout.image(disk),
        "the chain is \(there.joined(separator: " on ")) there, \(here.joined(separator: " on ")) here")
    }
    var below: [SealedVolume] = []
    for volume in ours.dropFirst().reversed() {
      let step = "seal.proved.below"
      let item = "\(disk)/\(volume)"
      var digest: FileDigest? = try await context.durable.recall(step, item)
      if digest == nil {
        let fresh = try await compare(image, layout.volume(volume, of: disk), comparison)
        try await context.durable.remember(fresh, step, item)
        digest = fresh
      }
      if let digest { below.insert(SealedVolume(volume: volume, digest: digest), at: 0) }
    }
    let digest = try await compare(image, layout.volume(image.disk.base, of: disk), comparison)
    let proof = ContentProof.weakest(below.map { ContentProof($0.digest) } + [ContentProof(digest)])
    let words = proof.map { $0.level == .sampled ? ", \($0)" : "" } ?? ""
    context.note(.seal, "\(image.name): \(digest.size) bytes, sha256 \(digest.sha256.prefix(16))…\(words)")
    return SealedImage(
      machine: image.machine.id, disk: disk, volume: image.disk.base, digest: digest, below: below,
      proof: proof)
  }

  private func chain(
    _ image: ImageToSeal, _ layout: DomainLayout, _ view: any VolumeView
  ) async throws(DRError) -> [VolumeID] {
    try await withView(of: view) { (view) async throws(DRError) in
      try await ImageRepair(view: view, layout: layout).chain(below: image.disk.base, of: image.disk.disk)
    }
  }

  /// The error of an image that differs; whether the copy or the primary is to blame is for `excuse` to say.
  private func diverged(_ image: ImageToSeal, _ path: String, _ reason: String) -> DRError {
    DRError(
      .diverged, "prove the content", "\(image.name) (\(path))", reason: reason,
      remedy: "a lost or changed shard never heals by itself: drctl repair \(context.target.key)")
  }

  /// The digest that both sides agree on.
  private func compare(
    _ image: ImageToSeal, _ path: String, _ comparison: ContentComparison
  ) async throws(DRError) -> FileDigest {
    switch try await comparison.run(path) {
    case .same(let digest): return digest
    case .differs(let reason): throw diverged(image, path, reason)
    }
  }

  /// Machines that are in the cut and whose configuration was not taken: they appeared after it was.
  private func undescribed(
    _ machines: [MachinePlan], _ configurations: [DescribePhase.Configuration]
  ) -> [MachinePlan] {
    let known = Set(configurations.map(\.machine))
    return machines.filter { !known.contains($0.id) }
  }

  private func writeManifest(
    _ point: RecoveryPoint, _ configurations: [DescribePhase.Configuration]
  ) async throws(DRError) {
    let layout = try await context.layout()
    let intent: Intent? = try await context.durable.recall(IntentWriting.step(.replicate))
    let manifest = Manifest(
      point: point, configurations: configurations, predecessor: intent?.predecessor?.run)
    let bytes = try JournalCoding.encode(manifest, for: "manifest")
    try await context.durable.once("seal.manifest") { () async throws(DRError) in
      try await SecondaryGate(context: context).proveStopped()
      try await withView(of: try await context.ports.secondary.view()) { (view) async throws(DRError) in
        try await view.replace(layout.manifest(context.run), with: bytes)
      }
    }
  }

  /// The point stands by now: what can't be removed stays until the next time.
  private func prune(_ gate: SecondaryGate) async throws(DRError) {
    let domain = try await context.domain().id
    let step = "seal.pruned"
    if try await context.durable.recall(step, as: Bool.self) != nil { return }
    do throws(DRError) {
      // An incarnation that begins here has not asked yet.
      try await gate.proveIdle()
      let view = try await context.durable.patient(context.ports.secondary.view)
      try await withView(of: view) { (view) async throws(DRError) in
        let directory = PointRecords.directory(domain)
        let names = try await view.list(directory) ?? []
        let records = try await PointRecords.readIntents(view, domain)
        for name in RecordPruning.superfluous(records, sealing: context.run, names: names) {
          try await view.remove("\(directory)/\(name)")
        }
      }
      try await context.durable.remember(true, step)
    } catch {
      if error.endsIncarnation { throw error }
      context.note(.seal, "old records at the secondary could not be removed: \(error.reason)")
    }
  }
}

struct ImageToSeal: Sendable {
  var machine: MachinePlan
  var disk: DiskPlan
  var name: String { "\(machine.name)/\(disk.alias)" }

  func out(_ reason: String) -> MachineOut { MachineOut(machine: machine.id, reason: reason) }
}
