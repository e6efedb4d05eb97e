import DRKit
import Foundation
import Synchronization

/// A run's progress for whoever watches: one line for each thing that happened, and why it waits. On a terminal the wait is one
/// line written over; elsewhere a line is printed when the reason changes.
final class ProgressPrinter: RunObserver {
  private struct State {
    /// The reasons already shown in this phase: several machines are waited for at once.
    var shown: Set<String> = []
    var isWaitShown = false
  }

  private let state = Mutex(State())
  private let isSilent: Bool

  init(isSilent: Bool) { self.isSilent = isSilent }

  func observe(_ event: RunEvent, at instant: Instant) {
    if isSilent { return }
    switch event {
    case .runBegan(let record, let resumed):
      line(instant, "run", "\(resumed ? "resuming" : "beginning") run \(record.id) of \(record.key)")
    case .phaseBegan: state.withLock { $0.shown = [] }
    case .phaseEnded(let record):
      line(instant, record.phase.rawValue, "\((record.ended - record.began).text)  \(record.note)")
    case .waiting(let phase, let reason, let deadline):
      wait(
        instant, phase.rawValue, "waiting: \(reason) (at most \((deadline - instant).text) more)", reason)
    case .deadline: break
    case .noted(let phase, let text): line(instant, phase.rawValue, text)
    case .retrying(let error, let attempt, let after):
      line(instant, "retry", "\(error.operation): \(error.reason) (try \(attempt), again in \(after.text))")
    case .phaseFailed(let phase, let error): line(instant, phase.rawValue, "FAILED: \(error)")
    case .runEnded(let record):
      let verdict = record.outcome == .sealed ? "sealed" : "FAILED"
      let length = ((record.ended ?? instant) - record.began).text
      line(instant, "run", "\(verdict) after \(length)" + (record.failure.map { ": \($0)" } ?? ""))
      for snapshot in record.leftOver { line(instant, "run", "still standing: \(snapshot)") }
    }
  }

  private func line(_ instant: Instant, _ head: String, _ text: String) {
    state.withLock { state in
      if state.isWaitShown { Console.raw("\r\u{1b}[K") }
      state.isWaitShown = false
      Console.out("\(instant.clockText)  \(head.padded(10))\(text)")
    }
  }

  private func wait(_ instant: Instant, _ head: String, _ text: String, _ reason: String) {
    state.withLock { state in
      if Console.isTerminal {
        Console.raw("\r\u{1b}[K\(instant.clockText)  \(head.padded(10))\(text)")
        state.isWaitShown = true
      } else if state.shown.insert(reason).inserted {
        Console.out("\(instant.clockText)  \(head.padded(10))\(text)")
      }
    }
  }
}

enum SystemRandom {
  /// A version 4 identifier for a run, from the system's generator.
  static func runID() -> RunID {
    var generator = SystemRandomNumberGenerator()
    let high = generator.next() & 0xffff_ffff_ffff_0fff | 0x4000
    let low = generator.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    return RunID(high: high, low: low)
  }
}
