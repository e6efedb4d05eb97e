/// What the engine's log says of one machine in mid-run, counted by kind.
struct LoggedLife: Hashable, Sendable {
  private var counts: [MachineEvent.Kind: Int] = [:]
  private var endsStopped = false

  /// - Parameter event: later than those before.
  mutating func add(_ event: MachineEvent) {
    counts[event.kind, default: 0] += 1
    if event.kind == .started || event.kind == .stopped { endsStopped = event.kind == .stopped }
  }

  private func has(_ kind: MachineEvent.Kind) -> Bool { counts[kind, default: 0] > 0 }

  var hasStarted: Bool { has(.started) }

  /// What the two looks of a run did not see. None of it takes anything from the point: whether the bases stood still all the while
  /// is another question, and answered before (`FreezeCheck`).
  ///
  /// - Parameters:
  ///   - told: What the looks have a word on already.
  ///   - isBack: Whether the looks saw the machine at one host.
  func findings(besides told: Set<MidRunWatch.Finding.Theme>, isBack: Bool) -> [MidRunWatch.Finding] {
    guard !told.contains(.presence) else { return [] }
    var findings: [MidRunWatch.Finding] = []
    func say(_ theme: MidRunWatch.Finding.Theme, _ remark: String) {
      if !told.contains(theme) { findings.append(.init(theme: theme, remark: remark)) }
    }
    // A start alone is of a machine that ran when it was planned: it was on its way up.
    if has(.stopped) {
      say(.running, endsStopped ? "stopped in mid-run" : "stopped and started again in mid-run")
    }
    if has(.migrated) {
      let isThereAndBack = isBack && counts[.migrated, default: 0] > 1
      say(.host, isThereAndBack ? "migrated there and back in mid-run" : "migrated in mid-run")
    }
    switch (has(.snapshotTaken), has(.snapshotRemoved)) {
    case (true, true): say(.snapshots, "a snapshot that is not drkit's came and went in mid-run")
    case (true, false): say(.snapshots, "a snapshot that is not drkit's was taken in mid-run")
    case (false, true): say(.snapshots, "a snapshot that is not drkit's was removed in mid-run")
    case (false, false): break
    }
    if has(.diskAttached) || has(.diskDetached) {
      say(.disks, "a disk was attached or detached in mid-run")
    }
    return findings
  }
}
