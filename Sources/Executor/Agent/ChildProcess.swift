import DRKit
import Glibc
import GlusterFiles

/// A program run to its end by this thread: no shell, no standard input, a deadline.
struct ChildProcess {
  struct Result {
    /// 0...255; nil: killed by a signal.
    var exitCode: Int32?
    /// The first 64 KiB of both outputs together.
    var output: String
    /// Processor time of the child and of those that it waited for.
    var processorNanoseconds: Int64
  }

  private static let outputLimit = 1 << 16
  private static let poll: useconds_t = 10_000

  /// - Parameter seconds: then it is killed.
  /// - Throws: `.unfit` when there is no such program; `.transient` when it took too long or could not be started.
  static func run(_ program: String, _ arguments: [String], seconds: Int64) throws(DRError) -> Result {
    var pipes: [Int32] = [0, 0]
    guard pipe(&pipes) == 0 else { throw failure(program, errno) }
    let (input, output) = (Descriptor(pipes[0]), Descriptor(pipes[1]))
    for pipe in pipes { _ = fcntl(pipe, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(input.number, F_SETFL, O_NONBLOCK)
    let child = try spawn(program, arguments, output: output.number)
    var status: Int32 = 0
    var usage = rusage()
    var text: [UInt8] = []
    let deadline = MonotonicClock.nanoseconds + seconds * 1_000_000_000
    while true {
      drain(input, &text)
      // What it leaves running (a FUSE client) may hold the pipe for ever: its own end is what counts.
      let ended = wait4(child, &status, WNOHANG, &usage)
      if ended == child { break }
      if ended < 0, errno != EINTR { throw failure(program, errno) }
      guard MonotonicClock.nanoseconds < deadline else {
        kill(child, SIGKILL)
        _ = retrying { wait4(child, &status, 0, &usage) }
        throw DRError(.transient, "run", program, reason: "no answer within \(seconds) s, killed")
      }
      usleep(poll)
    }
    drain(input, &text)
    // WIFEXITED and WEXITSTATUS are macros that Swift does not see.
    let code: Int32? = status & 0x7f == 0 ? status >> 8 & 0xff : nil
    return Result(
      exitCode: code, output: String(decoding: text, as: UTF8.self),
      processorNanoseconds: nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime))
  }

  private static func spawn(
    _ program: String, _ arguments: [String], output: Int32
  ) throws(DRError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, program, &actions, nil, &words, environ)
    guard code == 0 else { throw failure(program, code) }
    return child
  }

  private static func drain(_ input: Descriptor, _ text: inout [UInt8]) {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = retrying { read(input.number, &buffer, buffer.count) }
      guard count > 0 else { return }
      text += buffer.prefix(min(count, outputLimit - text.count))
    }
  }

  private static func nanoseconds(_ time: timeval) -> Int64 {
    Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_usec) * 1_000
  }

  private static func failure(_ program: String, _ code: Int32) -> DRError {
    DRError(
      code == ENOENT ? .unfit : .transient, "run", program, reason: String(cString: strerror(code)),
      remedy: code == ENOENT ? "install it on this host" : "")
  }
}
