import DRKit
import Simulator

/// What a performer reports on its way.
public enum WorkStage: Sendable, Hashable {
  /// A snapshot: every overlay exists and each base's `.meta` says INTERNAL; guests still write to the bases.
  case volumesCreated
  /// A merge: this disk's overlay is committed into its base, and its files are gone.
  case merged(DiskID)
}

/// Whoever does the engine's long work: a plain delay in the ordinary test bed, real qemu and real files in lab mode.
public protocol WorkPerformer: Sendable {
  /// Does the work and returns how it ended; never throws, since a failure is an outcome. If `work.doomed` is set it does a
  /// part of it and returns `.failed` with that reason.
  ///
  /// - Parameters:
  ///   - engine: the engine as it was when the work began: names, chains, `storedVolumes(of:)`, `currentOVFStore(of:now:)`.
  ///   - report: to be awaited at each stage, before the next stage begins.
  func perform(
    _ work: EngineWork, engine: EngineModel, report: @Sendable (WorkStage) async -> Void
  ) async -> WorkOutcome
}
