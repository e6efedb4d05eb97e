/// The two fronts of a loop's run queue. They are two objects because one that is both makes the runtime hop
/// more often, and differently in debug and release builds.

/// For `withTaskExecutorPreference` and `Task(executorPreference:)`. Use it only while its loop is alive.
public final class SimulationTaskExecutor: TaskExecutor, @unchecked Sendable {
  private let state: LoopPointer

  init(_ state: LoopPointer) { self.state = state }

  public func enqueue(_ job: consuming ExecutorJob) {
    Simulator.enqueue(UnownedJob(job), .task, on: state)
  }
}

/// For actors that name their executor. Use it only while its loop is alive.
public final class SimulationSerialExecutor: SerialExecutor, @unchecked Sendable {
  private let state: LoopPointer

  init(_ state: LoopPointer) { self.state = state }

  public func enqueue(_ job: consuming ExecutorJob) {
    Simulator.enqueue(UnownedJob(job), .serial, on: state)
  }
}
