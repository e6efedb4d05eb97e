import Dispatch
import Foundation
import FoundationNetworking
import Synchronization

/// One request on its way through a `URLSession`, and whoever waits for it.
///
/// Not `session.data(for:)`: it cancels within the cancellation handler, which runs under the waiting task's lock, and waits
/// there for the session's queue; that queue may be waking the same task, which wants the same lock. Here the handler
/// waits for nothing: the waiting task is woken at once, and Foundation hears of the cancel on `queue`.
final class URLSessionExchange: Sendable {
  private struct State {
    var isOver = false
    var waiter: CheckedContinuation<Outcome, Never>?
    var task: URLSessionDataTask?
  }

  private let state = Mutex(State())
  private let request: URLRequest
  private let session: URLSession
  /// Serial, and nobody's but the session's transport: so a task is made and resumed before it is cancelled, or never made.
  private let queue: DispatchQueue

  init(_ request: URLRequest, _ session: URLSession, _ queue: DispatchQueue) {
    self.request = request
    self.session = session
    self.queue = queue
  }

  /// Once for each exchange.
  /// - Returns: the reply as it came, redirects included; at once `.cancelled` when the task is cancelled.
  func outcome() async -> Outcome {
    await withTaskCancellationHandler {
      await withCheckedContinuation { begin($0) }
    } onCancel: {
      end(.failure(.cancelled))
      queue.async { self.takeTask()?.cancel() }
    }
  }

  private func begin(_ waiter: CheckedContinuation<Outcome, Never>) {
    let isOver = state.withLock { state in
      if !state.isOver { state.waiter = waiter }
      return state.isOver
    }
    if isOver { return waiter.resume(returning: .failure(.cancelled)) }
    queue.async { self.start() }
  }

  /// On `queue`.
  private func start() {
    if state.withLock({ $0.isOver }) { return }
    let task = session.dataTask(with: request) { data, response, error in
      self.end(Self.outcome(data, response, error))
      // Two that hold each other are never freed.
      _ = self.takeTask()
    }
    state.withLock { $0.task = task }
    task.resume()
  }

  private func takeTask() -> URLSessionDataTask? { state.withLock { $0.task.take() } }

  /// The first end counts; whoever waits is woken outside the lock, and once.
  private func end(_ outcome: Outcome) {
    let waiter = state.withLock { state in
      state.isOver = true
      return state.waiter.take()
    }
    waiter?.resume(returning: outcome)
  }

  private static func outcome(_ data: Data?, _ response: URLResponse?, _ error: (any Error)?) -> Outcome {
    switch error {
    case let error as TransportError: return .failure(error)
    case let error as URLError where error.code == .cancelled: return .failure(.cancelled)
    // Never its text: Foundation puts the whole URL into it.
    case let error?: return .failure(.unreachable("\(type(of: error))"))
    case nil: break
    }
    guard let response = response as? HTTPURLResponse else {
      return .failure(.garbled("the reply is not HTTP's"))
    }
    return .success(EngineProtocol.reply(response, data ?? Data()))
  }
}
