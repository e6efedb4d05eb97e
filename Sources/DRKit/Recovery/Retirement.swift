/// Ends the protection of a domain: what drkit keeps at the primary and in its state goes. The secondary stays as it is: the
/// last point, and the records that prove it, are what somebody may still need.
public struct Retirement: Sendable {
  let ports: SyncPorts
  let target: SyncTarget
  let policy: SyncPolicy

  public init(ports: SyncPorts, target: SyncTarget, policy: SyncPolicy = SyncPolicy()) {
    self.ports = ports
    self.target = target
    self.policy = policy
  }

  public struct Obstacle: Hashable, Sendable, Codable {
    public var reason: String
    public var remedy: String
  }

  public struct Plan: Hashable, Sendable, Codable {
    /// While there is one, nothing is removed.
    public var obstacles: [Obstacle]
    /// Nonces at the primary, by their content; paths relative to the volume's root, sorted.
    public var nonces: [String]
    /// The session's rsync options as they become without drkit's limit; nil where drkit set none.
    public var rsyncOptions: String?
    /// Files in the nonces' directory that are none, or torn: they stay.
    public var strangers: [String]
  }

  /// Changes nothing.
  /// - Throws: what a port throws.
  public func plan() async throws(DRError) -> Plan {
    let report = try await Cleanup(ports: ports, target: target, policy: policy).look()
    var plan = Plan(obstacles: [], nonces: [], strangers: [])
    if let run = report.unfinishedRun {
      plan.obstacles.append(
        Obstacle(reason: "run \(run) has not ended", remedy: "`drctl sync` goes on with it, or backs out"))
    }
    if let session = report.session {
      plan.obstacles.append(
        Obstacle(reason: "the session is not at rest: \(session)", remedy: "stop the session"))
    }
    // Without the journal nobody would look for them again.
    for leftover in report.leftovers where leftover.maker == .drkit {
      plan.obstacles.append(
        Obstacle(
          reason: "\(leftover.machineName): snapshot \"\(leftover.description)\" stands",
          remedy: leftover.refusal == nil ? "`drctl cleanup` merges it" : leftover.remedy))
    }
    let directory = DomainLayout.nonceDirectory(ports.georep.session)
    let files = try await withView(of: ports.primary.view()) { (view) async throws(DRError) in
      var files: [(path: String, isNonce: Bool)] = []
      for name in try await view.list(directory) ?? [] {
        let path = "\(directory)/\(name)"
        let bytes = try await view.read(path) ?? []
        files.append((path, NonceText.parse(bytes) != nil))
      }
      return files
    }
    plan.nonces = files.filter(\.isNonce).map(\.path)
    plan.strangers = files.filter { !$0.isNonce }.map(\.path)
    plan.rsyncOptions = try await unlimited()
    return plan
  }

  private func unlimited() async throws(DRError) -> String? {
    guard let memory = try await ports.catalogue.rsyncLimit(of: target.key) else { return nil }
    do throws(DRError) {
      let settings = try await ports.georep.settings()
      return LimitPlan(target.key, settings, subvolumes: 1, rate: nil, memory: memory).options
    } catch {
      // No session, no options.
      guard error.kind == .missing else { throw error }
      return nil
    }
  }

  /// Removes the nonces of a plan without obstacles, under the destination's lease; then `forget`, which removes the state.
  /// Done again after an interruption it does the rest.
  /// - Parameters:
  ///   - owner: a new id, for the lease.
  ///   - forget: deletes the destination's rows; the lease with them.
  /// - Throws: `.busy` while a run holds the lease; `.refused` when there is an obstacle by now; what a port throws.
  public func execute(owner: RunID, forget: () async throws(DRError) -> Void) async throws(DRError) -> Plan {
    let lease = LeaseKeeper(
      key: target.key, owner: owner, length: policy.leaseLength, clock: ports.clock,
      catalogue: ports.catalogue)
    return try await lease.holding { () async throws(DRError) in try await remove(lease, forget) }
  }

  private func remove(
    _ lease: LeaseKeeper, _ forget: () async throws(DRError) -> Void
  ) async throws(DRError) -> Plan {
    let plan = try await plan()
    if let obstacle = plan.obstacles.first {
      throw DRError(
        .refused, "disable", target.key.description, reason: obstacle.reason, remedy: obstacle.remedy)
    }
    if let options = plan.rsyncOptions {
      try lease.check()
      try await ports.georep.set(SessionSetting(LimitPlan.option, options))
    }
    try await withView(of: ports.primary.view()) { (view) async throws(DRError) in
      for path in plan.nonces {
        try lease.check()
        try await view.remove(path)
      }
    }
    try lease.check()
    try await forget()
    return plan
  }
}
