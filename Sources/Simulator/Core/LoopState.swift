import CSimulatorHook
import DRKit

/// The loop's inner state. It lives behind a pointer: that spares each access the dynamic exclusivity check
/// of a class's property, and is what the runtime's hook hands back.
///
/// Nothing here resumes a continuation or calls out, as that comes back into the state; the loop does so
/// between two calls.
struct LoopState: ~Copyable {
  /// The thread that may touch the loop.
  var owner = drk_thread()
  var now: Int64
  var queue: EventQueue
  var ready: RunQueue
  var sleeps = SleepTable()
  var incarnations: [IncarnationState] = []
  var trace = TraceHash()
  var isRunning = false
  var rootIsDone = false
  /// Set once a run ended in a fault: sleeps and calls all throw `.stopped`.
  var isVoid = false
  /// Why the run is to end; set by `halt`.
  var haltReason: String?
  var worldEvents: UInt64 = 0
  var wakeUps: UInt64 = 0
  var jobs: UInt64 = 0

  init(now: Int64, order: RunOrder) {
    self.now = now
    queue = EventQueue(start: now)
    ready = RunQueue(order: order)
  }

  var steps: UInt64 { worldEvents &+ wakeUps &+ jobs }
}

typealias LoopPointer = UnsafeMutablePointer<LoopState>

/// Where the hook and both executors put a job. Dies on another thread than the loop's: the job would race
/// with it.
@inline(__always)
func enqueue(_ job: UnownedJob, _ front: JobFront, on state: LoopPointer) {
  guard drk_thread() == state.pointee.owner else {
    drk_die("a job for the simulation was enqueued by a thread that is not the simulation's")
  }
  state.pointee.ready.append(job, front)
}

/// The hook's end: a job of the global executor.
func enqueueFromHook(_ loop: UnsafeMutableRawPointer?, _ job: UnsafeMutableRawPointer?) {
  guard let loop, let job else { return }
  enqueue(
    unsafeBitCast(job, to: UnownedJob.self), .global, on: loop.assumingMemoryBound(to: LoopState.self))
}
