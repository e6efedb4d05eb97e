import ArgumentParser
import DRKit
import Foundation

/// Exit codes, as `sysexits.h` numbers them where it has one.
enum Exit {
  static let failed: Int32 = 1
  static let badData: Int32 = 65
  static let unavailable: Int32 = 69
  static let ourBug: Int32 = 70
  static let busy: Int32 = 75
  static let badConfiguration: Int32 = 78

  static func code(for error: DRError) -> Int32 {
    switch error.kind {
    case .transient, .timedOut, .missing: unavailable
    case .refused, .disproved, .diverged: failed
    case .malformed, .unreadable: badData
    case .unfit: badConfiguration
    case .busy: busy
    case .stopped: unavailable
    }
  }
}

/// Runs a command's body; an error becomes one clear line on standard error (a JSON object with `--json`) and a true exit code.
func reporting(json: Bool = false, _ body: () async throws -> Void) async throws {
  do {
    try await body()
  } catch let error as DRError {
    if json {
      Console.error(try JSONText.of(error))
    } else {
      Console.error("drctl: \(error)")
    }
    throw ExitCode(Exit.code(for: error))
  } catch let error where error is ExitCode || error is ValidationError || error is CleanExit {
    throw error
  } catch {
    Console.error("drctl: this is a bug, please report it: \(error)")
    throw ExitCode(Exit.ourBug)
  }
}

enum Console {
  /// Whether standard output is a terminal that may be written over and coloured.
  static let isTerminal = isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

  static func out(_ line: String) { put(line + "\n", .standardOutput) }
  static func error(_ line: String) { put(line + "\n", .standardError) }
  /// Without a line's end, for a line that is written over.
  static func raw(_ text: String) { put(text, .standardOutput) }
  static func rawError(_ text: String) { put(text, .standardError) }

  /// Whoever read may have gone, and the disk under a log may be full: a run goes on, since its snapshots stand.
  private static func put(_ text: String, _ stream: FileHandle) {
    try? stream.write(contentsOf: Data(text.utf8))
  }
}

enum JSONText {
  static func of(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

/// Rows as aligned columns.
enum Table {
  static func text(_ header: [String], _ rows: [[String]]) -> String {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell
        if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
      }
      return line
    }.joined(separator: "\n")
  }
}
