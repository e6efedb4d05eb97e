/// What a run would do, without doing it.
public struct SyncRehearsal: Sendable {
  let ports: SyncPorts
  let target: SyncTarget
  let policy: SyncPolicy

  public init(ports: SyncPorts, target: SyncTarget, policy: SyncPolicy = SyncPolicy()) {
    self.ports = ports
    self.target = target
    self.policy = policy
  }

  public struct Result: Sendable, Hashable, Codable {
    public var findings: [PreflightFinding]
    /// The overlay ids in it are those of no run: a real run derives its own.
    public var plan: QuiescePlan
  }

  public func run() async throws(DRError) -> Result {
    let findings = try await PreflightCheck(ports: ports, target: target, policy: policy).findings()
    let domain = try await ports.engine.storageDomain(target.domain)
    let plan = try await Inventory(engine: ports.engine).plan(run: .blank, domain: domain.id)
    return Result(findings: findings, plan: plan)
  }
}
