/// Does what an assessment planned for one storage domain, and nothing else.
///
/// Before each act the image is read again and its plan made again: it must be what is left of the plan that was shown. So a
/// repair that was cut short is ended by another, and one under which somebody else writes stops.
public struct SecondaryRepair: Sendable {
  let volume: any SecondaryVolume
  let cluster: (any SecondaryCluster)?
  let primaryPool: String?
  let knownClients: [String]
  let clock: any DRClock
  let retry: RetryPolicy

  /// - Parameters:
  ///   - cluster: switches `features.read-only`; nil where the volume is written to as it is.
  ///   - primaryPool: as it was given for the assessment.
  ///   - knownClients: addresses of mounts that only read.
  public init(
    volume: any SecondaryVolume, cluster: (any SecondaryCluster)?, primaryPool: String? = nil,
    knownClients: [String] = [], clock: any DRClock, retry: RetryPolicy = RetryPolicy()
  ) {
    self.volume = volume
    self.cluster = cluster
    self.primaryPool = primaryPool
    self.knownClients = knownClients
    self.clock = clock
    self.retry = retry
  }

  public struct Outcome: Sendable, Hashable, Codable {
    /// Images on which everything was done.
    public var repaired: [DiskID] = []
    /// What came up on the way; nothing more of such an image was touched.
    public var refusals: [RepairRefusal] = []
    /// True when it was told to stop before the end.
    public var isCutShort = false
    /// The flag was on before, and it could not be set again.
    public var leftWritable: String?
  }

  /// - Parameters:
  ///   - shown: the plan that was agreed to.
  ///   - goesOn: asked before each image; false ends the repair in good order.
  ///   - progress: told each act before it is done.
  /// - Throws: `.disproved` when the secondary is not as it was shown; `.refused` for a domain that may not be touched; what
  ///   the ports throw before anything was changed.
  public func execute(
    _ shown: DomainAssessment, goesOn: @Sendable () -> Bool = { true },
    progress: @escaping @Sendable (RepairAct) -> Void = { _ in }
  ) async throws(DRError) -> Outcome {
    let subject = "storage domain \(shown.id)"
    let content = try await retrying { () async throws(DRError) in
      try await withView(of: try await volume.view()) { (view) async throws(DRError) in
        try await SecondaryScan(view: view).content()
      }
    }
    guard let domain = content.domains.first(where: { $0.id == shown.id }) else {
      throw DRError(.missing, "repair the secondary", subject, reason: "it is not on the volume any more")
    }
    let now = Assessor(content: content, primaryPool: primaryPool).assess(domain)
    if let refusal = now.refusals.first {
      throw DRError(
        .refused, "repair the secondary", subject, reason: refusal.reason, remedy: refusal.remedy)
    }
    guard now.acts == shown.acts else {
      throw DRError(
        .disproved, "repair the secondary", subject, reason: "it is not as it was when the plan was shown",
        remedy: "see who writes to the volume; nothing was changed")
    }
    var outcome = Outcome()
    guard !now.acts.isEmpty else { return outcome }
    try await proveSilence()
    let wasReadOnly = try await open()
    let runs = Set(content.nonces.compactMap(\.text?.run)).sorted()
    for image in now.images where !image.plan.acts.isEmpty {
      guard goesOn() else {
        outcome.isCutShort = true
        break
      }
      do throws(DRError) {
        try await retrying { () async throws(DRError) in
          try await repair(image.plan.acts, of: image.disk, domain, runs, progress)
        }
        outcome.repaired.append(image.disk)
      } catch {
        outcome.refusals.append(
          RepairRefusal(disk: image.disk, reason: error.description, remedy: "assess again, then repair"))
        // Anything else than a proof that failed would fail for the next image, too.
        if error.kind != .disproved { break }
      }
    }
    if wasReadOnly { outcome.leftWritable = await close() }
    return outcome
  }

