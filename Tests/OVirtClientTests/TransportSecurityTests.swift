import DRKit
import Testing

@testable import OVirtClient

@Suite("What a transport must not give away", .needsOpenSSL, .timeLimit(.minutes(10)))
struct TransportSecurityTests {
  private static let challenges = [
    "", "Basic realm=\"RESTAPI\"", "Bearer", "Bearer realm=x, error=\"invalid_token\"", "Negotiate",
    "Digest realm=x, nonce=y", "NTLM", "Basic realm=a, Digest realm=b, nonce=c", "Basic", ",,,=\"",
  ]

  @Test(
    "A 401 with whatever challenge is a reply, with its challenge and its body",
    arguments: TransportKind.allCases)
  func challenges(kind: TransportKind) async throws {
    let server = try await MisbehavingServer { number, _ in
      let challenge = Self.challenges[number]
      let field = challenge.isEmpty ? "" : "WWW-Authenticate: \(challenge)\r\n"
      return [.send("HTTP/1.1 401 Unauthorized\r\n\(field)Content-Length: 3\r\n\r\nwhy")]
    }
    let transport = try makeTransport(kind, server)
    for challenge in Self.challenges {
      let reply = try await transport.send(
        OVirtRequest(.get, "/x", headers: [.init("Authorization", "Bearer t")]))
      #expect(reply.status == 401 && reply.body == Array("why".utf8))
      #expect(reply.header("www-authenticate") ?? "" == challenge)
    }
    #expect(server.requests.count == Self.challenges.count)
    #expect(server.requests.allSatisfy { $0.lowercased().contains("authorization: bearer t\r\n") })
    await transport.shutdown()
    await server.stop()
  }

  @Test(
    "Two challenges in two fields, and a proxy's 407, are replies as well", arguments: TransportKind.allCases)
  func moreChallenges(kind: TransportKind) async throws {
    let two = try await outcome(
      kind,
      of: [
        .send(
          "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=x\r\n"
            + "Content-Length: 0\r\n\r\n")
      ])
    #expect(try two.get().status == 401)
    let proxy = try await outcome(
      kind,
      of: [
        .send(
          "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n"
            + "Content-Length: 0\r\n\r\n")
      ])
    #expect(try proxy.get().status == 407)
  }

  @Test(
    "A redirect to another port gets no request, and no token", arguments: TransportKind.allCases,
    [301, 302, 303, 307, 308])
  func otherPort(kind: TransportKind, status: Int) async throws {
    let thief = try await MisbehavingServer { _, _ in MisbehavingServer.ok("{}") }
    let target = "\(thief.url)/x"
    let result = try await outcome(
      kind,
      of: [
        .send("HTTP/1.1 \(status) Moved\r\nLocation: \(target)\r\nContent-Length: 0\r\n\r\n"),
        // A follower would have the time to come.
        .pause(.milliseconds(50)),
      ], request: OVirtRequest(.get, "/x", headers: [.init("Authorization", "Bearer t")]))
    #expect(result == .failure(.redirected(to: target)))
    #expect(thief.requests == [])
    await thief.stop()
  }

  @Test(
    "No error repeats the token, the password or the query", arguments: TransportKind.allCases)
  func secrets(kind: TransportKind) async throws {
    let secret = "s3cr3t-token"
    let request = OVirtRequest(
      .post, "/x", query: [.init("q", secret)], headers: [.init("Authorization", "Bearer \(secret)")],
      body: Array("password=\(secret)".utf8))
    // What a server can do with what it was sent: give it back in places where it hurts.
    let misdeeds: [[MisbehavingServer.Step]] = [
      [.close], [.reset], [.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n\(secret)"), .close],
      [.send("\(secret) \(secret)\r\n\r\n"), .close], [.send("HTTP/1.1 \(secret)\r\n\r\n"), .close],
      [.send("HTTP/1.1 200 OK\r\n\(secret)\r\n\r\n"), .close],
      [.send("HTTP/1.1 200 OK\r\nContent-Length: \(secret)\r\n\r\n"), .close],
      [.send("HTTP/1.1 302 Found\r\nLocation: http://a/?t=\(secret)\r\nContent-Length: 0\r\n\r\n")],
      [.send("HTTP/1.1 200 OK\r\n\r\n"), .flood(2_000_000), .close],
    ]
    var failures = 0
    for steps in misdeeds {
      guard case .failure(let error) = try await outcome(kind, of: steps, request: request) else { continue }
      failures += 1
      for text in [
        "\(error)", String(reflecting: error), "\(error.drError(CallName("try"), origin: "here"))",
      ] {
        #expect(!text.contains(secret), "\(text)")
      }
    }
    #expect(failures == misdeeds.count)
    let late = try await outcome(kind, of: [], deadline: .milliseconds(200), request: request)
    #expect(late == .failure(.timeout(.milliseconds(200))))
  }

  @Test("Nothing of our own is added to what the engine sees", arguments: TransportKind.allCases)
  func headers(kind: TransportKind) async throws {
    let server = try await MisbehavingServer { _, _ in
      [.send("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")]
    }
    let transport = try makeTransport(kind, server)
    for _ in 0..<2 {
      _ = try await transport.send(OVirtRequest(.get, "/x", headers: [.init("Version", "4")]))
    }
    for request in server.requests {
      let names = request.split(separator: "\r\n").dropFirst().map { $0.prefix { $0 != ":" }.lowercased() }
      #expect(Set(names).isSubset(of: ["host", "version", "connection"]), "\(names)")
    }
    #expect(server.requests.count == 2)
    await transport.shutdown()
    await server.stop()
  }
}
