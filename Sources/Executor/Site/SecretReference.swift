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
    // Looked at and read through one descriptor: a name may point elsewhere by the second look. Not blocked by a FIFO.
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else {
      throw unfit(
        "it can't be read: \(String(cString: strerror(errno)))",
        "make the file, owned by the user that runs drkit, mode 0600")
    }
    let file = FileHandle(fileDescriptor: number, closeOnDealloc: true)
    var status = stat()
    guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw unfit("it is no regular file", "name a file whose first line is the secret")
    }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw unfit("it belongs to another user (\(status.st_uid))", "chown \(geteuid()) \(path)")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw unfit(
        "others may read it (mode \(String(status.st_mode & 0o777, radix: 8)))", "chmod 600 \(path)")
    }
    guard let data = try? file.read(upToCount: 1 << 16), let content = String(validating: data, as: UTF8.self)
    else {
      throw unfit("it is empty, or no UTF-8 text", "write the secret into it")
    }
    // A line may end with CR LF, which is one character.
    let line = content.split(maxSplits: 1, omittingEmptySubsequences: false) { $0.isNewline }.first.map(
      String.init)
    guard let line, !line.isEmpty else { throw unfit("its first line is empty", "write the secret into it") }
    return line
  }
}
