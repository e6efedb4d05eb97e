import DRKit
import Synchronization

/// Every port call of a fake passes here twice, before its effect and before its answer: the places where a process can die
/// and an answer can be lost.
final class Tripwire: Sendable {
  enum Fault: Sendable {
    /// The process is dead from here on: each later call throws `.stopped`, until `revive`.
    case death
    /// This one call throws `.transient`; the process lives on.
    case transient
  }

  private struct State {
    var passed = 0
    var log: [String] = []
    var armed: (point: Int, fault: Fault)?
    var armedName: (name: String, left: Int)?
    var isDead = false
    var fired: String? { didSet { firstFired = firstFired ?? fired } }
    var firstFired: String?
    var losing: Set<String> = []
    var scripted: [String: [DRError]] = [:]
  }

  private let state = Mutex(State())

  /// The name of the point at which the first fault fired.
  var firstFired: String? { state.withLock { $0.firstFired } }
  /// Every passage since the beginning: `name`, then `name, answer`.
  var passages: [String] { state.withLock { $0.log } }
  /// The calls alone.
  var calls: [String] { passages.filter { !$0.hasSuffix(", answer") } }
  /// The name of the point at which the fault armed last fired.
  var fired: String? { state.withLock { $0.fired } }

  /// `fault` strikes at the `point`-th passage from now (from 1).
  func arm(at point: Int, _ fault: Fault = .death) {
    state.withLock {
      $0.passed = 0
      $0.armed = (point, fault)
      $0.fired = nil
    }
  }

  /// The process dies when the `nth` answer of the calls named `name` is due: the effect has taken place.
  func arm(atAnswerOf name: String, nth: Int = 1) {
    state.withLock {
      $0.armedName = (name + ", answer", nth)
      $0.fired = nil
    }
  }

  /// A new incarnation: calls work again.
  func revive() {
    state.withLock {
      $0.isDead = false
      $0.armed = nil
      $0.armedName = nil
    }
  }

  /// The next calls named `name` fail, once for each error, before their effect.
  func script(_ name: String, _ errors: [DRError]) {
    state.withLock { $0.scripted[name, default: []] += errors }
  }

  /// The next call named `name` takes effect and then fails.
  func loseAnswer(of name: String) { state.withLock { _ = $0.losing.insert(name) } }

  /// Runs one port call.
  func call<T>(_ name: String, _ body: () throws(DRError) -> T) throws(DRError) -> T {
    try pass(name)
    let scripted = state.withLock { state -> DRError? in
      guard let errors = state.scripted[name], let first = errors.first else { return nil }
      state.scripted[name] = Array(errors.dropFirst())
      return first
    }
    if let scripted { throw scripted }
    let value = try body()
    if state.withLock({ $0.losing.remove(name) }) != nil {
      throw DRError(.transient, name, reason: "the answer was lost")
    }
    try pass(name + ", answer")
    return value
  }

  private func pass(_ name: String) throws(DRError) {
    let error = state.withLock { state -> DRError? in
      if state.isDead { return .stopped }
      state.passed += 1
      state.log.append(name)
      if state.armedName?.name == name {
        state.armedName!.left -= 1
        if state.armedName!.left == 0 {
          state.fired = name
          state.isDead = true
          return .stopped
        }
      }
      guard let armed = state.armed, armed.point == state.passed else { return nil }
      state.fired = name
      switch armed.fault {
      case .death:
        state.isDead = true
        return .stopped
      case .transient:
        // A sleep has no answer to lose.
        return name.hasPrefix("clock.") ? nil : DRError(.transient, name, reason: "the answer was lost")
      }
    }
    if let error { throw error }
  }
}
