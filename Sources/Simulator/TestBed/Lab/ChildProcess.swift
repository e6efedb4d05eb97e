import DRKit
import Glibc

/// A program that lab mode started: by argument vector, never through a shell, and ended by its own pid only.
///
/// Used by one thread. The child leads its own process group, so that a Ctrl-C meant for the bed does not end it before
/// the bed has stopped in order; it gets an empty signal mask and a minimal environment.
final class ChildProcess {
  enum Exit: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
  }

  let name: String
  let pid: pid_t
  private(set) var exit: Exit?

  /// Starts `arguments[0]`, found in the usual directories. Standard input is empty; what it prints goes to the open
  /// descriptor `output`, or nowhere.
  init(_ arguments: [String], output: Int32?) throws(DRError) {
    name = arguments[0]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for stream: Int32 in [1, 2] {
      if let output {
        posix_spawn_file_actions_adddup2(&actions, output, stream)
      } else {
        posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0)
      }
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | Int32(POSIX_SPAWN_SETPGROUP)
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var argv = Self.vector(arguments)
    var envp = Self.vector(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"])
    defer { for text in argv + envp { free(text) } }
    var pid: pid_t = 0
    // posix_spawnp searches with *our* PATH, which may be anything: look in the usual places ourselves.
    var answer = ENOENT
    for directory in arguments[0].contains("/")
      ? [""] : ["/usr/bin/", "/usr/sbin/", "/bin/", "/usr/local/bin/"]
    {
      answer = posix_spawn(&pid, directory + arguments[0], &actions, &attributes, &argv, &envp)
      if answer != ENOENT { break }
    }
    guard answer == 0 else {
      var error = DRError.system("start a program", arguments[0], answer)
      if answer == ENOENT { error.remedy = "run Tests/Lab/install.sh" }
      throw error
    }
    self.pid = pid
  }

  private static func vector(_ words: [String]) -> [UnsafeMutablePointer<CChar>?] {
    var vector: [UnsafeMutablePointer<CChar>?] = []
    for word in words { vector.append(strdup(word)) }
    vector.append(nil)
    return vector
  }

  /// Nil while it runs.
  func poll() -> Exit? {
    if exit == nil { reap(WNOHANG) }
    return exit
  }

  /// Waits until it has ended; nil when it still runs at the deadline.
  func wait(until deadline: LabDeadline) -> Exit? {
    while poll() == nil {
      guard !deadline.hasPassed else { return nil }
      LabTime.sleep(nanoseconds: 5_000_000)
    }
    return exit
  }

  /// Asks it to end (SIGTERM), and after five seconds ends it.
  func end() {
    guard poll() == nil else { return }
    kill(pid, SIGTERM)
    guard wait(until: LabDeadline(in: .seconds(5))) == nil else { return }
    kill(pid, SIGKILL)
    reap(0)
  }

  private func reap(_ options: Int32) {
    var status: Int32 = 0
    var answer: pid_t
    repeat { answer = waitpid(pid, &status, options) } while answer < 0 && errno == EINTR
    guard answer == pid else {
      // Somebody else reaped it (a process-wide SIGCHLD handler): it is gone, its code unknown.
      if answer < 0 { exit = .signal(0) }
      return
    }
    exit = status & 0x7f == 0 ? .code((status >> 8) & 0xff) : .signal(status & 0x7f)
  }

  /// Runs a short program to its end and returns what it printed, at most 64 KiB of it.
  ///
  /// - Throws: `.refused` with its last words when it exits with another code than 0, `.timedOut` (it is ended then).
  @discardableResult
  static func run(_ arguments: [String], within span: TimeSpan) throws(DRError) -> String {
    let deadline = LabDeadline(in: span)
    var pipe: [Int32] = [0, 0]
    // A socket pair, because it can be born close-on-exec: a daemon started at the same moment must not hold it open.
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pipe) == 0 else { throw .system("open a pipe", arguments[0]) }
    defer { close(pipe[0]) }
    let start = Result { () throws(DRError) in try ChildProcess(arguments, output: pipe[1]) }
    close(pipe[1])
    let child = try start.get()
    var said: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
      var entry = pollfd(fd: pipe[0], events: Int16(POLLIN), revents: 0)
      let ready = Glibc.poll(&entry, 1, deadline.milliseconds)
      if ready < 0 && errno == EINTR { continue }
      guard ready > 0 else { break }
      let n = read(pipe[0], &chunk, chunk.count)
      if n < 0 && errno == EINTR { continue }
      guard n > 0 else { break }
      if said.count < 65_536 { said += chunk[..<n] }
    }
    let subject = arguments.prefix(2).joined(separator: " ")
    guard let exit = child.wait(until: deadline) else {
      child.end()
      throw DRError(.timedOut, "run a program", subject, reason: "not ended after \(span.seconds) s")
    }
    let text = String(decoding: said, as: UTF8.self)
    guard exit == .code(0) else {
      let words = text.split(separator: "\n").suffix(3).joined(separator: "; ")
      throw DRError(.refused, "run a program", subject, reason: words.isEmpty ? "ended with \(exit)" : words)
    }
    return text
  }
}
