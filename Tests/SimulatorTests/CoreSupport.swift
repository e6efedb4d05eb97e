import DRKit
import Glibc
import Simulator
import Synchronization
import Testing

/// Where code ran, seen from a test: which of its stations were on another thread than the simulation's.
final class Whereabouts: Sendable {
  private let home = pthread_self()
  private let strays = Mutex<[String]>([])
  private let passed = Mutex<Int>(0)

  func here(_ station: String) {
    passed.withLock { $0 += 1 }
    if pthread_self() != home { strays.withLock { $0.append(station) } }
  }

  var strayed: [String] { strays.withLock { $0 } }
  var stations: Int { passed.withLock { $0 } }
}

/// Counts the objects that are alive, to find what a killed task leaves behind.
final class LeakCounter: Sendable {
  private let alive = Mutex<Int>(0)

  var count: Int { alive.withLock { $0 } }
  func token() -> Token { Token(self) }

  final class Token: Sendable {
    private let counter: LeakCounter
    init(_ counter: LeakCounter) {
      self.counter = counter
      counter.alive.withLock { $0 += 1 }
    }
    deinit { counter.alive.withLock { $0 -= 1 } }
    func touch() {}
  }
}

/// Runs `body` on a thread of its own and waits for it, blocking.
func onAnotherThread(_ body: @escaping @Sendable () -> Void) {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  let box = Unmanaged.passRetained(Box(body)).toOpaque()
  pthread_create(
    &thread, nil,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, box)
  pthread_join(thread, nil)
}

extension Instant {
  static let dawn = Instant(epochSeconds: 1_800_000_000)
}
