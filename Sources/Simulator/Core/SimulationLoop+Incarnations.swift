import CSimulatorHook
import DRKit
import Synchronization

extension SimulationLoop {
  /// Starts a life of the process under test. Several may be alive at once (a split brain).
  public func startIncarnation(crash: CrashPlan? = nil) -> Incarnation {
    checkThread()
    var fresh = IncarnationState(startedAt: state.pointee.now)
    if let crash {
      fresh.diesAt = crash.boundary
      fresh.inFlight = crash.inFlight
      fresh.freezes = crash.freeze?.nanoseconds ?? 0
    }
    state.pointee.incarnations.append(fresh)
    return Incarnation(index: UInt32(state.pointee.incarnations.count - 1))
  }

  public func isAlive(_ who: Incarnation) -> Bool {
    checkThread()
    return !state.pointee.isVoid && state.pointee.incarnations[Int(who.index)].isAlive
  }

  /// Boundaries that the incarnation has reached so far.
  public func boundaries(of who: Incarnation) -> UInt64 {
    checkThread()
    return state.pointee.incarnations[Int(who.index)].boundaries
  }

  /// Where the incarnation's `CrashPlan` struck; nil if it did not.
  public func struck(_ who: Incarnation) -> BoundaryKind? {
    checkThread()
    return state.pointee.incarnations[Int(who.index)].struckAt
  }

  /// Ends an incarnation: every sleep of its tasks throws `.stopped`, in the order of their slots, and so
  /// does each later sleep and call. The tasks unwind; what their `defer` and `catch` do reaches nothing.
  public func kill(_ who: Incarnation, inFlight: InFlight? = nil) {
    checkThread()
    guard state.pointee.incarnations[Int(who.index)].isAlive else { return }
    state.pointee.incarnations[Int(who.index)].isAlive = false
    if let inFlight { state.pointee.incarnations[Int(who.index)].inFlight = inFlight }
    state.pointee.trace.add(
      Instant(nanoseconds: state.pointee.now), .max - 2, who.index,
      Int64(bitPattern: state.pointee.incarnations[Int(who.index)].boundaries))
    stopSleepers(of: who.index)
  }

  /// Lets the incarnation's wall clock (`DRClock.now`) run ahead of simulated time, or behind it; its sleeps
  /// don't notice.
  public func setWallClock(of who: Incarnation, aheadBy offset: TimeSpan) {
    checkThread()
    state.pointee.incarnations[Int(who.index)].wallOffset = offset.nanoseconds
  }

  /// What the incarnation's wall clock shows. It goes on after its death: reading it harms nothing.
  public func wallClock(of who: Incarnation) -> Instant {
    checkThread()
    return Instant(nanoseconds: state.pointee.now &+ state.pointee.incarnations[Int(who.index)].wallOffset)
  }

  /// Time since the incarnation started.
  public func uptime(of who: Incarnation) -> TimeSpan {
    checkThread()
    return TimeSpan(nanoseconds: state.pointee.now - state.pointee.incarnations[Int(who.index)].startedAt)
  }

  /// Numbers a boundary: a point at which the incarnation may die. Calls and sleeps do so by themselves; a
  /// port that does without them (a journal in memory) says so here.
  /// - Throws: `.stopped` if the incarnation is dead, or dies here; `.unfit` on a thread that is not the
  ///   loop's.
  public func crossBoundary(_ who: Incarnation, _ kind: BoundaryKind = .sleep) throws(DRError) {
    try checkPort()
    let index = Int(who.index)
    guard !state.pointee.isVoid, state.pointee.incarnations[index].isAlive else { throw .stopped }
    state.pointee.incarnations[index].boundaries &+= 1
    if state.pointee.incarnations[index].boundaries == state.pointee.incarnations[index].diesAt {
      state.pointee.incarnations[index].struckAt = kind
      let span = state.pointee.incarnations[index].freezes
      if span > 0 {
        state.pointee.incarnations[index].frozenUntil = state.pointee.now &+ span
        return
      }
      kill(who)
      throw .stopped
    }
  }

  @inline(__always)
  func isFrozen(_ who: Incarnation) -> Bool {
    state.pointee.incarnations[Int(who.index)].frozenUntil > state.pointee.now
  }

  /// Holds a task of an incarnation that stands still until it goes on.
  nonisolated(nonsending)
    func thaw(_ who: Incarnation) async throws(DRError)
  {
    while isFrozen(who) {
      let until = state.pointee.incarnations[Int(who.index)].frozenUntil
      guard let nap = try lieDown(who, until: until) else { return }
      try getUp(who, await rest(nap))
    }
  }

  /// Like `checkThread`, for what can throw: a task that escaped ends in an error, and the run in a fault.
  @inline(__always)
  func checkPort() throws(DRError) {
    if drk_thread() != state.pointee.owner { throw strayed() }
  }

  private func strayed() -> DRError {
    escaped.store(true, ordering: .relaxed)
    return DRError(
      .unfit, "use a simulated port", reason: "this task runs on a thread that is not the simulation's",
      remedy: "wait only on the clock port; no real sleeps, queues or main actors")
  }

  /// Wakes the sleepers of one incarnation, or all, with `.stopped`.
  func stopSleepers(of incarnation: UInt32?) {
    let previous = drk_hook_enter(state)
    var slot = 0
    while slot < state.pointee.sleeps.capacity {
      if let event = state.pointee.sleeps.event(at: slot, of: incarnation) { stop(slot, event: event) }
      slot += 1
    }
    drk_hook_leave(previous)
  }
}
