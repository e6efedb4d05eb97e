import DRKit
import Foundation
import Testing

@testable import OVirtClient

@Suite("The transport's trust", .needsOpenSSL, .timeLimit(.minutes(10)))
struct TLSTests {
  @Test("Each engine is trusted by its own CA and under its own name only", arguments: TransportKind.allCases)
  func trust(kind: TransportKind) async throws {
    let good = try await MisbehavingServer(speaking: .tls("good")) { _, _ in
      MisbehavingServer.ok("{}")
    }
    let other = try await MisbehavingServer(speaking: .tls("other")) { _, _ in
      MisbehavingServer.ok("{}")
    }
    let a = try TestTLS.authority()
    let b = try TestTLS.authority("b")
    let untrusted = "its certificate is not signed by the configured CA, or has expired"
    let misnamed = "its certificate is for another host name"

    #expect(try await error(kind, "https://127.0.0.1:\(good.port)", a) == nil)
    #expect(try await error(kind, "https://localhost:\(good.port)", a) == nil)
    #expect(try await error(kind, "https://127.0.0.1:\(good.port)", b) == .tls(untrusted))
    #expect(try await error(kind, "https://127.0.0.1:\(good.port)", .system) == .tls(untrusted))
    #expect(try await error(kind, "https://127.0.0.1:\(other.port)", a) == .tls(misnamed))
    #expect(try await error(kind, "https://localhost:\(other.port)", a) == .tls(misnamed))
    #expect(good.requests.count == 2 && other.requests.isEmpty)
    await good.stop()
    await other.stop()
  }

  @Test(
    "A server without TLS, and a CA file without a certificate, are named as such",
    arguments: TransportKind.allCases)
  func noTLS(kind: TransportKind) async throws {
    let plain = try await MisbehavingServer(speaking: .plain) { _, _ in MisbehavingServer.ok("{}") }
    let a = try TestTLS.authority()
    #expect(try await error(kind, "https://127.0.0.1:\(plain.port)", a) == .tls("it does not speak TLS"))
    await plain.stop()
    for name in ["nothing.pem", "good.key"] {
      let error = await #expect(throws: DRError.self) {
        try await self.error(kind, "https://127.0.0.1:1", .file(TestTLS.certificates().path(name)))
      }
      #expect(error?.kind == .unfit)
      #expect(error?.subject.hasSuffix(name) == true)
    }
  }

  @Test(
    "A handshake that is cut is no question of trust: it is tried again", arguments: TransportKind.allCases)
  func cutHandshake(kind: TransportKind) async throws {
    let busy = try await MisbehavingServer(speaking: .plain) { _, _ in [.close] }
    let error = try await error(
      kind, "https://127.0.0.1:\(busy.port)", try TestTLS.authority())
    #expect(error == .truncated("the connection was closed within the TLS handshake"))
    await busy.stop()
  }

  @Test(
    "Two engines at the same time: each certificate is good for its own engine only",
    arguments: TransportKind.allCases)
  func twoEngines(kind: TransportKind) async throws {
    let a = try await MisbehavingServer(speaking: .tls("good")) { _, _ in
      MisbehavingServer.ok("a")
    }
    let b = try await MisbehavingServer(speaking: .tls("good-b")) { _, _ in
      MisbehavingServer.ok("b")
    }
    func make(_ ca: String, _ port: Int) throws -> any OVirtTransport {
      try kind.make(
        address: try EngineAddress(url: "https://127.0.0.1:\(port)"),
        authority: try TestTLS.authority(ca), deadline: patience)
    }
    // All four are alive together: trust must not leak from one session to another.
    let own = [try make("a", a.port), try make("b", b.port)]
    let crossed = [try make("b", a.port), try make("a", b.port)]
    for _ in 0..<3 {
      #expect(try await own[0].send(OVirtRequest(.get, "/x")).body == Array("a".utf8))
      #expect(try await own[1].send(OVirtRequest(.get, "/x")).body == Array("b".utf8))
      for transport in crossed {
        let error = await #expect(throws: TransportError.self) {
          try await transport.send(OVirtRequest(.get, "/x"))
        }
        #expect(error == .tls("its certificate is not signed by the configured CA, or has expired"))
      }
    }
    #expect(a.requests.count == 3 && b.requests.count == 3)
    for transport in own + crossed { await transport.shutdown() }
    await a.stop()
    await b.stop()
  }

  @Test(
    "Cut off under TLS, with and without a reset, is truncated: no good-bye, no success",
    arguments: TransportKind.allCases, [false, true])
  func cut(kind: TransportKind, resets: Bool) async throws {
    let heads = [
      "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 200 OK\r\n\r\nabc",
    ]
    for head in heads {
      let server = try await MisbehavingServer(speaking: .tls("good")) { _, _ in
        [.send(head), .pause(.milliseconds(50)), resets ? .reset : .cut]
      }
      let error = try await error(
        kind, "https://127.0.0.1:\(server.port)", try TestTLS.authority())
      guard case .truncated = error else {
        Issue.record("\(head): \(String(describing: error))")
        continue
      }
      await server.stop()
    }
  }

  @Test(
    "A redirect from https down to http gets no request, and no token", arguments: TransportKind.allCases)
  func downgrade(kind: TransportKind) async throws {
    let thief = try await MisbehavingServer(speaking: .plain) { _, _ in MisbehavingServer.ok("{}") }
    let target = "\(thief.url)/x"
    let server = try await MisbehavingServer(speaking: .tls("good")) { _, _ in
      [.send("HTTP/1.1 302 Found\r\nLocation: \(target)\r\nContent-Length: 0\r\n\r\n")]
    }
    let found = try await error(
      kind, "https://127.0.0.1:\(server.port)", try TestTLS.authority())
    #expect(found == .redirected(to: target))
    #expect(server.requests.count == 1 && thief.requests == [])
    await server.stop()
    await thief.stop()
  }

  /// What a request ends with. A machine so loaded that a connection is not accepted within the client's 10 s is asked again.
  private func error(
    _ kind: TransportKind, _ url: String, _ authority: CertificateAuthority
  ) async throws -> TransportError? {
    for _ in 1...5 {
      let transport = try kind.make(
        address: try EngineAddress(url: url), authority: authority, deadline: .seconds(600))
      var thrown: TransportError?
      do throws(TransportError) {
        _ = try await transport.send(OVirtRequest(.get, "/x"))
      } catch {
        thrown = error
      }
      await transport.shutdown()
      guard case .unreachable(let reason) = thrown, reason.contains("not accepted") else { return thrown }
    }
    return .unreachable("not accepted, five times")
  }
}
