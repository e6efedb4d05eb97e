import DRKit
import Foundation

/// Where a secret is to be had; never the secret itself, so that a configuration can be shown and logged.
public enum SecretReference: Sendable, Hashable {
  /// The file's first line. Others than its owner must not be able to read it.
  case file(String)
  case environment(String)

  /// - Throws: `.unfit` naming the file or the variable, never its content.
  public func resolve(environment: [String: String] = ProcessInfo.processInfo.environment) throws(DRError)
    -> String
  {
    switch self {
    case .environment(let name):
      guard let value = environment[name], !value.isEmpty else {
        throw DRError(
          .unfit, "read a secret", "$\(name)", reason: "the variable is not set",
          remedy: "set it, or use `file`")
      }
      return value
    case .file(let path):
      return try fromFile(path)
    }
  }

  private func fromFile(_ path: String) throws(DRError) -> String {
    func unfit(_ reason: String, _ remedy: String) -> DRError {
      DRError(.unfit, "read a secret", path, reason: reason, remedy: remedy)
    }
    let attributes: [FileAttributeKey: Any]
    let content: String
    do {
      attributes = try FileManager.default.attributesOfItem(atPath: path)
      content = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw unfit("it can't be read", "make the file, owned by the user that runs drkit, mode 0600")
    }
    if let mode = attributes[.posixPermissions] as? Int, mode & 0o077 != 0 {
      throw unfit("others may read it (mode \(String(mode, radix: 8)))", "chmod 600 \(path)")
    }
    let line = content.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).first.map(
      String.init)
    guard let line, !line.isEmpty else { throw unfit("its first line is empty", "write the secret into it") }
    return line
  }
}
