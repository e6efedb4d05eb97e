import DRKit

/// What a guest, or somebody else than drkit, did to a machine, and how long it lasted.
struct Disturbance: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case stopped, started, moved
    case diskAttached(DiskID)
    case foreignSnapshot(SnapshotID)
    /// With the snapshot's description, which names the run.
    case ourSnapshotRemoved(String)
  }

  var kind: Kind
  var machine: VirtualMachineID
  /// When the engine knew of it.
  var at: Instant
  /// When it was undone; nil while it lasts.
  var until: Instant?

  init(_ kind: Kind, _ machine: VirtualMachineID, at: Instant) {
    self.kind = kind
    self.machine = machine
    self.at = at
  }
}

extension Oracle {
  /// A disk with a guest, as the world has it.
  struct KnownDisk: Sendable, Hashable {
    var machine: VirtualMachineID
    var name: String
    var disk: DiskID
    var isWritten: Bool
    var attached: Instant
  }

  mutating func happened(_ disturbance: Disturbance) { disturbances.append(disturbance) }

  mutating func ended(_ kind: Disturbance.Kind, of machine: VirtualMachineID, at now: Instant) {
    // Migrations before the last one are over, and stand.
    let last = disturbances.lastIndex { $0.kind == kind && $0.machine == machine && $0.until == nil }
    if let last { disturbances[last].until = now }
  }

  /// Whether two looks may see nothing of it, but only the engine's log does: it is over, or undone by another, or undoes one.
  private func mayHide(_ one: Disturbance, since cut: Instant, by now: Instant) -> Bool {
    if one.until != nil { return true }
    let hiding: Set<Disturbance.Kind> = [.moved, .started, .stopped]
    return hiding.contains(one.kind)
      && disturbances.contains {
        $0 != one && $0.machine == one.machine && $0.at > cut && $0.at <= now && hiding.contains($0.kind)
      }
  }

  /// Whether a point's verdicts say what happened to the machines between its cut and its seal.
  ///
  /// The program under test looks at the engine between the instant at which it says that it sealed and now: whatever began
  /// after its cut, before that instant, and lasts, it has seen. What is over is in the engine's log, which it has read by now
  /// from before its cut on: unless a call to the engine failed, so that it may have had to do without.
  /// - Parameter split: machines with a disk on another storage domain.
  mutating func grades(
    of point: RecoveryPoint, disks: [KnownDisk], split: Set<VirtualMachineID>, at now: Instant
  ) {
    let held = Set(point.images.map(\.machine))
    var verdicts: [VirtualMachineID: MachineVerdict] = [:]
    for verdict in point.machines ?? [] { verdicts[verdict.machine] = verdict }
    func name(_ machine: VirtualMachineID) -> String {
      disks.first { $0.machine == machine }?.name ?? "\(machine)"
    }
    func wrong(_ law: Violation.Law, _ machine: VirtualMachineID, _ text: String) {
      note(Violation(law, at: now, "the point of run \(point.run): \(name(machine)) \(text)"))
    }
    /// A claim without a word of doubt.
    func isClaimedWhole(_ machine: VirtualMachineID) -> Bool {
      held.contains(machine) && (verdicts[machine]?.grade ?? .whole) == .whole
    }
    for verdict in point.machines ?? [] where verdict.grade == .notInPoint && held.contains(verdict.machine) {
      wrong(.sealedByProofOnly, verdict.machine, "is not in the point by its verdict, and images of it are")
    }
    for verdict in point.machines ?? [] where verdict.grade != .notInPoint && !held.contains(verdict.machine)
    {
      wrong(
        .sealedByProofOnly, verdict.machine,
        "is \(verdict.grade.rawValue) by its verdict, and no image of it is there")
    }
    for machine in held.sorted() where isClaimedWhole(machine) && split.contains(machine) {
      wrong(.sealedByProofOnly, machine, "is claimed whole, and has a disk on another storage domain")
    }
    for disk in disks where disk.attached <= point.sealed && isClaimedWhole(disk.machine) {
      guard !point.images.contains(where: { $0.disk == disk.disk }) else { continue }
      wrong(.sealedByProofOnly, disk.machine, "is claimed whole without its disk \(disk.disk)")
    }
    for one in disturbances where one.at > point.instant && one.at < point.sealed {
      if mayHide(one, since: point.instant, by: now) && engineFailed(in: point.run) { continue }
      let isSilent = verdicts[one.machine]?.remarks.isEmpty ?? true
      let isNamed = point.leftOut.contains { $0.hasPrefix("\(name(one.machine)):") }
      switch one.kind {
      case .ourSnapshotRemoved(let description):
        guard description.contains(point.run.description), held.contains(one.machine) else { continue }
        wrong(
          .sealedByProofOnly, one.machine, "is claimed, and somebody removed the snapshot that held it still")
      case .foreignSnapshot:
        if one.until != nil {
          guard isSilent, !isNamed else { continue }
          wrong(.guestsNeverStop, one.machine, "had somebody's snapshot in mid-run, and nothing says so")
        } else {
          guard isClaimedWhole(one.machine) else { continue }
          wrong(.guestsNeverStop, one.machine, "is claimed whole with somebody's snapshot on top of drkit's")
        }
      case .stopped, .moved, .started:
        guard isSilent, !isNamed else { continue }
        wrong(.guestsNeverStop, one.machine, "\(one.kind) in mid-run, and nothing says so")
      case .diskAttached: continue
      }
    }
  }
}
