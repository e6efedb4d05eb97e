import CSimulatorHook
import DRKit

extension SimulationLoop {
  /// Suspends the task until `deadline` (not at all if that has passed). One boundary, before it.
  /// - Throws: `.stopped` if the task is cancelled or the incarnation dies.
  nonisolated(nonsending)
    public func sleep(_ who: Incarnation, until deadline: Instant) async throws(DRError)
  {
    try crossBoundary(who)
    try await pause(who, until: deadline.nanoseconds)
  }

  /// Suspends the task for `span` (not at all if that is zero or negative). One boundary, before it.
  /// - Throws: `.stopped` if the task is cancelled or the incarnation dies.
  nonisolated(nonsending)
    public func sleep(_ who: Incarnation, for span: TimeSpan) async throws(DRError)
  {
    try crossBoundary(who)
    try await pause(who, until: instant(after: span))
  }

  /// Lets everything that is ready at this instant go first. `Task.yield` does not do here: see `run`.
  /// - Throws: `.stopped` if the task is cancelled or the incarnation dies.
  nonisolated(nonsending)
    public func giveWay(_ who: Incarnation) async throws(DRError)
  {
    try checkPort()
    guard !state.pointee.isVoid, state.pointee.incarnations[Int(who.index)].isAlive else { throw .stopped }
    try await suspend(who, until: state.pointee.now)
  }

  func instant(after span: TimeSpan) -> Int64 {
    let sum = state.pointee.now.addingReportingOverflow(max(span.nanoseconds, 0))
    return sum.overflow ? .max : sum.partialValue
  }

  /// A sleep that is no boundary.
  nonisolated(nonsending)
    func pause(_ who: Incarnation, until deadline: Int64) async throws(DRError)
  {
    guard deadline > state.pointee.now else {
      if Task.isCancelled { throw .stopped }
      return
    }
    try await suspend(who, until: deadline)
  }

  nonisolated(nonsending)
    private func suspend(_ who: Incarnation, until deadline: Int64) async throws(DRError)
  {
    let event = state.pointee.queue.insert(
      at: deadline, isWakeUp: true, kind: WakeUpKind.sleep,
      a: UInt32(truncatingIfNeeded: state.pointee.sleeps.nextSlot), b: 0)
    let slot = state.pointee.sleeps.reserve(event: event, incarnation: who.index)
    let isOnTime = await withTaskCancellationHandler {
      await withUnsafeContinuation { waker in
        if !state.pointee.sleeps.suspend(slot, waker) { waker.resume(returning: false) }
      }
    } onCancel: {
      interrupt(slot, event: event)
    }
    // Killed between its wake-up and its turn: it has died asleep.
    guard isOnTime, !state.pointee.isVoid, state.pointee.incarnations[Int(who.index)].isAlive else {
      throw .stopped
    }
  }

  /// The sleeper's time has come.
  @inline(__always)
  func fire(_ slot: Int) {
    let (waker, incarnation) = state.pointee.sleeps.wake(slot)
    state.pointee.wakeUps &+= 1
    state.pointee.trace.add(
      Instant(nanoseconds: state.pointee.now), .max, incarnation, Int64(truncatingIfNeeded: slot))
    waker?.resume(returning: true)
  }

  /// Wakes a sleeper before its time.
  func stop(_ slot: Int, event: EventHandle) {
    switch state.pointee.sleeps.stop(slot, event: event) {
    case .late: break
    case .early: _ = state.pointee.queue.cancel(event)
    case .wake(let waker):
      _ = state.pointee.queue.cancel(event)
      waker.resume(returning: false)
    }
  }

  /// The sleeper's task is cancelled.
  private func interrupt(_ slot: Int, event: EventHandle) {
    checkThread()
    // Not always within a run: what is resumed has to come back here all the same.
    let previous = drk_hook_enter(state)
    stop(slot, event: event)
    drk_hook_leave(previous)
  }
}
