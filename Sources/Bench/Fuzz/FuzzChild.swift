import DRKit
import Glibc

/// One worker process after the other, until a parser has had all its inputs: after a trap or a hang the next begins behind
/// the input that did it.
final class FuzzChild {
  private let driver: FuzzDriver
  private let inputs: Int
  private let logbookPath: String
  private let complaintPath: String
  private var logbook: FuzzLogbook
  private var result: FuzzDriver.Result
  private var next = 0
  private var process: pid_t = 0
  private var lastInput: Int64 = -1
  private var lastProgress: Double = 0
  private let began: Double

  init(_ driver: FuzzDriver, parser: String, inputs: Int) throws(DRError) {
    self.driver = driver
    self.inputs = inputs
    let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    logbookPath = "\(directory)/drkit-fuzz-\(getpid())-\(parser).log"
    complaintPath = logbookPath + ".txt"
    logbook = try FuzzLogbook(path: logbookPath)
    result = FuzzDriver.Result(parser: parser)
    began = Self.now()
    try spawn()
  }

  deinit {
    unlink(logbookPath)
    unlink(complaintPath)
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private func spawn() throws(DRError) {
    unlink(logbookPath)
    logbook = try FuzzLogbook(path: logbookPath)
    let words = [
      driver.executable, "bench", "fuzz-worker", "--parser", result.parser, "--seed", "\(driver.seed)",
      "--from",
      "\(next)", "--to", "\(inputs)", "--logbook", logbookPath,
    ]
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    // What the runtime says of a trap goes into a file: the last lines of it are the finding's text.
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, complaintPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var environment = Self.environment()
    defer { for variable in environment { free(variable) } }
    let code = posix_spawn(&process, driver.executable, &actions, nil, &arguments, &environment)
    guard code == 0 else {
      throw DRError(
        .unfit, "start a fuzz worker", driver.executable, reason: String(cString: strerror(code)))
    }
    lastInput = -1
    lastProgress = Self.now()
  }

  /// This process's own, without the runtime's backtraces: a trap would take seconds, and look like a hang.
  private static func environment() -> [UnsafeMutablePointer<CChar>?] {
    var variables: [UnsafeMutablePointer<CChar>?] = [strdup("SWIFT_BACKTRACE=enable=no")]
    var next = environ
    while let variable = next.pointee {
      if strncmp(variable, "SWIFT_BACKTRACE=", 16) != 0 { variables.append(strdup(variable)) }
      next += 1
    }
    return variables + [nil]
  }

  func kill() {
    guard process > 0 else { return }
    Glibc.kill(process, SIGKILL)
    var status: Int32 = 0
    waitpid(process, &status, 0)
    process = 0
  }

  /// - Returns: the parser's result once it has had all its inputs.
  func look() throws(DRError) -> FuzzDriver.Result? {
    var status: Int32 = 0
    if waitpid(process, &status, WNOHANG) == process {
      process = 0
      return try ended(status)
    }
    let input = logbook.read(.input)
    if input != lastInput {
      lastInput = input
      lastProgress = Self.now()
      return nil
    }
    guard Self.now() - lastProgress > Double(driver.inputLimit) else { return nil }
    kill()
    note("hang", "not over after \(driver.inputLimit) s")
    return try goOn(behind: Int(input))
  }

  private func ended(_ status: Int32) throws(DRError) -> FuzzDriver.Result? {
    let signal = status & 0x7f
    let code = status >> 8 & 0xff
    if signal == 0 && code == 0 { return finish() }
    if signal == 0 && code == FuzzWorker.complained {
      note("answer", said())
    } else {
      note("trap", (signal == 0 ? "exit code \(code)" : "signal \(signal)") + ": " + said())
    }
    return try goOn(behind: Int(logbook.read(.input)))
  }

  private func note(_ kind: String, _ text: String) {
    result.findings.append(
      FuzzDriver.Finding(parser: result.parser, input: Int(logbook.read(.input)), kind: kind, text: text))
  }

  private func goOn(behind input: Int) throws(DRError) -> FuzzDriver.Result? {
    add(done: input + 1 - next)
    next = input + 1
    guard next < inputs, result.findings.count < FuzzDriver.findingLimit else { return close() }
    try spawn()
    return nil
  }

  private func finish() -> FuzzDriver.Result {
    add(done: inputs - next)
    let settled = logbook.read(.settled)
    // A worker of few inputs has no warm-up to compare with.
    if settled > 0 { result.growth = max(0, Int(logbook.read(.largest) - settled)) }
    if result.growth > FuzzDriver.growthLimit {
      note(
        "growth", "\(result.growth >> 20) MiB more after \(inputs - next) inputs than after a quarter of them"
      )
    }
    return close()
  }

  private func add(done: Int) {
    result.inputs += done
    result.accepted += Int(logbook.read(.accepted))
    result.refused += Int(logbook.read(.refused))
  }

  private func close() -> FuzzDriver.Result {
    result.seconds = Self.now() - began
    return result
  }

  /// The first line that tells something, of what the worker printed.
  private func said() -> String {
    let file = open(complaintPath, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { Glibc.close(file) }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = Glibc.read(file, &buffer, buffer.count)
    let lines = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
    let telling = lines.first { $0.contains("Fatal error") } ?? lines.first { !$0.isEmpty } ?? ""
    return String(telling.prefix(300))
  }
}
