import DRKit
import Foundation
import GlusterCLI
import Synchronization

/// A directory of its own, removed at the end.
func withDirectory<T>(_ body: (String) async throws -> T) async throws -> T {
  let path = NSTemporaryDirectory() + "drkit-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

/// Bytes that are no period of any block's length.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}

func write(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

/// SHA-256 by another program.
func sha256sum(_ path: String) async throws -> String {
  String(try await SubprocessRunner().run(Command("sha256sum", [path])).text.prefix(64))
}

func kind(_ body: () async throws(DRError) -> some Any) async -> DRError.Kind? {
  do throws(DRError) {
    _ = try await body()
    return nil
  } catch { return error.kind }
}

/// The program that the build has put beside the tests.
enum BuiltAgent {
  static let path = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "drkit-agent").path(percentEncoded: false)
}

/// Answers with a fixed result and keeps what it was asked.
final class FakeRunner: CommandRunner {
  private let asked = Mutex<[Command]>([])
  private let answer: Result<CommandResult, DRError>

  init(_ answer: Result<CommandResult, DRError>) { self.answer = answer }

  var commands: [Command] { asked.withLock { $0 } }

  func run(_ command: Command) async throws(DRError) -> CommandResult {
    asked.withLock { $0.append(command) }
    return try answer.get()
  }
}
