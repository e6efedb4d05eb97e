import DRKit
import Glibc
import Testing

@testable import TestBed

/// The other end of a unix socket, acted by a script on a thread of its own.
final class LabPeer: Sendable {
  private let outcome = Monitor<Result<Void, DRError>?>(nil)
  let clientEnd: Int32

  /// - Parameter script: Plays the server. When it returns, its end is closed, unless it keeps the socket.
  init(_ script: @escaping @Sendable (UnixSocket) throws(DRError) -> Void) throws {
    var ends: [Int32] = [0, 0]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
    clientEnd = ends[0]
    try LabThread.detach("peer") { [outcome, end = ends[1]] in
      let result: Result<Void, DRError>
      do throws(DRError) {
        try script(UnixSocket(descriptor: end))
        result = .success(())
      } catch {
        result = .failure(error)
      }
      outcome.update { $0 = result }
    }
  }

  /// To be taken once.
  var socket: UnixSocket { UnixSocket(descriptor: clientEnd) }

  /// Waits for the script's end and throws what it found wrong.
  func finish() throws { try outcome.wait { $0 }.get() }
}

extension UnixSocket {
  private static var patience: LabDeadline { LabDeadline(in: .seconds(300)) }

  func say(_ text: String) throws(DRError) { try send(Array(text.utf8), until: Self.patience) }

  func say(_ bytes: [UInt8]) throws(DRError) { try send(bytes, until: Self.patience) }

  /// Hears exactly this.
  func hear(_ expected: [UInt8]) throws(DRError) {
    let heard = try receive(exactly: expected.count, until: Self.patience)
    guard heard == expected else {
      throw DRError(
        .disproved, "hear", reason: "\(String(decoding: heard, as: UTF8.self)) (\(heard)), not \(expected)")
    }
  }

  func hear(_ text: String) throws(DRError) { try hear(Array(text.utf8)) }

  /// Waits for the other side to hang up.
  func hearTheEnd() throws(DRError) {
    do throws(DRError) {
      let rest = try receive(upTo: 100, until: Self.patience)
      throw DRError(.disproved, "hear the end", reason: "heard \(rest)")
    } catch {
      guard error.kind == .transient else { throw error }
    }
  }
}