  private func retrying<T>(_ body: () async throws(DRError) -> T) async throws(DRError) -> T {
    try await retry.retrying(clock, SilentObserver(), body)
  }

  /// A worker that outlived its monitor, or its whole site's reports, still has the volume mounted.
  private func proveSilence() async throws(DRError) {
    guard let cluster else { return }
    let silence = SecondarySilence(volume: volume, cluster: cluster, known: knownClients)
    var looks = 0
    while let complaint = try await retrying({ () async throws(DRError) in try await silence.complaint() }) {
      looks += 1
      guard looks < Self.silenceLooks else {
        throw DRError(
          .disproved, "prove that the secondary is silent", "", reason: complaint,
          remedy: SecondarySilence.remedy)
      }
      // A mount that ended, our own among them, shows for a moment longer.
      try await clock.sleep(for: .seconds(2))
    }
  }

  private static let silenceLooks = 15

  // MARK: The flag

  /// Whether it was on.
  private func open() async throws(DRError) -> Bool {
    guard let cluster else { return false }
    return try await retrying { () async throws(DRError) in
      guard try await cluster.geometry().isReadOnly else { return false }
      try await cluster.setReadOnly(false)
      return true
    }
  }

  /// Returns why it could not be set.
  private func close() async -> String? {
    do throws(DRError) {
      try await retrying { () async throws(DRError) in try await cluster?.setReadOnly(true) }
      return nil
    } catch {
      return error.description
    }
  }

  // MARK: One image

  private func repair(
    _ shown: [RepairAct], of disk: DiskID, _ domain: DomainContent, _ runs: [RunID],
    _ progress: @Sendable (RepairAct) -> Void
  ) async throws(DRError) {
    try await withView(of: try await volume.view()) { (view) async throws(DRError) in
      let scan = SecondaryScan(view: view)
      while true {
        guard try await scan.state(domain.layout) == domain.state else {
          throw changed(disk, "\(domain.layout.metadata) changed: an engine may have attached the domain")
        }
        let image = try await scan.image(disk, domain.layout)
        let plan = ImageRepairPlan.make(
          image, in: domain, claims: OverlayClaims(image, in: domain, runs: runs))
        if let refusal = plan.refusals.first { throw changed(disk, refusal.reason) }
        guard Self.isRest(plan.acts, of: shown) else {
          throw changed(disk, "what is to be done is not what was shown any more")
        }
        guard let act = plan.acts.first else { return }
        progress(act)
        try await perform(act, image, domain.layout, view)
      }
    }
  }

  private func changed(_ disk: DiskID, _ reason: String) -> DRError {
    DRError(.disproved, "repair the image", "image \(disk)", reason: reason)
  }

  /// Proofs are words; what is done must be the same.
  private static func isRest(_ acts: [RepairAct], of shown: [RepairAct]) -> Bool {
    func plain(_ acts: some Sequence<RepairAct>) -> [RepairAct] {
      acts.map { act in
        var act = act
        act.proof = ""
        return act
      }
    }
    return acts.count <= shown.count && plain(acts) == plain(shown.suffix(acts.count))
  }

  private func perform(
    _ act: RepairAct, _ image: ImageContent, _ layout: DomainLayout, _ view: any VolumeView
  ) async throws(DRError) {
    switch act.kind {
    case .restoreMetadata:
      guard let content = act.content else { return }
      try await view.replace(layout.meta(act.volume, of: act.disk), with: Array(content.utf8))
    case .makeLeaf:
      guard let metadata = image[act.volume]?.metadata else {
        throw changed(act.disk, "\(act.volume) has no .meta that could be changed")
      }
      try await view.replace(layout.meta(act.volume, of: act.disk), with: metadata.bytes(as: .leaf))
    case .removeOverlay:
      try await view.remove(layout.meta(act.volume, of: act.disk))
      try await view.remove(layout.volume(act.volume, of: act.disk))
      try await view.remove(layout.lease(act.volume, of: act.disk))
    }
  }
}
