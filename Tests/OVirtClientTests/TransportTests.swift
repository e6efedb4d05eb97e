import DRKit
import Testing

@testable import OVirtClient

@Suite("The transport against a server that misbehaves") struct TransportTests {
  @Test("A request arrives as it was made, and the reply comes back whole", arguments: TransportKind.allCases)
  func whole(kind: TransportKind) async throws {
    let server = try await MisbehavingServer { _, _ in
      [
        .send("HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\nX-A: b\r\n\r\n"), .pause(.milliseconds(20)),
        .send("abcd"),
      ]
    }
    let transport = try makeTransport(kind, server.port)
    let reply = try await transport.send(
      OVirtRequest(
        .post, "/ovirt-engine/api/x", query: [.init("search", "name=a b&c")],
        headers: [.init("Version", "4")],
        body: Array("{}".utf8)))
    #expect(reply.status == 409 && reply.body == Array("abcd".utf8) && reply.header("x-a") == "b")
    let seen = try #require(server.requests.first)
    #expect(seen.hasPrefix("POST /ovirt-engine/api/x?search=name%3Da%20b%26c HTTP/1.1\r\n"))
    #expect(seen.lowercased().contains("version: 4\r\n") && seen.hasSuffix("\r\n\r\n{}"))
    await transport.shutdown()
    await transport.shutdown()
    await server.stop()
  }

