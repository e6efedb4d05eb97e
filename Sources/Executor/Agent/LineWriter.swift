import AgentProtocol
import Glibc
import Synchronization

/// Says lines, whole ones, from any thread, until it has said the last.
final class LineWriter: Sendable {
  private let output: Int32
  private let isEnded = Mutex(false)

  init(_ output: Int32) { self.output = output }

  /// The last line has been said.
  var hasEnded: Bool { isEnded.withLock { $0 } }

  /// - Parameter isLast: nothing is said after it.
  /// - Returns: false when nobody listens any more.
  @discardableResult
  func say(_ line: AgentLine, isLast: Bool = false) -> Bool {
    isEnded.withLock { isEnded in
      guard !isEnded else { return true }
      isEnded = isLast
      return Self.write(line.bytes, to: output)
    }
  }

  static func write(_ bytes: [UInt8], to output: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(output, $0.baseAddress! + done, $0.count - done) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }
}
