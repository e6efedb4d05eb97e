/// One thing that preflight looked at.
public struct PreflightFinding: Hashable, Sendable, Codable {
  public enum Grade: String, Hashable, Sendable, Codable {
    case ok, warning, unfit
  }

  /// A stable word: `sharding`, `capacity`, …
  public var check: String
  public var grade: Grade
  /// What was found.
  public var text: String
  /// What to do about it; empty when all is well.
  public var remedy: String

  public init(_ check: String, _ grade: Grade, _ text: String, remedy: String = "") {
    self.check = check
    self.grade = grade
    self.text = text
    self.remedy = remedy
  }
}

/// Looks at everything that a run needs, and changes nothing.
public struct PreflightCheck: Sendable {
  let ports: SyncPorts
  let target: SyncTarget
  let policy: SyncPolicy
  /// How patiently each single question is asked: a person who waits for the answer wants to hear at once that the engine is
  /// down, a run does not give up for it.
  let patience: RetryPolicy

  public init(
    ports: SyncPorts, target: SyncTarget, policy: SyncPolicy, patience: RetryPolicy = RetryPolicy(attempts: 1)
  ) {
    self.ports = ports
    self.target = target
    self.policy = policy
    self.patience = patience
  }

  private func ask<T>(_ question: () async throws(DRError) -> T) async throws(DRError) -> T {
    try await patience.retrying(ports.clock, ports.observer, question)
  }

  /// Every finding, the good ones too.
  /// - Throws: what a port throws, when it can't be asked at all.
  public func findings() async throws(DRError) -> [PreflightFinding] {
    let domain = try await ask { () async throws(DRError) in
      try await ports.engine.storageDomain(target.domain)
    }
    let primary = try await ask { () async throws(DRError) in try await ports.georep.primaryGeometry() }
    let secondary = try await ask { () async throws(DRError) in try await ports.cluster.geometry() }
    let rows = try await ask { () async throws(DRError) in try await ports.georep.status() }
    let sender = try await ask { () async throws(DRError) in try await ports.georep.dataMover() }
    let receiver = try await ask { () async throws(DRError) in try await ports.cluster.dataMover() }
    return [
      domainMatches(domain), session(rows, primary), started(primary), started(secondary),
      sharding(primary, secondary), dataMovers(sender, receiver), try await silence(rows, secondary),
    ] + (try await content(domain)) + (try await divergence()) + (try await bandwidth(primary))
  }

  /// Only where there is a limit, or one to take away: without, nobody asks for the session's options.
  private func bandwidth(_ primary: VolumeGeometry) async throws(DRError) -> [PreflightFinding] {
    let memory = try await ask { () async throws(DRError) in
      try await ports.catalogue.rsyncLimit(of: target.key)
    }
    guard policy.bandwidth != nil || memory != nil else { return [] }
    let settings = try await ask { () async throws(DRError) in try await ports.georep.settings() }
    let plan = LimitPlan(
      target.key, settings, subvolumes: primary.subvolumes.count, rate: policy.bandwidth, memory: memory)
    return [plan.finding]
  }

  /// Only a mark is worth a line: that there is none proves nothing.
  private func divergence() async throws(DRError) -> [PreflightFinding] {
    let mark = try await ask { () async throws(DRError) in
      try await ports.catalogue.divergence(of: target.key)
    }
    guard let mark else { return [] }
    return [
      PreflightFinding(
        "diverged", .warning, "the destination is \(mark); every byte is compared until it is repaired",
        remedy: "drctl repair \(target.key)")
    ]
  }

  private func domainMatches(_ domain: StorageDomain) -> PreflightFinding {
    let volume = ports.georep.session.primaryVolume
    guard domain.storageType == "glusterfs" else {
      return PreflightFinding(
        "storage-domain", .unfit, "\(domain.name) is a \(domain.storageType) domain",
        remedy: "drkit protects glusterfs domains only")
    }
    guard domain.volume == volume else {
      return PreflightFinding(
        "storage-domain", .unfit,
        "\(domain.name) lives on volume \(domain.volume), the session replicates \(volume)",
        remedy: "name the session of \(domain.volume) in the configuration")
    }
    return PreflightFinding(
      "storage-domain", .ok, "\(domain.name) lives on \(domain.address):/\(domain.volume)")
  }

