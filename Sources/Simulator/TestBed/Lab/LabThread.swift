import DRKit
import Glibc

/// A thread of its own, for work that blocks in the kernel: the cooperative pool has only as many threads as there are
/// cores, and must not wait for a Gluster volume.
enum LabThread {
  /// Runs `body` on a new detached thread.
  /// - Parameter name: What it is for, in an error.
  static func detach(_ name: String, _ body: @escaping @Sendable () -> Void) throws(DRError) {
    let box = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let answer = pthread_create(
      &thread, nil,
      { pointer in
        guard let pointer else { return nil }
        Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    guard answer == 0 else {
      box.release()
      throw .system("start a thread", name, answer)
    }
    pthread_detach(thread)
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}

/// A mutex and a condition in one, for a thread to sleep on until another one changes the value.
///
/// `@unchecked Sendable`: the value is only touched under the mutex.
final class Monitor<Value>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var value: Value

  init(_ value: sending Value) {
    self.value = value
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Changes or reads the value, and wakes who waits for a change.
  func update<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    return body(&value)
  }

  /// Sleeps until `body` returns something.
  func wait<Result: Sendable>(_ body: (inout Value) -> Result?) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&value) { return result }
      pthread_cond_wait(condition, mutex)
    }
  }
}

/// Runs an actor's code on a thread of its own, so that the actor may block in system calls.
final class ThreadExecutor: SerialExecutor {
  private struct Queue {
    var jobs: [(UnownedJob, UnownedSerialExecutor)] = []
    var isClosed = false
  }
  private let queue = Monitor(Queue())

  init(name: String) throws(DRError) {
    // The thread holds the queue only: when the executor goes, it runs dry and ends.
    try LabThread.detach(name) { [queue] in
      while let (job, executor) = Self.next(queue) { job.runSynchronously(on: executor) }
    }
  }

  deinit { queue.update { $0.isClosed = true } }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    queue.update { $0.jobs.append((job, executor)) }
  }

  private static func next(_ queue: Monitor<Queue>) -> (UnownedJob, UnownedSerialExecutor)? {
    let found: (UnownedJob, UnownedSerialExecutor)?? = queue.wait { state in
      if !state.jobs.isEmpty { return .some(state.jobs.removeFirst()) }
      return state.isClosed ? .some(nil) : nil
    }
    return found ?? nil
  }
}
