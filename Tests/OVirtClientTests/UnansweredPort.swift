import Foundation
import Glibc

/// A loopback port where a connect is not answered: somebody listens, and the queue of those that wait to be accepted is full, so
/// that the kernel drops every further SYN (tcp(7), tcp_abort_on_overflow). Nothing listens any more after `release`.
final class UnansweredPort: Sendable {
  let port: Int
  /// Bound and listening; whoever takes it over must close it.
  let descriptor: Int32
  private let fillers: [Int32]

  struct CannotFill: Error { let what: String }

  init() throws {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    descriptor = socket(AF_INET, kind, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let file = descriptor
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
      }
    }
    guard isBound, listen(file, 0) == 0 else { throw CannotFill(what: "bind: \(errno)") }
    port = Int(UInt16(bigEndian: address.sin_port))
    // The queue holds one more than was asked for; those that come after wait for an answer, as the test's own will.
    fillers = (0..<4).map { _ in
      let filler = socket(AF_INET, kind, 0)
      withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(filler, $0, length) }
      }
      return filler
    }
    guard try waiting() > 0 else { throw CannotFill(what: "every connect was answered") }
  }

  /// How many connects to the port are under way (`/proc/net/tcp`, state 02).
  func waiting() throws -> Int {
    // Page by page until there is no more: Foundation stops at the first short read.
    let file = open("/proc/net/tcp", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw CannotFill(what: "/proc/net/tcp: \(errno)") }
    defer { close(file) }
    var bytes: [UInt8] = []
    var page = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &page, page.count)
      guard count > 0 else { break }
      bytes += page[..<count]
    }
    let table = String(decoding: bytes, as: UTF8.self)
    let remote = "0100007F:" + String(format: "%04X", port)
    return table.split(separator: "\n").dropFirst().count { line in
      let words = line.split(separator: " ")
      return words.count > 3 && words[2] == remote && words[3] == "02"
    }
  }

  /// Returns when so many more connects are under way than `before`.
  func more(_ count: Int, than before: Int) async throws {
    for _ in 0..<6_000 {
      if try waiting() >= before + count { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw CannotFill(what: "no connect within a minute")
  }

  /// Those that filled the queue go; the kernel answers again as soon as somebody accepts.
  func drain() {
    for filler in fillers { close(filler) }
  }

  func release() {
    drain()
    close(descriptor)
  }
}