  private func session(_ rows: [WorkerStatus], _ primary: VolumeGeometry) -> PreflightFinding {
    guard !primary.subvolumes.isEmpty else {
      return PreflightFinding(
        "session", .unfit, "no brick of \(primary.name) is known",
        remedy: "gluster volume info \(primary.name)")
    }
    for (index, bricks) in primary.subvolumes.enumerated()
    where !rows.contains(where: { bricks.contains($0.brick) }) {
      return PreflightFinding(
        "session", .unfit,
        "no status row for subvolume \(index) (\(bricks.map(\.description).joined(separator: ", ")))",
        remedy: "bring its node back; a session that misses a subvolume misses a part of every image")
    }
    if rows.contains(where: { $0.state == .paused }) {
      return PreflightFinding(
        "session", .unfit, "the session is paused",
        remedy: "gluster volume geo-replication \(primary.name) … resume, then stop")
    }
    if rows.contains(where: { $0.state != .stopped && $0.state != .created }) {
      return PreflightFinding(
        "session", .warning, "the session is running; the run will stop it first",
        remedy: "let drkit alone start and stop this session")
    }
    return PreflightFinding("session", .ok, "\(ports.georep.session), \(rows.count) worker row(s)")
  }

  private func silence(
    _ rows: [WorkerStatus], _ secondary: VolumeGeometry
  ) async throws(DRError) -> PreflightFinding {
    guard rows.allSatisfy({ $0.state == .stopped || $0.state == .created }) else {
      return PreflightFinding("secondary-silent", .ok, "not looked at while the session runs")
    }
    let silence = SecondarySilence(
      volume: ports.secondary, cluster: ports.cluster, known: policy.knownClients)
    guard let complaint = try await ask({ () async throws(DRError) in try await silence.complaint() })
    else {
      return PreflightFinding("secondary-silent", .ok, "nobody is connected to \(secondary.name)")
    }
    return PreflightFinding(
      "secondary-silent", .unfit, "the session is stopped, but \(complaint)", remedy: SecondarySilence.remedy)
  }

  private func started(_ volume: VolumeGeometry) -> PreflightFinding {
    volume.isStarted
      ? PreflightFinding("volume", .ok, "\(volume.name) is started, \(volume.subvolumes.count) subvolume(s)")
      : PreflightFinding(
        "volume", .unfit, "\(volume.name) is not started", remedy: "gluster volume start \(volume.name)")
  }

  private func sharding(_ primary: VolumeGeometry, _ secondary: VolumeGeometry) -> PreflightFinding {
    switch (primary.shardSize, secondary.shardSize) {
    case (nil, nil): return PreflightFinding("sharding", .ok, "both volumes unsharded")
    case (let a?, let b?) where a == b:
      return PreflightFinding("sharding", .ok, "both sharded at \(a >> 20) MiB")
    case (let a?, let b?):
      return PreflightFinding(
        "sharding", .warning, "shards of \(a >> 20) MiB here and \(b >> 20) MiB there",
        remedy: "equal sizes are advised")
    default:
      return PreflightFinding(
        "sharding", .unfit, "only one of the volumes is sharded",
        remedy: "set features.shard alike on both, before there is data on them")
    }
  }

  /// Both ends: the one that receives is the one that was seen to write nothing.
  private func dataMovers(_ sender: DataMover, _ receiver: DataMover) -> PreflightFinding {
    for (mover, site) in [(sender, "primary"), (receiver, "secondary")] {
      guard let defect = mover.defect else { continue }
      return PreflightFinding(
        "rsync", .unfit, "\(mover.version), at the \(site): \(defect)",
        remedy: "install rsync 3.2.7 on every \(site) node and hold the package")
    }
    return PreflightFinding("rsync", .ok, "\(sender.version); at the secondary \(receiver.version)")
  }

  /// Through fresh views of both volumes: room, and whose domain the secondary's copy is.
  private func content(_ domain: StorageDomain) async throws(DRError) -> [PreflightFinding] {
    let here = try await ask { () async throws(DRError) in
      try await withView(of: ports.primary.view()) { (view) async throws(DRError) in
        try await Side(view, domain.id)
      }
    }
    let there = try await ask { () async throws(DRError) in
      try await withView(of: ports.secondary.view()) { (view) async throws(DRError) in
        try await Side(view, domain.id)
      }
    }
    return [
      capacity(here.space, there.space), overlayRoom(here.space),
      try await ownership(here.pools, there.pools), digests(here.digests, there.digests),
    ]
  }

  /// Whose the secondary's copy is, through fresh views: also asked again right before each thing that would change it.
  func ownership(of domain: StorageDomainID) async throws(DRError) -> PreflightFinding {
    let path = DomainLayout(domain).metadata
    let here = try await ask { () async throws(DRError) in
      try await withView(of: ports.primary.view()) { (view) async throws(DRError) in
        try await view.read(path).flatMap(DomainMetadata.pools)
      }
    }
    let there = try await ask { () async throws(DRError) in
      try await withView(of: ports.secondary.view()) { (view) async throws(DRError) in
        try await view.read(path).flatMap(DomainMetadata.pools)
      }
    }
    return try await ownership(here, there)
  }

