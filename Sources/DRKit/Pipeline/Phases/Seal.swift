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
      try await gate.open()
      try await repair(work)
      let images = try await prove(work)
      let point = try await context.durable.once("seal.point") { () async throws(DRError) in
        RecoveryPoint(
          run: context.run, key: context.target.key, instant: quiesced.instant,
          sealed: context.ports.clock.now,
          images: images, notInPoint: quiesced.notInPoint, leftOut: quiesced.leftOut)
      }
      try await writeManifest(point, configurations)
      try await gate.close()
      try await context.durable.once("seal.recorded") { () async throws(DRError) in
        try await context.ports.catalogue.save(point)
      }
      let bytes = images.reduce(0) { $0 + $1.digest.size }
      return (point, note: "\(images.count) image(s) proved, \(bytes >> 20) MiB equal on both sides")
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

  private func repair(_ work: [ImageToSeal]) async throws(DRError) {
    let layout = try await context.layout()
    let results = try await context.durable.each(work, limit: context.policy.concurrency) {
      (image) async throws(DRError) in
      try await context.durable.once("seal.repaired", image.disk.disk.description) {
        () async throws(DRError) in
        try await withView(of: try await context.ports.secondary.view()) { (view) async throws(DRError) in
          try await ImageRepair(view: view, layout: layout).removeOverlay(image.disk)
        }
      }
    }
    for result in results { try result.get() }
  }

  /// Sizes and digests of every frozen base through views made after the repair, at both sides.
  private func prove(_ work: [ImageToSeal]) async throws(DRError) -> [SealedImage] {
    let layout = try await context.layout()
    let results = try await context.durable.each(work, limit: context.policy.concurrency) {
      (image) async throws(DRError) in
      try await context.durable.once("seal.proved", image.disk.disk.description) { () async throws(DRError) in
        try await prove(image, layout)
      }
    }
    var images: [SealedImage] = []
    for result in results { images.append(try result.get()) }
    return images
  }

  private func prove(_ image: ImageToSeal, _ layout: DomainLayout) async throws(DRError) -> SealedImage {
    let path = layout.volume(image.disk.base, of: image.disk.disk)
    func disproved(_ reason: String) -> DRError {
      DRError(
        .disproved, "prove the content", "\(image.name) (\(path))", reason: reason,
        remedy: "the secondary's image is not the primary's: a lost or changed shard never heals by itself")
    }
    async let here = digest(of: path, try await context.ports.primary.view())
    async let there = digest(of: path, try await context.ports.secondary.view())
    let (ours, theirs): (FileDigest?, FileDigest?)
    do { (ours, theirs) = (try await here, try await there) } catch { throw error as? DRError ?? .stopped }
    guard let ours else { throw disproved("the frozen base does not exist at the primary") }
    guard let theirs else { throw disproved("the image does not exist at the secondary") }
    guard ours.size == theirs.size else { throw disproved("\(theirs.size) bytes there, \(ours.size) here") }
    guard ours.sha256 == theirs.sha256 else {
      throw disproved("digest \(theirs.sha256.prefix(16))… there, \(ours.sha256.prefix(16))… here")
    }
    context.note(.seal, "\(image.name): \(ours.size) bytes, sha256 \(ours.sha256)")
    return SealedImage(
      machine: image.machine.id, disk: image.disk.disk, volume: image.disk.base, digest: ours)
  }

  private func digest(of path: String, _ view: any VolumeView) async throws(DRError) -> FileDigest? {
    try await withView(of: view) { (view) async throws(DRError) in try await view.digest(of: path) }
  }

  private func writeManifest(
    _ point: RecoveryPoint, _ configurations: [DescribePhase.Configuration]
  ) async throws(DRError) {
    let layout = try await context.layout()
    let manifest = Manifest(point: point, configurations: configurations)
    let bytes = try JournalCoding.encode(manifest, for: "manifest")
    try await context.durable.once("seal.manifest") { () async throws(DRError) in
      try await withView(of: try await context.ports.secondary.view()) { (view) async throws(DRError) in
        try await view.replace(layout.manifest(context.run), with: bytes)
      }
    }
  }
}

struct ImageToSeal: Sendable {
  var machine: MachinePlan
  var disk: DiskPlan
  var name: String { "\(machine.name)/\(disk.alias)" }
}

/// What the secondary itself carries of a point: recovery must not need the primary's journal.
struct Manifest: Sendable, Codable {
  var format = 1
  var point: RecoveryPoint
  var configurations: [DescribePhase.Configuration]
}
