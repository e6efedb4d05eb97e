import DRKit
import Synchronization
import Testing

@testable import OVirtClient

/// Answers logins with a fixed reply, or never.
private final class LoginServer: OVirtTransport {
  let login: OVirtReply?
  let bodies = Mutex<[String]>([])

  init(_ status: Int, _ body: String) { login = FakeEngine.reply(status, body) }
  init() { login = nil }

  func send(_ request: OVirtRequest) async throws(TransportError) -> OVirtReply {
    bodies.withLock { $0.append("\(request.path) \(String(decoding: request.body ?? [], as: UTF8.self))") }
    if let login { return login }
    try? await Task.sleep(for: .seconds(60))
    throw .timeout(.seconds(60))
  }
  func shutdown() async {}
}

@Suite("The engine's session") struct SessionTests {
  @Test("Many callers at once share one login") func oneLogin() async throws {
    let engine = FakeEngine(200, "{}")
    let manager = try makeManager(engine)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<50 { group.addTask { _ = try await manager.machines(on: id("d")) } }
      try await group.waitForAll()
    }
    #expect(engine.loginCount == 1)
    #expect(engine.requests.count == 50)
  }

  @Test("A session that ended is begun anew, once, and the request is repeated") func relogin() async throws {
    let engine = FakeEngine { (request, _) throws(TransportError) in
      request.header("Authorization") == "Bearer token-1"
        ? FakeEngine.reply(401, "<html>", type: "text/html") : FakeEngine.reply(200, "{}")
    }
    let manager = try makeManager(engine)
    _ = try await manager.machines(on: id("d"))
    #expect(engine.loginCount == 2)
    _ = try await manager.machines(on: id("d"))
    #expect(engine.loginCount == 2)
    #expect(engine.requests.count == 3)
  }

  @Test("Callers whose session ended at the same time share the new login") func sharedRelogin() async throws
  {
    let engine = FakeEngine { (request, _) throws(TransportError) in
      FakeEngine.reply(request.header("Authorization") == "Bearer token-1" ? 401 : 200, "{}")
    }
    let manager = try makeManager(engine)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<20 { group.addTask { _ = try await manager.machines(on: id("d")) } }
      try await group.waitForAll()
    }
    #expect(engine.loginCount == 2)
  }

  @Test("401 after a fresh login is refused with a remedy") func twice401() async throws {
    let engine = FakeEngine(401)
    let error = await #expect(throws: DRError.self) { try await makeManager(engine).machines(on: id("d")) }
    #expect(error?.kind == .refused)
    #expect(error?.remedy.isEmpty == false)
    #expect(engine.loginCount == 2 && engine.requests.count == 2)
  }

  @Test("The password goes as a form and nowhere else") func form() async throws {
    let server = LoginServer(
      400, #"{"error_code":"access_denied","error":"Cannot authenticate user, s3cr3t pass&word is wrong"}"#)
    let error = await #expect(throws: DRError.self) { try await makeManager(server).machine(id("a")) }
    #expect(
      server.bodies.withLock { $0 } == [
        "/ovirt-engine/sso/oauth/token grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=s3cr3t%20pass%26word"
      ])
    #expect(error?.kind == .refused)
    #expect(error?.reason == "Cannot authenticate user, <secret> is wrong (access_denied)")
    #expect(error?.subject == "admin@internal")
    #expect(error?.remedy.contains("password") == true)
  }

  @Test("A password that the server repeats far into its words is not cut in half, but hidden")
  func farPassword() async throws {
    let words = String(repeating: "x", count: 495) + " s3cr3t pass&word"
    let server = LoginServer(400, #"{"error_code":"access_denied","error":"\#(words)"}"#)
    let error = await #expect(throws: DRError.self) { try await makeManager(server).machine(id("a")) }
    #expect(error?.kind == .refused)
    #expect(error?.reason.contains("s3") == false)
  }

  @Test(
    "A login that fails has its kind",
    arguments: [
      (400, #"{"error":"invalid_grant","error_description":"no"}"#, DRError.Kind.refused),
      (400, #"{"error":"x","error_code":"server_error"}"#, .transient), (400, "", .refused),
      (401, "", .refused),
      (403, "<html>", .refused), (404, "<html>", .transient), (500, "", .transient),
      (503, "<html>", .transient),
      (200, "", .malformed), (200, "{}", .malformed), (200, #"{"access_token":"a\r\nb"}"#, .malformed),
      (418, "", .malformed),
    ])
  func failedLogin(status: Int, body: String, kind: DRError.Kind) async throws {
    let manager = try makeManager(LoginServer(status, body))
    #expect(await #expect(throws: DRError.self) { try await manager.machine(id("a")) }?.kind == kind)
  }

  @Test("A caller that is cancelled does not wait for the login") func cancelled() async throws {
    let manager = try makeManager(LoginServer())
    let task = Task { try await manager.machine(id("a")) }
    try await Task.sleep(for: .milliseconds(20))
    let clock = ContinuousClock()
    let start = clock.now
    task.cancel()
    let error = await #expect(throws: DRError.self) { try await task.value }
    #expect(error == .stopped)
    #expect(clock.now - start < .seconds(60))
  }

  @Test("Closing logs out, once") func logout() async throws {
    let engine = FakeEngine(200, "{}")
    let manager = try makeManager(engine)
    _ = try await manager.machines(on: id("d"))
    await manager.close()
    await manager.close()
    #expect(engine.requests.count == 2)
    #expect(engine.requests[1].path == "/ovirt-engine/services/sso-logout")
    #expect(
      String(decoding: engine.requests[1].body ?? [], as: UTF8.self) == "scope=ovirt-app-api&token=token-1")
  }

  @Test("No description or dump shows a secret") func redaction() async throws {
    let request = LoginExchange.login(testCredentials)
    let reply = FakeEngine.reply(200, #"{"access_token":"s3cr3t"}"#)
    var shown = "\(testCredentials) \(request) \(reply) \(testCredentials.password)"
    dump(testCredentials, to: &shown)
    dump(request, to: &shown)
    dump(reply, to: &shown)
    debugPrint(testCredentials, request, reply, to: &shown)
    #expect(!shown.contains("s3cr3t"))
    #expect(shown.contains("admin@internal"))
  }
}
