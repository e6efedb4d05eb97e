import DRKit
import Dispatch
import Synchronization

/// Runs blocking file calls off the cooperative pool and gives up waiting for them at a deadline.
///
/// A call into a FUSE mount whose bricks are gone can hang for `network.ping-timeout` (42 s) or for ever, and nothing can
/// interrupt it from inside. So the *waiting* ends; the thread stays behind, and from then on the mount counts as dead:
/// every later call fails at once, which bounds the threads that can be lost.
final class FileThread: Sendable {
  private let queue = DispatchQueue(label: "drkit.volume", attributes: .concurrent)
  private let deadline: TimeSpan
  private let isDead = Mutex(false)

  init(deadline: TimeSpan) { self.deadline = deadline }

  /// Runs the last call, even on a mount that is dead, and waits for it as long as for any other.
  func finish(_ body: @escaping @Sendable () -> Void) async {
    let answer = Answer<Void>()
    _ = await withCheckedContinuation { continuation in
      answer.wait(continuation)
      queue.async {
        body()
        answer.give(.success(()))
      }
      queue.asyncAfter(deadline: .now() + .nanoseconds(Int(deadline.nanoseconds))) {
        answer.give(.success(()))
      }
    }
  }

  /// - Throws: what `body` throws; `.transient` when it took longer than the deadline, or an earlier call did;
  ///   `.stopped` when the task is cancelled (the call's effect may still take place).
  func perform<T: Sendable>(
    _ operation: String, _ subject: String, _ body: @escaping @Sendable () throws(DRError) -> T
  ) async throws(DRError) -> T {
    if isDead.withLock({ $0 }) { throw dead(operation, subject) }
    let answer = Answer<T>()
    let late = DispatchWorkItem { [self] in
      if answer.give(.failure(dead(operation, subject))) { isDead.withLock { $0 = true } }
    }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        answer.wait(continuation)
        queue.async {
          let result = Result(catching: body)
          answer.give(result)
        }
        queue.asyncAfter(deadline: .now() + .nanoseconds(Int(deadline.nanoseconds)), execute: late)
      }
    } onCancel: {
      answer.give(.failure(.stopped))
    }
    late.cancel()
    return try result.get()
  }

  private func dead(_ operation: String, _ subject: String) -> DRError {
    DRError(
      .transient, operation, subject,
      reason: "the mount has not answered for \(deadline.wholeSeconds) s and is given up",
      remedy: "see that the volume's bricks are up; the next view is a fresh mount")
  }
}

/// A result that is given once, whoever comes first, and awaited by one.
private final class Answer<T: Sendable>: Sendable {
  private typealias Waiter = CheckedContinuation<Result<T, DRError>, Never>
  private struct State {
    var isGiven = false
    /// Only until the waiter has it: the block of the deadline holds this answer for as long as the deadline is, cancelled or
    /// not, and a result may be a descriptor that keeps a mount alive.
    var result: Result<T, DRError>?
    var waiter: Waiter?
  }
  private let state = Mutex(State())

  func wait(_ continuation: CheckedContinuation<Result<T, DRError>, Never>) {
    let known = state.withLock { state -> Result<T, DRError>? in
      if state.result == nil { state.waiter = continuation }
      defer { state.result = nil }
      return state.result
    }
    if let known { continuation.resume(returning: known) }
  }

  /// False when there was a result already.
  @discardableResult
  func give(_ result: Result<T, DRError>) -> Bool {
    let (isFirst, waiter) = state.withLock { state -> (Bool, Waiter?) in
      guard !state.isGiven else { return (false, nil) }
      state.isGiven = true
      if state.waiter == nil { state.result = result }
      defer { state.waiter = nil }
      return (true, state.waiter)
    }
    waiter?.resume(returning: result)
    return isFirst
  }
}
