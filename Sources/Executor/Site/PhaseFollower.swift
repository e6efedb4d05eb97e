import DRKit
import Synchronization

/// Passes on what a run tells, and knows its phase: so that an adapter, which knows of no run, can have a note of its own in it.
final class PhaseFollower: RunObserver {
  private let observer: any RunObserver
  private let clock: any DRClock
  private let phase = Mutex(Phase.adopt)

  init(_ observer: any RunObserver, _ clock: any DRClock) {
    self.observer = observer
    self.clock = clock
  }

  func observe(_ event: RunEvent, at instant: Instant) {
    if case .phaseBegan(let phase) = event { self.phase.withLock { $0 = phase } }
    observer.observe(event, at: instant)
  }

  func note(_ text: String) {
    observer.observe(.noted(phase.withLock { $0 }, text), at: clock.now)
  }
}
