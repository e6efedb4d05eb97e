/// Judges a secondary's content: pure, so that the same facts give the same verdict.
struct Assessor: Sendable {
  let content: SecondaryContent
  /// By domain; empty when nothing was verified.
  var verified: [StorageDomainID: Verification] = [:]
  /// What the administrator says of the primary's pool, where no record says it.
  var primaryPool: String?

  func assessment() -> SecondaryAssessment {
    SecondaryAssessment(domains: content.domains.map(assess))
  }

  func assess(_ domain: DomainContent) -> DomainAssessment {
    let records = domain.records
    let point = records.newestManifest?.point
    let doubts = Doubts(
      domain, nonces: content.nonces, others: content.domains.filter { $0.id != domain.id }
    ).runs
    var pools: [String] = []
    if case .whole(_, let named) = domain.state { pools = named }
    let liveness = liveness(domain, pools)
    let judge = ImageJudge(
      domain: domain, doubts: doubts, isLive: liveness == .live,
      verification: verified[domain.id] ?? Verification(), nonceRuns: nonceRuns)
    let images = judge.images()
    return DomainAssessment(
      id: domain.id, name: domain.name ?? records.newestIntent?.domain.name, pools: pools,
      liveness: liveness,
      point: point.map {
        PointSummary(
          run: $0.run, key: $0.key, instant: $0.instant, sealed: $0.sealed,
          predecessor: records.newestManifest?.predecessor)
      },
      overwriting: doubts, images: images, machines: Self.machines(images, point),
      notInPoint: point?.notInPoint ?? [], leftOut: point?.leftOut ?? [],
      refusals: refusals(domain, liveness, pools), remarks: remarks(domain))
  }

  private var nonceRuns: [RunID] { Set(content.nonces.compactMap(\.text?.run)).sorted() }

  private func liveness(_ domain: DomainContent, _ pools: [String]) -> DomainLiveness {
    guard case .whole = domain.state else { return .unreadable }
    if pools.isEmpty { return .copy }
    let recorded = domain.records.intents.last { !$0.pools.isEmpty }?.pools
    guard let known = recorded ?? primaryPool.map({ [$0] }) else { return .unknown }
    return pools.allSatisfy(known.contains) ? .copy : .live
  }

  private func refusals(
    _ domain: DomainContent, _ liveness: DomainLiveness, _ pools: [String]
  ) -> [RepairRefusal] {
    func refusal(_ reason: String, _ remedy: String) -> [RepairRefusal] {
      [RepairRefusal(reason: reason, remedy: remedy)]
    }
    let named = pools.joined(separator: ", ")
    switch liveness {
    case .copy: return []
    case .live:
      return refusal(
        "the domain is attached to pool \(named), which is not the primary's: an engine works on it",
        "leave it to that engine; to repair it all the same, detach it there first")
    case .unknown:
      return refusal(
        "the domain is attached to pool \(named), and no run recorded which pool is the primary's",
        "if \(named) is the data center of the primary, say so with --primary-pool")
    case .unreadable:
      let what = if case .unreadable(let why) = domain.state { why } else { "it is not there" }
      return refusal(
        "\(domain.layout.metadata) can't be used: \(what)",
        "no engine can import the domain so; take the file from the primary or from a backup, then repair again"
      )
    }
  }

  private func remarks(_ domain: DomainContent) -> [String] {
    var remarks = domain.records.unreadable.map {
      "\($0.path): \($0.error.reason). Remedy: \($0.error.remedy)"
    }
    if domain.records.intents.isEmpty && domain.records.manifests.isEmpty {
      remarks.append("no run of drkit's has left a record here")
    }
    return remarks
  }

  private static func machines(
    _ images: [ImageAssessment], _ point: RecoveryPoint?
  ) -> [MachineAssessment] {
    Set(images.compactMap(\.machine)).sorted().map { id in
      let own = images.filter { $0.machine == id }
      let worst = own.map(\.verdict).max() ?? .notInPoint
      return MachineAssessment(
        id: id, name: own.compactMap(\.machineName).first, verdict: worst,
        instant: worst <= .wholeAfterRepair ? own.compactMap(\.instant).min() : nil,
        sealed: point?.machines?.first { $0.machine == id })
    }
  }
}
