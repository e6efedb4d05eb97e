import Dispatch
import Foundation

/// Runs `body`; SIGTERM and SIGINT cancel it, so that a run ends at its next step with its journal in order.
func cancelledBySignals<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
  let task = Task { try await body() }
  let sources = [SIGTERM, SIGINT].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler { task.cancel() }
    source.resume()
    return source
  }
  defer {
    for source in sources { source.cancel() }
    // Whoever waits at a question afterwards must be able to leave it.
    for number in [SIGTERM, SIGINT] { signal(number, SIG_DFL) }
  }
  return try await task.value
}

/// Runs `body`; SIGTERM and SIGINT only set the flag, so that what was begun is ended in good order.
func noticingSignals<T>(_ flag: HeardSignal, _ body: () async throws -> T) async throws -> T {
  let sources = [SIGTERM, SIGINT].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler { flag.set() }
    source.resume()
    return source
  }
  defer {
    for source in sources { source.cancel() }
    // Whoever waits at a question afterwards must be able to leave it.
    for number in [SIGTERM, SIGINT] { signal(number, SIG_DFL) }
  }
  return try await body()
}
