import Dispatch
import Foundation
import Synchronization

/// Runs `body`; SIGTERM, SIGINT and SIGHUP cancel it, so that a run ends at its next step with its journal in order.
/// - Parameter flag: set when one of them came.
func cancelledBySignals<T: Sendable>(
  _ flag: HeardSignal = HeardSignal(), _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
  let task = Task { try await body() }
  let signals = CaughtSignals {
    flag.set()
    task.cancel()
  }
  defer { signals.letGo() }
  return try await task.value
}

/// Runs `body`; SIGTERM, SIGINT and SIGHUP only set the flag, so that what was begun is ended in good order.
func noticingSignals<T>(_ flag: HeardSignal, _ body: () async throws -> T) async throws -> T {
  let signals = CaughtSignals { flag.set() }
  defer { signals.letGo() }
  return try await body()
}

/// The signals that mean "end", caught until let go.
private struct CaughtSignals {
  private let sources: [any DispatchSourceSignal]
  private let numbers: [Int32]

  init(_ handler: @escaping @Sendable () -> Void) {
    // Under `nohup` a hang-up is ignored, and stays so.
    numbers = [SIGTERM, SIGINT, SIGHUP].filter { number in
      let before = signal(number, SIG_IGN)
      return number != SIGHUP || unsafeBitCast(before, to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self)
    }
    sources = numbers.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler(handler: handler)
      source.resume()
      return source
    }
  }

  func letGo() {
    for source in sources { source.cancel() }
    // Whoever waits at a question afterwards must be able to leave it.
    for number in numbers { signal(number, SIG_DFL) }
  }
}

/// A signal that was heard.
final class HeardSignal: Sendable {
  private let state = Mutex(false)
  var isSet: Bool { state.withLock { $0 } }
  func set() { state.withLock { $0 = true } }
}
