import DRKit
import Glibc
import Synchronization

/// SIGTERM and SIGINT as something to wait for, for a lab that no web server runs.
public enum TerminationSignal {
  private static let writeEnd = Atomic<Int32>(-1)

  /// Returns when the process is told to end. From the first call on these signals no longer end it by themselves.
  public static func wait() async throws(DRError) {
    var ends: [Int32] = [0, 0]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .system("wait for a signal", "socketpair") }
    writeEnd.store(ends[1], ordering: .sequentiallyConsistent)
    for number in [SIGTERM, SIGINT] {
      signal(number) { _ in
        // Only what is safe in a signal handler: one write.
        var byte: UInt8 = 1
        _ = write(TerminationSignal.writeEnd.load(ordering: .relaxed), &byte, 1)
      }
    }
    let reader = ends[0]
    let outcome: Result<Void, DRError> = await withCheckedContinuation { continuation in
      do throws(DRError) {
        try LabThread.detach("signals") {
          var byte: UInt8 = 0
          while read(reader, &byte, 1) < 0 && errno == EINTR {}
          continuation.resume(returning: .success(()))
        }
      } catch {
        continuation.resume(returning: .failure(error))
      }
    }
    try outcome.get()
  }
}
