import DRKit
import Simulator

/// How long the plain performer lets each part of the engine's work take.
public struct WorkDelays: Sendable, Hashable {
  /// Until the overlays of a snapshot exist.
  public var volumes: TimeSpan
  /// From then until guests write to them and the snapshot is `ok`.
  public var switching: TimeSpan
  /// Of a merge, for each disk.
  public var merge: TimeSpan
  public var updateOVF: TimeSpan

  public init(
    volumes: TimeSpan = .milliseconds(150), switching: TimeSpan = .milliseconds(150),
    merge: TimeSpan = .milliseconds(300), updateOVF: TimeSpan = .milliseconds(100)
  ) {
    self.volumes = volumes
    self.switching = switching
    self.merge = merge
    self.updateOVF = updateOVF
  }

  /// As fast as it can be, every stage still seen.
  public static let none = WorkDelays(volumes: .zero, switching: .zero, merge: .zero, updateOVF: .zero)
}

/// Does no work, but takes its time over it.
struct DelayPerformer: WorkPerformer {
  var delays: WorkDelays

  func perform(
    _ work: EngineWork, engine: EngineModel, report: @Sendable (WorkStage) async -> Void
  ) async -> WorkOutcome {
    do {
      switch work.kind {
      case .snapshot:
        try await wait(delays.volumes)
        await report(.volumesCreated)
        try await wait(delays.switching)
      case .merge(_, _, let steps):
        for step in steps {
          try await wait(delays.merge)
          if let reason = work.doomed { return .failed(reason: reason) }
          await report(.merged(step.disk))
        }
      case .updateOVF:
        try await wait(delays.updateOVF)
      }
    } catch {
      return .failed(reason: "the test bed is closing")
    }
    return work.doomed.map { .failed(reason: $0) } ?? .done
  }

  private func wait(_ span: TimeSpan) async throws {
    if span > .zero { try await Task.sleep(for: .nanoseconds(span.nanoseconds)) }
  }
}

/// The engine of a test bed: the model behind an actor, in real time, with its performers.
public actor BedEngine {
  private var model: EngineModel
  private var service: EngineService
  private let clock: @Sendable () -> Instant
  private let performer: any WorkPerformer
  private let pending: AsyncStream<EngineWork>
  private let feed: AsyncStream<EngineWork>.Continuation

  init(
    model: EngineModel, service: EngineService, performer: any WorkPerformer,
    clock: @escaping @Sendable () -> Instant
  ) {
    self.model = model
    self.service = service
    self.performer = performer
    self.clock = clock
    (pending, feed) = AsyncStream.makeStream(of: EngineWork.self)
    for work in self.model.drainWork() { feed.yield(work) }
  }

  /// The engine as it is now.
  public var engine: EngineModel { model }

  /// Answers a request; work that it begins is handed to the performer.
  func respond(to request: BedRequest) -> BedResponse {
    defer { for work in model.drainWork() { feed.yield(work) } }
    return service.respond(to: request, engine: &model, now: clock())
  }

  func endSessions() { service.endSessions() }

  /// Has the work done as it comes, until cancelled.
  func performWork() async {
    await withDiscardingTaskGroup { group in
      for await work in pending {
        group.addTask { await self.perform(work) }
      }
    }
  }

  private func perform(_ work: EngineWork) async {
    let outcome = await performer.perform(work, engine: model) { stage in
      await self.note(stage, of: work.id)
    }
    model.finish(work.id, outcome: outcome, now: clock())
  }

  private func note(_ stage: WorkStage, of work: WorkID) {
    switch stage {
    case .volumesCreated: model.snapshotVolumesCreated(work)
    case .merged(let disk): model.volumeMerged(work, disk: disk)
    }
  }
}
