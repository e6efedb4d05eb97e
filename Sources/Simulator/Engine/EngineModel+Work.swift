import DRKit
import OrderedCollections

extension EngineModel {
  /// The work begun since the last call, in order; each piece is handed out once.
  public mutating func drainWork() -> [EngineWork] {
    defer { undrained = [] }
    return undrained
  }

  /// All work that is not finished, drained or not, in order: what a world that lost its performers must do again.
  public var unfinishedWork: [EngineWork] { work.values.map(\.work) }

  /// Whether the performer has reported `snapshotVolumesCreated` for this work.
  public func volumesAreCreated(_ id: WorkID) -> Bool { work[id]?.volumesCreated ?? false }

  /// The performer says how a piece of work ended. Work that the fault plan doomed can't end well: `.done` is then taken
  /// as that failure. Unknown or finished work is ignored, so a report may be repeated.
  public mutating func finish(_ id: WorkID, outcome: WorkOutcome, now: Instant) {
    guard let inHand = work[id] else { return }
    var outcome = outcome
    if case .done = outcome, let reason = inHand.work.doomed { outcome = .failed(reason: reason) }
    switch inHand.work.kind {
    case .snapshot(let machine, let snapshot, let steps):
      finishSnapshot(inHand, machine: machine, snapshot: snapshot, steps: steps, outcome, now: now)
      release(machine)
    case .merge(let machine, let snapshot, let steps):
      finishMerge(inHand, machine: machine, snapshot: snapshot, steps: steps, outcome, now: now)
      release(machine)
    case .updateOVF(let domain):
      finishOVFUpdate(of: domain, inHand, outcome, now: now)
    }
    work.removeValue(forKey: id)
    undrained.removeAll { $0.id == id }
  }

  private mutating func release(_ machine: VirtualMachineID) {
    machines[machine]?.operation = nil
    if machines[machine]?.status == .imageLocked { machines[machine]?.status = .down }
  }
}
