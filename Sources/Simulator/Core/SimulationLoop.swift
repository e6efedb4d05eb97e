import CSimulatorHook
import DRKit
import Synchronization

/// The deterministic executor: one thread, one run queue, one virtual clock, one order of events.
///
/// Tasks run until all of them wait; then time jumps to the next wake-up or world event. The pipeline's code
/// runs as it is, because jobs for the global executor are caught while a run is under way on this thread.
/// Loops on different threads know nothing of each other; a run inside another loop's event or call is
/// allowed.
///
/// Everything here belongs to the thread that made the loop, or last called `run` or `advance`. Sleeps and
/// calls from another thread throw and void the run; the rest ends the process with a message.
public final class SimulationLoop: @unchecked Sendable {
  let state: LoopPointer
  let escaped = Atomic<Bool>(false)
  /// Requests that land although their sender is dead.
  var orphans: [(() -> Void)?] = []

  /// For `withTaskExecutorPreference`; not needed (the hook catches every job) and slower.
  public let taskExecutor: SimulationTaskExecutor
  /// For actors with an executor of their own.
  public let serialExecutor: SimulationSerialExecutor

  /// - Parameters:
  ///   - start: The simulation's first instant.
  ///   - order: Which of several ready jobs runs first.
  public init(start: Instant, order: RunOrder = .fifo) {
    state = .allocate(capacity: 1)
    state.initialize(to: LoopState(now: start.nanoseconds, order: order))
    taskExecutor = SimulationTaskExecutor(state)
    serialExecutor = SimulationSerialExecutor(state)
  }

