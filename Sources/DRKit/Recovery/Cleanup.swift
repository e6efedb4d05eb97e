/// Finds the snapshots that syncs, drkit's or others', left on a domain's machines, and merges those that are proved to be
/// nobody's work in hand. The secondary is not touched: what arrived there is `SecondaryRepair`'s.
public struct Cleanup: Sendable {
  let ports: SyncPorts
  let target: SyncTarget
  let policy: SyncPolicy

  public init(ports: SyncPorts, target: SyncTarget, policy: SyncPolicy = SyncPolicy()) {
    self.ports = ports
    self.target = target
    self.policy = policy
  }

  /// Changes nothing. Machines in the order of their ids.
  /// - Throws: what a port throws.
  public func look() async throws(DRError) -> LeftoverReport {
    let domain = try await ports.engine.storageDomain(target.domain)
    let session = try await SessionSilence.complaint(ports.georep)
    let unfinished = try await ports.catalogue.unfinishedRun(target.key)?.id
    var report = LeftoverReport(session: session, unfinishedRun: unfinished, leftovers: [])
    for machine in try await ports.engine.machines(on: domain.id).sorted(by: { $0.id < $1.id }) {
      for snapshot in try await ports.engine.snapshots(of: machine.id) where snapshot.isRegular {
        guard let maker = Leftover.maker(of: snapshot, machine, domain: domain.name) else { continue }
        let doubt = doubt(snapshot, maker, report)
        report.leftovers.append(
          Leftover(
            machine: machine.id, machineName: machine.name, snapshot: snapshot.id,
            description: snapshot.description, maker: maker, refusal: doubt?.reason,
            remedy: doubt?.remedy ?? ""))
      }
    }
    return report
  }

  /// What speaks against the snapshot being nobody's any more.
  private func doubt(
    _ snapshot: Snapshot, _ maker: OverlayMaker, _ report: LeftoverReport
  ) -> (reason: String, remedy: String)? {
    if snapshot.status == .locked {
      return ("the engine is at work on it", "look again when the engine's task has ended")
    }
    switch maker {
    case .drkit:
      if SnapshotName.run(in: snapshot.description, key: target.key) == nil {
        return (
          "it is of another destination than \(target.key)", "clean up under the configuration that made it"
        )
      }
      guard let run = report.unfinishedRun else { return nil }
      return ("run \(run) has not ended", "`drctl sync` goes on with it, and merges it")
    case .vmbackup, .engineSync:
      guard let session = report.session else { return nil }
      return (
        "its maker may be at work: \(session)", "let that sync end, or stop the session when none is in hand"
      )
    }
  }

  /// What came of it, one entry for each snapshot that was shown and may be merged.
  public struct Outcome: Hashable, Sendable, Codable {
    public var merged: [Leftover]
    /// Standing still, each with its `refusal`.
    public var standing: [Leftover]
  }

  /// Merges, one after the other, what is both in `shown` and still proved when its turn comes. Holds the destination's lease
  /// meanwhile, so no run of drkit's begins.
  /// - Parameters:
  ///   - shown: what somebody agreed to.
  ///   - owner: a new id, for the lease.
  /// - Throws: `.busy` while a run holds the lease; `.stopped` when cancelled (a merge that was begun goes on at the
  ///   engine); what a port throws.
  public func merge(_ shown: [Leftover], owner: RunID) async throws(DRError) -> Outcome {
    let lease = LeaseKeeper(
      key: target.key, owner: owner, length: policy.leaseLength, clock: ports.clock,
      catalogue: ports.catalogue)
    return try await lease.holding { () async throws(DRError) in try await mergeAll(shown, lease) }
  }

  private func mergeAll(_ shown: [Leftover], _ lease: LeaseKeeper) async throws(DRError) -> Outcome {
    var outcome = Outcome(merged: [], standing: [])
    for leftover in shown {
      try await lease.take()
      let now = try await look().leftovers.first {
        $0.snapshot == leftover.snapshot && $0.machine == leftover.machine
      }
      guard let now else {
        outcome.merged.append(leftover)
        continue
      }
      guard now.refusal == nil, now.description == leftover.description else {
        outcome.standing.append(now)
        continue
      }
      if let complaint = try await merge(leftover, lease) {
        var standing = now
        standing.refusal = complaint
        standing.remedy = "look at the engine's events for this machine"
        outcome.standing.append(standing)
      } else {
        outcome.merged.append(leftover)
      }
    }
    return outcome
  }

  /// Nil when the snapshot is gone, otherwise why it is not.
  private func merge(_ leftover: Leftover, _ lease: LeaseKeeper) async throws(DRError) -> String? {
    do throws(DRError) {
      try await RetryPolicy().retrying(ports.clock, ports.observer) { () async throws(DRError) in
        try await ports.engine.removeSnapshot(leftover.snapshot, of: leftover.machine)
      }
    } catch {
      switch error.kind {
      case .missing: return nil
      case .refused, .transient: return error.reason
      default: throw error
      }
    }
    let began = ports.clock.uptime
    var renewed = began
    while ports.clock.uptime - began < policy.mergeLimit {
      if ports.clock.uptime - renewed >= TimeSpan(nanoseconds: policy.leaseLength.nanoseconds / 3) {
        try await lease.take()
        renewed = ports.clock.uptime
      }
      let now = try await RetryPolicy().retrying(ports.clock, ports.observer) { () async throws(DRError) in
        try await ports.engine.snapshot(leftover.snapshot, of: leftover.machine)
      }
      guard let now, now.isRegular else { return nil }
      // How a live merge ends that failed.
      if now.status != .locked { return "the engine failed to merge it" }
      try await ports.clock.sleep(for: policy.snapshotInterval)
    }
    return "the engine is still at work on it after \(policy.mergeLimit.text)"
  }
}