  private struct Side: Sendable {
    let space: VolumeSpace
    let pools: [String]?
    let digests: Result<String, DRError>

    init(_ view: any VolumeView, _ domain: StorageDomainID) async throws(DRError) {
      space = try await view.space()
      pools = try await view.read(DomainLayout(domain).metadata).flatMap(DomainMetadata.pools)
      do throws(DRError) {
        digests = .success(try await view.checkDigests())
      } catch {
        guard error.kind == .unfit || error.kind == .malformed else { throw error }
        digests = .failure(error)
      }
    }
  }

  /// A program that is missing would be missed only when everything else is done.
  private func digests(
    _ here: Result<String, DRError>, _ there: Result<String, DRError>
  ) -> PreflightFinding {
    var ways: [String] = []
    for (side, result) in [("here", here), ("there", there)] {
      switch result {
      case .success(let way): ways.append("\(side) \(way)")
      case .failure(let error):
        return PreflightFinding(
          "verify", .unfit, "\(side): \(error.subject): \(error.reason)", remedy: error.remedy)
      }
    }
    let text = ways.joined(separator: ", ")
    switch policy.verify {
    case .full: return PreflightFinding("verify", .ok, "every byte, \(text)")
    case .sampled(let blocks):
      return PreflightFinding(
        "verify", .warning, "\(blocks) shards of each volume, \(text)",
        remedy: "a lost shard is seen only if it is drawn: verify: full compares every byte")
    }
  }

  private func capacity(_ here: VolumeSpace, _ there: VolumeSpace) -> PreflightFinding {
    let used = here.total - here.available
    guard there.total >= used else {
      return PreflightFinding(
        "capacity", .unfit,
        "the secondary holds \(there.total >> 20) MiB in all, \(used >> 20) MiB are in use here",
        remedy: "enlarge the secondary volume")
    }
    return PreflightFinding("capacity", .ok, "\(used >> 20) MiB in use here, \(there.total >> 20) MiB there")
  }

  private func overlayRoom(_ here: VolumeSpace) -> PreflightFinding {
    let needed = here.total / 100 * Int64(policy.overlayReserve)
    guard here.available >= needed else {
      return PreflightFinding(
        "overlay-room", .unfit,
        "\(here.available >> 20) MiB free, \(needed >> 20) MiB (\(policy.overlayReserve) %) wanted",
        remedy: "overlays grow while a run lasts: free space on the primary volume, or lower overlay-reserve")
    }
    return PreflightFinding("overlay-room", .ok, "\(here.available >> 20) MiB free for overlays")
  }

  /// A domain attached to another pool at the secondary is *live* there: a run would overwrite it.
  private func ownership(_ here: [String]?, _ there: [String]?) async throws(DRError) -> PreflightFinding {
    guard let there else {
      return PreflightFinding("secondary-idle", .ok, "the domain has not arrived at the secondary yet")
    }
    if here == there { return PreflightFinding("secondary-idle", .ok, "not attached elsewhere") }
    if there.isEmpty {
      // Before the first point nothing of ours was there to be attached.
      let isFresh = try await ports.catalogue.newestPoint(target.key) == nil
      if isFresh || policy.overwritesDetached {
        return PreflightFinding("secondary-idle", .ok, "attached nowhere at the secondary")
      }
      return PreflightFinding(
        "secondary-idle", .unfit, "the secondary's copy was attached to another engine, and detached since",
        remedy:
          "its machines may have run there: if what they wrote may be lost, sync once with --overwrite-detached"
      )
    }
    guard here != nil else {
      return PreflightFinding(
        "secondary-idle", .unfit, "the primary's own dom_md/metadata names no pool to compare with",
        remedy: "look at the file on the primary volume; a sync might destroy a live domain")
    }
    return PreflightFinding(
      "secondary-idle", .unfit, "the secondary's copy is attached to pool \(there.joined(separator: ", "))",
      remedy:
        "it is live at another engine: a sync would destroy what its machines write there. Protect the other way"
    )
  }
}

/// Runs `body` with a view and closes it on every path.
func withView<T: Sendable>(
  of view: any VolumeView, _ body: (any VolumeView) async throws(DRError) -> T
) async throws(DRError) -> T {
  let result: Result<T, DRError>
  do throws(DRError) { result = .success(try await body(view)) } catch { result = .failure(error) }
  await view.close()
  return try result.get()
}
