import DRKit

extension SimulationLoop {
  /// A call through a simulated port: boundary, the request's way, the effect, boundary, the answer's way.
  ///
  /// The effect happens at one instant, on the world's plain state; nothing else runs meanwhile. A caller
  /// that dies on the request's way has its request lost or landed, as its incarnation says; one that dies on
  /// the answer's way (or is cancelled) leaves the effect done.
  /// - Parameters:
  ///   - request: Until the effect; zero or negative: at once.
  ///   - reply: From the effect to the answer.
  ///   - apply: The effect. A `DRError` from it travels back as an answer does.
  /// - Throws: what `apply` throws; `.stopped` if the incarnation is dead or dies, or the task is cancelled.
  nonisolated(nonsending)
    public func call<T>(
      _ who: Incarnation, request: TimeSpan = .zero, reply: TimeSpan = .zero,
      apply: @escaping () throws(DRError) -> T
    ) async throws(DRError) -> T
  {
    try checkPort()
    let landing = instant(after: request)
    let wasAlive = !state.pointee.isVoid && state.pointee.incarnations[Int(who.index)].isAlive
    do throws(DRError) {
      try crossBoundary(who, .request)
    } catch {
      // Killed with the request just sent.
      if wasAlive, state.pointee.incarnations[Int(who.index)].inFlight == .lands {
        land(at: landing) { _ = try? apply() }
      }
      throw error
    }
    if request.nanoseconds > 0, let nap = try lieDown(who, until: landing) {
      let isOnTime = await rest(nap)
      do throws(DRError) {
        try getUp(who, isOnTime)
      } catch {
        if !state.pointee.isVoid, state.pointee.incarnations[Int(who.index)].inFlight == .lands {
          land(at: landing) { _ = try? apply() }
        }
        throw error
      }
    }
    let answer: Result<T, DRError>
    do throws(DRError) {
      answer = .success(try apply())
    } catch {
      answer = .failure(error)
    }
    try crossBoundary(who, .answer)
    if reply.nanoseconds > 0, let nap = try lieDown(who, until: instant(after: reply)) {
      try getUp(who, await rest(nap))
    }
    if isFrozen(who) { try await thaw(who) }
    return try answer.get()
  }

  /// A request without a sender: takes effect at `instant`, or now if that has passed.
  private func land(at instant: Int64, _ effect: @escaping () -> Void) {
    let event = max(instant, state.pointee.now)
    orphans.append(effect)
    _ = state.pointee.queue.insert(
      at: event, isWakeUp: true, kind: WakeUpKind.landing, a: UInt32(orphans.count - 1), b: 0)
  }

  /// The request without a sender takes effect.
  func landOrphan(_ index: Int) {
    state.pointee.trace.add(Instant(nanoseconds: state.pointee.now), .max - 1, UInt32(index), 0)
    let effect = orphans[index]
    orphans[index] = nil
    effect?()
  }
}