  @Test("A refused port is reported at once", arguments: TransportKind.allCases)
  func refused(kind: TransportKind) async throws {
    let closed = try ClosedPort()
    let transport = try makeTransport(kind, closed.port)
    let clock = ContinuousClock()
    let start = clock.now
    let error = await #expect(throws: TransportError.self) {
      try await transport.send(OVirtRequest(.get, "/x"))
    }
    #expect(error == .unreachable("connection refused"))
    #expect(clock.now - start < .seconds(600))
    await transport.shutdown()
    closed.release()
  }

  @Test(
    "A server that never answers, or drips, ends at the deadline", arguments: TransportKind.allCases,
    [false, true])
  func hang(kind: TransportKind, drips: Bool) async throws {
    var steps: [MisbehavingServer.Step] = []
    if drips {
      steps.append(.send("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n"))
      for _ in 0..<10_000 { steps += [.send("x"), .pause(.milliseconds(50))] }
    }
    let clock = ContinuousClock()
    let start = clock.now
    let result = try await outcome(kind, of: steps, deadline: .milliseconds(300))
    #expect(result == .failure(.timeout(.milliseconds(300))))
    #expect(clock.now - start < .seconds(600))
  }

  @Test("A drip within the head ends at the deadline", arguments: TransportKind.allCases)
  func headDrip(kind: TransportKind) async throws {
    var steps: [MisbehavingServer.Step] = [.send("HTTP/1.1 200 OK\r\nX: ")]
    for _ in 0..<10_000 { steps += [.send("x"), .pause(.milliseconds(50))] }
    #expect(
      try await outcome(kind, of: steps, deadline: .milliseconds(300))
        == .failure(.timeout(.milliseconds(300))))
  }

  @Test(
    "A reply that breaks off is truncated, never a short success", arguments: TransportKind.allCases,
    [
      "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ])
  func truncated(kind: TransportKind, text: String) async throws {
    let result = try await outcome(kind, of: [.send(text), .close])
    guard case .failure(.truncated) = result else {
      Issue.record("\(result)")
      return
    }
  }

  @Test("A server that does not speak HTTP is garbled", arguments: TransportKind.allCases)
  func garbled(kind: TransportKind) async throws {
    let result = try await outcome(kind, of: [.send("SSH-2.0-OpenSSH_9.2\r\n\r\n"), .close])
    guard case .failure(.garbled) = result else {
      Issue.record("\(result)")
      return
    }
  }

  @Test(
    "A body over the limit is refused, announced or not", arguments: TransportKind.allCases, [true, false])
  func tooLarge(kind: TransportKind, announced: Bool) async throws {
    let head = announced ? "Content-Length: 2000000" : "Connection: close"
    let result = try await outcome(
      kind,
      of: [
        .send("HTTP/1.1 200 OK\r\n\(head)\r\n\r\n"), .flood(2_000_000), .close,
      ])
    #expect(result == .failure(.tooLarge(limit: 1_000_000)))
  }

  @Test(
    "A redirect is not followed, and its target named without its query", arguments: TransportKind.allCases,
    [301, 302, 303, 307, 308])
  func redirect(kind: TransportKind, status: Int) async throws {
    let result = try await outcome(
      kind,
      of: [
        .send(
          "HTTP/1.1 \(status) Found\r\nLocation: http://evil.example/login?token=s3\r\nContent-Length: 0\r\n\r\n"
        )
      ])
    #expect(result == .failure(.redirected(to: "http://evil.example/login")))
  }

  @Test("A Basic challenge is a plain 401", arguments: TransportKind.allCases)
  func challenge(kind: TransportKind) async throws {
    let result = try await outcome(
      kind,
      of: [
        .send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
      ])
    #expect(try result.get().status == 401)
  }

  @Test("Cancelling ends a request at once", arguments: TransportKind.allCases)
  func cancelled(kind: TransportKind) async throws {
    let server = try await MisbehavingServer { _, _ in [] }
    let transport = try makeTransport(kind, server.port)
    let task = Task { () -> TransportError? in
      do throws(TransportError) {
        _ = try await transport.send(OVirtRequest(.get, "/x"))
        return nil
      } catch {
        return error
      }
    }
    try await Task.sleep(for: .milliseconds(100))
    let clock = ContinuousClock()
    let start = clock.now
    task.cancel()
    #expect(await task.value == .cancelled)
    #expect(clock.now - start < .seconds(600))
    await transport.shutdown()
    await server.stop()
  }

  @Test("Shutting down does not wait for a handshake that hangs", arguments: TransportKind.allCases)
  func shutdownInHandshake(kind: TransportKind) async throws {
    let server = try await MisbehavingServer { _, _ in [] }
    let transport = try kind.make(
      address: try EngineAddress(url: "https://127.0.0.1:\(server.port)"), authority: .system,
      deadline: .milliseconds(200))
    let clock = ContinuousClock()
    let start = clock.now
    let error = await #expect(throws: TransportError.self) {
      try await transport.send(OVirtRequest(.get, "/x"))
    }
    #expect(error == .timeout(.milliseconds(200)))
    await transport.shutdown()
    #expect(clock.now - start < .seconds(600))
    await server.stop()
  }

  @Test(
    "A transport that nobody shut down is no trap; after a shutdown a request is an error",
    arguments: TransportKind.allCases)
  func dropped(kind: TransportKind) async throws {
    do { _ = try makeTransport(kind, 1) }
    let transport = try makeTransport(kind, 1)
    await transport.shutdown()
    let error = await #expect(throws: TransportError.self) {
      try await transport.send(OVirtRequest(.get, "/x"))
    }
    #expect(error == .unreachable("the client was shut down"))
  }

  @Test("401 twice over the wire: two logins, two requests, one refusal", arguments: TransportKind.allCases)
  func twice401(kind: TransportKind) async throws {
    let server = try await MisbehavingServer { _, request in
      request.hasPrefix("POST /ovirt-engine/sso/oauth/token")
        ? MisbehavingServer.ok(#"{"access_token":"t"}"#)
        : [.send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")]
    }
    let manager = try OVirtManager(
      url: "http://127.0.0.1:\(server.port)/ovirt-engine/api", authority: .system,
      credentials: testCredentials,
      clock: InstantClock(), transport: kind)
    let error = await #expect(throws: DRError.self) { try await manager.machine(id("a")) }
    #expect(error?.kind == .refused)
    #expect(server.requests.count == 4)
    await manager.close()
    await server.stop()
  }
}
