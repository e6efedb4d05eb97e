import DRKit
import Glibc
import Subprocess
import SystemPackage

/// Runs commands as children of this process, on this host.
///
/// The child gets an environment of its own (`PATH`, `HOME`, `LC_ALL=C`), no standard input, no descriptors but its
/// three, and a session, so that what it starts dies with it: at the deadline, at cancellation, or when it says too
/// much, the whole process group gets SIGKILL. (Not SIGTERM first: a leader that obeys would end the clean-up while
/// the rest of its group lives on. None of our commands has anything to tidy up.)
public struct SubprocessRunner: CommandRunner {
  /// Where executables are looked up.
  public var path: String

  public init(path: String = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") {
    self.path = path
  }

  private enum Outcome: Sendable {
    case ended(CommandResult)
    case late
    case failed(DRError)
  }

  public func run(_ command: Command) async throws(DRError) -> CommandResult {
    if Task.isCancelled { throw .stopped }
    guard !([command.executable] + command.arguments).contains(where: { $0.utf8.contains(0) }) else {
      throw DRError(.unfit, "run", command.description, reason: "an argument holds a NUL byte")
    }
    let outcome = await withTaskGroup(of: Outcome.self) { group in
      group.addTask { await execute(command) }
      group.addTask {
        do {
          try await Task.sleep(for: .nanoseconds(command.deadline.nanoseconds))
          return .late
        } catch {
          return .failed(.stopped)
        }
      }
      // A cancelled parent ends both; the first that ends decides, and the other is waited for.
      let first = await group.next() ?? .failed(.stopped)
      group.cancelAll()
      await group.waitForAll()
      return first
    }
    if Task.isCancelled { throw .stopped }
    switch outcome {
    case .ended(let result): return result
    case .failed(let error): throw error
    case .late:
      throw DRError(
        .transient, "run", command.description,
        reason: "no answer within \(command.deadline.wholeSeconds) s, killed; its effect may have taken place"
      )
    }
  }

  private func execute(_ command: Command) async -> Outcome {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
    ]
    do {
      let result = try await Subprocess.run(
        command.executable.hasPrefix("/")
          ? .path(FilePath(command.executable)) : .name(command.executable),
        arguments: Arguments(command.arguments),
        environment: environment,
        platformOptions: options,
        input: .none,
        output: .bytes(limit: command.outputLimit),
        error: .bytes(limit: command.outputLimit))
      let status: CommandResult.Status =
        switch result.terminationStatus {
        case .exited(let code): .exited(code)
        case .signaled(let signal): .signalled(signal)
        }
      return .ended(
        CommandResult(status, output: result.standardOutput, errorOutput: result.standardError))
    } catch {
      return .failed(Self.failure(error, command))
    }
  }

  /// Made of constants, so that two runs differ in nothing but what they ask.
  private var environment: Environment {
    let home = getenv("HOME").map { String(cString: $0) } ?? "/root"
    return .custom(["PATH": path, "HOME": home, "LC_ALL": "C"])
  }

  private static func failure(_ error: any Error, _ command: Command) -> DRError {
    if error is CancellationError { return .stopped }
    guard let error = error as? SubprocessError else {
      return DRError(.transient, "run", command.description, reason: "\(error)")
    }
    if error.code == .executableNotFound || error.underlyingError == .noSuchFileOrDirectory {
      return DRError(
        .unfit, "run", command.description, reason: "there is no program \"\(command.executable)\"",
        remedy: "install it on this host, in one of the directories of the search path")
    }
    if error.underlyingError == .permissionDenied {
      return DRError(
        .unfit, "run", command.description, reason: "\"\(command.executable)\" may not be run: \(error)",
        remedy: "run as root, and see to the program's mode")
    }
    if error.code == .outputLimitExceeded {
      return DRError(
        .malformed, "run", command.description,
        reason: "it said more than \(command.outputLimit) bytes, killed")
    }
    return DRError(.transient, "run", command.description, reason: "\(error)")
  }
}
