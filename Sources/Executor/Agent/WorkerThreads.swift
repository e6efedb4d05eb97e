import DRKit
import Glibc

/// Plain threads, since every one of them blocks in the file system: a pool of tasks has no room for that.
enum WorkerThreads {
  /// Runs `body` on `count` threads (with their number) and returns when all have ended.
  /// - Throws: `.transient` when not even one thread can be made; with fewer than asked the work is done all the same.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws(DRError) {
    var threads: [pthread_t] = []
    for number in 0..<count {
      if let thread = start({ body(number) }) { threads.append(thread) }
    }
    guard !threads.isEmpty else {
      throw DRError(.transient, "digest a file", reason: "no thread can be started")
    }
    for thread in threads { pthread_join(thread, nil) }
  }

  /// A thread that ends with the process.
  static func detach(_ body: @escaping @Sendable () -> Void) {
    if let thread = start(body) { pthread_detach(thread) }
  }

  private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    let box = Unmanaged.passRetained(Box(body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      box.release()
      return nil
    }
    return thread
  }

  /// Cores that this process may run on.
  static var cores: Int { max(1, min(256, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }
}
