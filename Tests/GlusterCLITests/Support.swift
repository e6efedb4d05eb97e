import DRKit
import Foundation
import Synchronization

@testable import GlusterCLI

/// Answers commands from a closure and keeps what it was asked.
final class FakeRunner: CommandRunner {
  private let asked = Mutex<[Command]>([])
  private let answer: @Sendable (Command, Int) -> Result<CommandResult, DRError>

  /// - Parameter answer: gets the command and how many came before it.
  init(_ answer: @escaping @Sendable (Command, Int) -> Result<CommandResult, DRError>) {
    self.answer = answer
  }

  /// Gives the answers in turn; the last one again and again.
  convenience init(_ answers: CommandResult...) {
    self.init { _, number in .success(answers[min(number, answers.count - 1)]) }
  }

  var commands: [Command] { asked.withLock { $0 } }
  /// The arguments after `--mode=script`, as one text.
  var lines: [String] { commands.map { $0.arguments.dropFirst().joined(separator: " ") } }

  func run(_ command: Command) async throws(DRError) -> CommandResult {
    let number = asked.withLock { asked in
      asked.append(command)
      return asked.count - 1
    }
    return try answer(command, number).get()
  }
}

/// Real outputs of gluster 10.3, named `folder/file`.
enum Captures {
  static let root = Bundle.module.resourceURL!.appendingPathComponent("Captures")

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: root.appendingPathComponent(name)))
  }

  static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  /// Every file of the kind, sorted.
  static func names(_ suffix: String) -> [String] {
    ["gluster-10.3", "gluster-10.3-faults"].flatMap { folder in
      let files = (try? FileManager.default.contentsOfDirectory(atPath: root.path + "/" + folder)) ?? []
      return files.filter { $0.hasSuffix(suffix) }.sorted().map { "\(folder)/\($0)" }
    }
  }

  /// The capture as the runner would have given it; its standard error is in the `.err` beside it.
  static func result(_ name: String, exit: Int32 = 0) throws -> CommandResult {
    let error = name.replacingOccurrences(of: ".txt", with: ".err")
    let hasError = error != name && FileManager.default.fileExists(atPath: root.path + "/" + error)
    return CommandResult(
      .exited(exit), output: try bytes(name), errorOutput: hasError ? try bytes(error) : [])
  }
}

let session = SessionName(primaryVolume: "data", secondaryHost: "b1", secondaryVolume: "data-dr")

/// A directory of its own, removed at the end.
func withDirectory<T>(_ body: (String) async throws -> T) async throws -> T {
  let path = NSTemporaryDirectory() + "drkit-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

func kind(_ body: () async throws(DRError) -> some Any) async -> DRError.Kind? {
  do throws(DRError) {
    _ = try await body()
    return nil
  } catch { return error.kind }
}
