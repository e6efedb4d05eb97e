import CSimulatorHook
import DRKit

extension SimulationLoop {
  /// Schedules a world event. One that is due in the past happens now, after all that is due now already.
  @discardableResult
  public func schedule(at: Instant, kind: UInt32, a: UInt32 = 0, b: Int64 = 0) -> EventHandle {
    checkThread()
    let due = max(at.nanoseconds, state.pointee.now)
    return state.pointee.queue.insert(at: due, isWakeUp: false, kind: kind, a: a, b: b)
  }

  /// Schedules a world event `span` from now.
  @discardableResult
  public func schedule(after span: TimeSpan, kind: UInt32, a: UInt32 = 0, b: Int64 = 0) -> EventHandle {
    checkThread()
    let now = state.pointee.now
    let sum = now.addingReportingOverflow(max(span.nanoseconds, 0))
    let due = sum.overflow ? .max : sum.partialValue
    return state.pointee.queue.insert(at: due, isWakeUp: false, kind: kind, a: a, b: b)
  }

  /// Takes an event back; false if it has happened or was cancelled before. Cheap: its place in the heap is
  /// freed later.
  @discardableResult
  public func cancel(_ handle: EventHandle) -> Bool {
    checkThread()
    return state.pointee.queue.cancel(handle)
  }

  /// Dies on a thread that isn't the loop's, as what follows would race with it.
  @inline(__always)
  func checkThread() {
    if drk_thread() != state.pointee.owner {
      drk_die("the simulation was touched by a thread that is not the simulation's")
    }
  }
}
