import DRKit
import Foundation
import Simulator
import TestBed
import Testing

/// Over real loopback sockets.
@Suite(.timeLimit(.minutes(2)))
struct BedServerTests {
  /// Runs the body against a server of its own, whose port it is given.
  private func serving(
    idleTimeout: TimeSpan = .seconds(30), _ body: @Sendable (Int) async throws -> Void
  ) async throws {
    let (ports, found) = AsyncStream.makeStream(of: Int.self)
    let server = try TestBedServer(
      credentials: Bed.credentials, idleTimeout: idleTimeout,
      onListening: { port in
        found.yield(port)
        found.finish()
      })
    try await withThrowingTaskGroup { group in
      group.addTask { try await server.run(handlesSignals: false) }
      for await port in ports { try await body(port) }
      group.cancelAll()
      while let result = await group.nextResult() {
        if case .failure(let error) = result, !(error is CancellationError) { throw error }
      }
    }
  }

  private func request(_ head: String, token: String? = nil, body: String = "") -> String {
    let login = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    return
      "\(head) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(login)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test func `a client logs in, reads, and is refused without its token`() async throws {
    try await serving { port in
      let form =
        "grant_type=password&username=admin%40internal&password=\(Bed.credentials.password.percented)"
      let login = try await RawSocket.exchange(
        port, request("POST /ovirt-engine/sso/oauth/token", body: form))
      #expect(login.hasPrefix("HTTP/1.1 200"))
      let token = String(login.split(separator: "access_token\":\"")[1].prefix { $0 != "\"" })
      let vms = try await RawSocket.exchange(port, request("GET /ovirt-engine/api/vms", token: token))
      #expect(vms.hasPrefix("HTTP/1.1 200"))
      #expect(vms.contains("<name>HostedEngine</name>"))
      let refused = try await RawSocket.exchange(port, request("GET /ovirt-engine/api/vms"))
      #expect(refused.hasPrefix("HTTP/1.1 401"))
      let challenges = refused.lowercased().split(separator: "\r\n").filter {
        $0.hasPrefix("www-authenticate")
      }
      #expect(challenges.count == 2)
      let nobody = try await RawSocket.exchange(
        port,
        request("GET /ovirt-engine/api/vms/00000000-0000-4000-8000-000000000000", token: token))
      #expect(nobody.hasPrefix("HTTP/1.1 404"))
      #expect(nobody.hasSuffix("\r\n\r\n"))
    }
  }

  @Test func `a huge header, a huge body and garbage are refused, and the server goes on`() async throws {
    try await serving { port in
      let header = try await RawSocket.exchange(
        port, "GET / HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 200_000))\r\n\r\n")
      #expect(!header.hasPrefix("HTTP/1.1 200"))
      let body = try await RawSocket.exchange(
        port,
        request("POST /ovirt-engine/sso/oauth/token", body: String(repeating: "a", count: (1 << 20) + 1)))
      #expect(body.hasPrefix("HTTP/1.1 413") || body.isEmpty)
      let garbage = try await RawSocket.exchange(port, "\u{0}\u{1}\u{2}nonsense\r\n\r\n")
      #expect(!garbage.hasPrefix("HTTP/1.1 200"))
      let after = try await RawSocket.exchange(port, request("GET /ovirt-engine/api"))
      #expect(after.hasPrefix("HTTP/1.1 401"))
    }
  }

  @Test func `half a request left alone is closed`() async throws {
    try await serving(idleTimeout: .seconds(1)) { port in
      let answer = try await RawSocket.exchange(port, "GET /ovirt-engine/api HTTP/1.1\r\nHost:")
      #expect(!answer.hasPrefix("HTTP/1.1 200"))
    }
  }

  @Test(arguments: ["0.0.0.0", "::", "10.0.0.1", "example.com", "127.evil.com"])
  func `only loopback is listened on`(host: String) {
    #expect(throws: DRError.self) {
      try TestBedServer(listen: .init(host: host, port: 0), credentials: Bed.credentials)
    }
  }

  @Test(arguments: [
    ("127.0.0.1:80", "127.0.0.1", 80), ("[::1]:0", "::1", 0), ("localhost:65535", "localhost", 65_535),
  ])
  func `addresses are read`(text: String, host: String, port: Int) {
    #expect(TestBedServer.Address(text) == TestBedServer.Address(host: host, port: port))
  }

  @Test(arguments: ["", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1"])
  func `what is no address is nil`(text: String) {
    #expect(TestBedServer.Address(text) == nil)
  }
}

/// One exchange over a plain socket, on a thread of its own so that no thread of the pool blocks.
private enum RawSocket {
  struct Failure: Error {
    var what: String
  }

  /// Sends, and reads until the server closes (at most 20 s).
  static func exchange(_ port: Int, _ text: String) async throws -> String {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<String, any Error>) in
      Thread.detachNewThread {
        continuation.resume(with: Result { try blocking(port, text) })
      }
    }
  }

  private static func blocking(_ port: Int, _ text: String) throws -> String {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(what: "socket") }
    defer { close(descriptor) }
    // sockaddr_in by its bytes: family, port in network order, 127.0.0.1.
    var address: [UInt8] = [UInt8(AF_INET), 0, UInt8(port >> 8), UInt8(port & 255), 127, 0, 0, 1]
    address += Array(repeating: 0, count: 8)
    let connected = address.withUnsafeBytes { bytes in
      bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, 16) }
    }
    guard connected == 0 else { throw Failure(what: "connect") }
    // Two words: 20 seconds.
    let patience: [Int64] = [20, 0]
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, patience, 16)
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if sent <= 0 { break }
      rest = rest.dropFirst(sent)
    }
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count == 0 { break }
      if count < 0 {
        if errno == EAGAIN { throw Failure(what: "no end of waiting") }
        break
      }
      out += buffer[..<count]
    }
    return String(decoding: out, as: UTF8.self)
  }
}