  deinit {
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// The simulation's time.
  public var now: Instant {
    checkThread()
    return Instant(nanoseconds: state.pointee.now)
  }

  /// The hash of all events and wake-ups so far, and of what was added to it.
  public var trace: TraceHash { state.pointee.trace }

  /// Adds something of the caller's own to the trace.
  public func note(_ kind: UInt32, _ a: UInt32 = 0, _ b: Int64 = 0) {
    checkThread()
    state.pointee.trace.add(Instant(nanoseconds: state.pointee.now), kind, a, b)
  }

  public var statistics: LoopStatistics {
    LoopStatistics(
      worldEvents: state.pointee.worldEvents, wakeUps: state.pointee.wakeUps, jobs: state.pointee.jobs,
      pending: state.pointee.queue.count, sleeping: state.pointee.sleeps.sleeping,
      ready: state.pointee.ready.count)
  }

  /// Ends the run at the next step with a fault of kind `.halted`. The first reason stands.
  public func halt(_ reason: String) {
    checkThread()
    if state.pointee.haltReason == nil { state.pointee.haltReason = reason }
  }

  /// Runs `root` and all it starts until it has returned. Tasks of its own that it did not await stay where
  /// they are, for the next `run` or for `shutdown`.
  ///
  /// All jobs of the global executor are caught, but `Task.yield`, real sleeps and the main actor go
  /// elsewhere: the first asks the task's own executor (or, without one, the process's, past the hook), the
  /// others real clocks and threads. They end in `.stuck` or `.escaped`. Use the clock port and `giveWay`; or
  /// run the root under `withTaskExecutorPreference(loop.taskExecutor)`, which is slower and makes
  /// `Task.yield` stay.
  /// - Throws: `SimulationFault` if it can't come to its end. All incarnations are dead then and
  ///   what could be unwound is; the loop is of no further use.
  @discardableResult
  public func run<T: Sendable>(
    in world: any WorldHandler = EmptyWorld(), budget: SimulationBudget = .unlimited,
    _ root: @escaping @Sendable () async -> T
  ) throws(SimulationFault) -> T {
    let box = RootBox<T>()
    let state = state
    let previous = try enter()
    state.pointee.rootIsDone = false
    // Not awaited and not detached: what it inherits are task-local values, which tie a test's expectations
    // to the test.
    _ = Task<Void, Never>(operation: {
      let value = await root()
      self.finishRoot { box.value = value }
    })
    let fault = drive(world, budget, toInstant: nil)
    leave(previous)
    if let fault { throw fault }
    guard let value = box.value else { throw self.fault(.stuck, "the root has no result") }
    return value
  }

  /// Lets the world run by itself (and tasks that are left from an earlier run) until `end`, events at `end`
  /// included.
  /// - Throws: `SimulationFault`, as `run` does; never `.stuck`.
  public func advance(
    in world: any WorldHandler, to end: Instant, steps: UInt64 = .max
  ) throws(SimulationFault) {
    let previous = try enter()
    let fault = drive(world, SimulationBudget(steps: steps), toInstant: end.nanoseconds)
    leave(previous)
    if let fault { throw fault }
  }

  /// Kills every incarnation and runs what is ready until nothing is, without letting time pass. Call it when
  /// done with a loop whose root left tasks behind: a task that never ends is never freed.
  /// - Returns: Tasks that still sleep (none, unless they sleep again after being told to stop).
  @discardableResult
  public func shutdown() -> Int {
    do throws(SimulationFault) {
      let previous = try enter()
      unwind()
      leave(previous)
    } catch {
      // Called from within the run: its end will see to it.
      state.pointee.isVoid = true
    }
    return state.pointee.sleeps.sleeping
  }

  // MARK: Inner parts

  private func enter() throws(SimulationFault) -> UnsafeMutableRawPointer? {
    if state.pointee.isRunning { throw fault(.nested, "run was called from within this loop's run") }
    drk_hook_install(enqueueFromHook)
    state.pointee.owner = drk_thread()
    state.pointee.isRunning = true
    return drk_hook_enter(state)
  }

  private func leave(_ previous: UnsafeMutableRawPointer?) {
    drk_hook_leave(previous)
    state.pointee.isRunning = false
  }

  /// The root has returned. If it did so on another thread, the run is void (and may be over).
  private func finishRoot(_ deliver: () -> Void) {
    guard drk_thread() == state.pointee.owner else {
      escaped.store(true, ordering: .relaxed)
      return
    }
    deliver()
    state.pointee.rootIsDone = true
  }

  /// Until the root is done, or (with `toInstant`) until nothing is due up to then.
  private func drive(
    _ world: any WorldHandler, _ budget: SimulationBudget, toInstant end: Int64?
  ) -> SimulationFault? {
    let state = state
    let stepLimit = state.pointee.steps.addingReportingOverflow(budget.steps)
    let lastStep = stepLimit.overflow ? .max : stepLimit.partialValue
    let lastInstant = end ?? budget.until.nanoseconds
    loop: while true {
      while let job = state.pointee.ready.take() {
        runJob(job)
        state.pointee.jobs &+= 1
        if state.pointee.steps > lastStep { return give(.outOfSteps, "the budget of steps is used up") }
      }
      if end == nil, state.pointee.rootIsDone { break }
      if let fault = interruption() { return fault }
      switch state.pointee.queue.take(until: lastInstant) {
      case .entry(let entry):
        handle(entry, world)
      case .later:
        if end == nil { return give(.outOfTime, "the next event is after the budget's last instant") }
        break loop
      case .nothing:
        if end == nil {
          return give(.stuck, "the root waits, and nothing that is simulated will ever wake it")
        }
        break loop
      }
      if state.pointee.steps > lastStep { return give(.outOfSteps, "the budget of steps is used up") }
    }
    if let fault = interruption() { return fault }
    if let end { state.pointee.now = max(state.pointee.now, end) }
    return nil
  }

  @inline(__always)
  private func handle(_ entry: UnsafePointer<Scheduled>, _ world: any WorldHandler) {
    let at = Instant(nanoseconds: entry.pointee.at)
    state.pointee.now = at.nanoseconds
    if !entry.pointee.isWakeUp {
      let event = WorldEvent(at: at, kind: entry.pointee.kind, a: entry.pointee.a, b: entry.pointee.b)
      state.pointee.worldEvents &+= 1
      state.pointee.trace.add(at, event.kind, event.a, event.b)
      world.handle(event, in: self)
    } else if entry.pointee.kind == WakeUpKind.sleep {
      fire(Int(entry.pointee.a))
    } else {
      landOrphan(Int(entry.pointee.a))
    }
  }

  @inline(__always)
  private func runJob(_ ready: ReadyJob) {
    switch ready.front {
    case .global:
      // The generic executor: what the pool's threads run jobs on.
      ready.job.runSynchronously(on: unsafeBitCast((0, 0), to: UnownedSerialExecutor.self))
    case .task:
      ready.job.runSynchronously(on: taskExecutor.asUnownedTaskExecutor())
    case .serial:
      ready.job.runSynchronously(
        isolatedTo: serialExecutor.asUnownedSerialExecutor(),
        taskExecutor: taskExecutor.asUnownedTaskExecutor())
    }
  }

  @inline(__always)
  private func interruption() -> SimulationFault? {
    if escaped.load(ordering: .relaxed) {
      return give(
        .escaped, "a task of the simulation ran on another thread (a real sleep, a queue, a main actor?)")
    }
    if let reason = state.pointee.haltReason { return give(.halted, reason) }
    return nil
  }

  private func fault(_ kind: SimulationFault.Kind, _ reason: String) -> SimulationFault {
    SimulationFault(
      kind, at: Instant(nanoseconds: state.pointee.now), steps: state.pointee.steps,
      sleeping: state.pointee.sleeps.sleeping, reason: reason)
  }

  /// The fault as it is now; then lets go of all tasks, so that they can be freed.
  private func give(_ kind: SimulationFault.Kind, _ reason: String) -> SimulationFault {
    let fault = fault(kind, reason)
    unwind()
    return fault
  }

  private func unwind() {
    state.pointee.isVoid = true
    var patience = 1_000_000
    repeat {
      stopSleepers(of: nil)
      while patience > 0, let job = state.pointee.ready.take() {
        runJob(job)
        patience -= 1
      }
    } while patience > 0 && state.pointee.sleeps.sleeping > 0
  }
}

/// What a loop has done and what is left.
public struct LoopStatistics: Hashable, Sendable {
  public var worldEvents: UInt64
  public var wakeUps: UInt64
  public var jobs: UInt64
  /// World events and wake-ups that are due some time.
  public var pending: Int
  /// Tasks asleep.
  public var sleeping: Int
  /// Jobs ready to run.
  public var ready: Int
}

private final class RootBox<T>: @unchecked Sendable {
  var value: T?
}
