import CSimulatorHook
import DRKit

extension SimulationLoop {
  /// Suspends the task until `deadline` (not at all if that has passed). One boundary, before it.
  /// - Throws: `.stopped` if the task is cancelled or the incarnation dies.
  @inline(__always)
  nonisolated(nonsending)
    public func sleep(_ who: Incarnation, until deadline: Instant) async throws(DRError)
  {
    try crossBoundary(who)
    if let nap = try lieDown(who, until: deadline.nanoseconds) { try getUp(who, await rest(nap)) }
    if isFrozen(who) { try await thaw(who) }
  }

  /// Suspends the task for `span` (not at all if that is zero or negative). One boundary, before it.
  /// - Throws: `.stopped` if the task is cancelled or the incarnation dies.
  @inline(__always)
  nonisolated(nonsending)
    public func sleep(_ who: Incarnation, for span: TimeSpan) async throws(DRError)
  {
    try crossBoundary(who)
    if let nap = try lieDown(who, until: instant(after: span)) { try getUp(who, await rest(nap)) }
    if isFrozen(who) { try await thaw(who) }
  }

  /// Lets everything that is ready at this instant go first. `Task.yield` does not do here: see `run`.
  /// - Throws: `.stopped` if the task is cancelled or the incarnation dies.
  nonisolated(nonsending)
    public func giveWay(_ who: Incarnation) async throws(DRError)
  {
    try checkPort()
    guard !state.pointee.isVoid, state.pointee.incarnations[Int(who.index)].isAlive else { throw .stopped }
    try getUp(who, await rest(reserve(who, until: state.pointee.now)))
  }

  func instant(after span: TimeSpan) -> Int64 {
    let sum = state.pointee.now.addingReportingOverflow(max(span.nanoseconds, 0))
    return sum.overflow ? .max : sum.partialValue
  }

  /// A place among the sleepers.
  struct Nap {
    var slot: Int
    var event: EventHandle
  }

  /// Begins a sleep that is no boundary; nil if it is over already. The parts of a sleep are apart, and only
  /// `rest` is async, as each async frame is memory that a thousand sleeping tasks push out of the cache.
  @inline(__always)
  func lieDown(_ who: Incarnation, until deadline: Int64) throws(DRError) -> Nap? {
    guard deadline > state.pointee.now else {
      if Task.isCancelled { throw .stopped }
      return nil
    }
    return reserve(who, until: deadline)
  }

  @inline(__always)
  private func reserve(_ who: Incarnation, until deadline: Int64) -> Nap {
    let event = state.pointee.queue.insert(
      at: deadline, isWakeUp: true, kind: WakeUpKind.sleep,
      a: UInt32(truncatingIfNeeded: state.pointee.sleeps.nextSlot), b: 0)
    return Nap(slot: state.pointee.sleeps.reserve(event: event, incarnation: who.index), event: event)
  }

  /// Suspends the task; false if it is told to stop.
  @inline(__always)
  nonisolated(nonsending)
    func rest(_ nap: Nap) async -> Bool
  {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { waker in
        if !state.pointee.sleeps.suspend(nap.slot, waker) { waker.resume(returning: false) }
      }
    } onCancel: {
      interrupt(nap)
    }
  }

  /// Ends a sleep. One that was killed between its wake-up and its turn has died asleep.
  @inline(__always)
  func getUp(_ who: Incarnation, _ isOnTime: Bool) throws(DRError) {
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
    if let next = state.pointee.queue.nextSleeper() { state.pointee.sleeps.prefetch(next) }
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
  private func interrupt(_ nap: Nap) {
    checkThread()
    // Not always within a run: what is resumed has to come back here all the same.
    let previous = drk_hook_enter(state)
    stop(nap.slot, event: nap.event)
    drk_hook_leave(previous)
  }
}
