import DRKit
import Simulator
import Synchronization
import TestBed
import Testing

struct BedLoginTests {
  @Test func `a login gives a token with exp as a string`() async throws {
    let bed = try await Bed()
    let answer = await bed.rest.respond(to: Bed.login(password: Bed.credentials.password))
    #expect(answer.status == 200)
    #expect(answer.header("Content-Type") == "application/json")
    #expect(answer.text.contains("\"exp\":\"9223372036854775807\""))
    #expect(answer.text.contains("\"token_type\":\"bearer\""))
  }

  @Test func `a wrong password is a 400 with JSON that does not repeat it`() async throws {
    let bed = try await Bed()
    let answer = await bed.rest.respond(to: Bed.login(password: "hunter2"))
    #expect(answer.status == 400)
    #expect(answer.text.contains("\"error_code\":\"access_denied\""))
    #expect(answer.text.contains("\"error\":"))
    #expect(!answer.text.contains("hunter2"))
  }

  @Test(arguments: [
    ("", "invalid_request"), ("grant_type=refresh", "unsupported_grant_type"),
    ("grant_type=password&username=x", "invalid_request"),
  ])
  func `other mistakes at the login are named`(form: String, code: String) async throws {
    let bed = try await Bed()
    let answer = await bed.rest.respond(
      to: BedRequest("POST", "/ovirt-engine/sso/oauth/token", body: Array(form.utf8)))
    #expect(answer.status == 400)
    #expect(answer.text.contains("\"\(code)\""))
  }

  @Test(arguments: [nil, "Bearer nonsense", "Basic !!!", "Basic YWRtaW46cHc=", "Digest x", "Bearer"])
  func `without a good token every call is a 401 with two challenges and no fault`(header: String?)
    async throws
  {
    let bed = try await Bed()
    var headers: [(name: String, value: String)] = []
    if let header { headers.append(("Authorization", header)) }
    let answer = await bed.rest.respond(to: BedRequest("GET", "/ovirt-engine/api/vms", headers: headers))
    #expect(answer.status == 401)
    let challenges = answer.headers.filter { $0.name == "WWW-Authenticate" }.map(\.value)
    #expect(challenges.contains { $0.hasPrefix("Basic") } && challenges.contains { $0.hasPrefix("Bearer") })
    #expect(!answer.text.contains("<fault>"))
  }

  @Test func `Basic works on any call`() async throws {
    let bed = try await Bed()
    // admin@internal:secret of the test
    let answer = await bed.rest.respond(
      to: BedRequest(
        "GET", "/ovirt-engine/api",
        headers: [("Authorization", "Basic YWRtaW5AaW50ZXJuYWw6c2VjcmV0IG9mIHRoZSB0ZXN0")]))
    #expect(answer.status == 200)
  }

  @Test func `a logout ends its token, and so does a restart`() async throws {
    let bed = try await Bed()
    #expect(await bed.call("GET", "").status == 200)
    let answer = await bed.rest.respond(
      to: BedRequest(
        "POST", "/ovirt-engine/services/sso-logout",
        body: Array("scope=ovirt-app-api&token=\(bed.token)".utf8)))
    #expect(answer.status == 200)
    #expect(answer.text == "{}")
    #expect(await bed.call("GET", "").status == 401)
    let other = try await Bed()
    await other.rest.endSessions()
    #expect(await other.call("GET", "").status == 401)
  }

  @Test func `an idle session expires, a used one does not`() async throws {
    let clock = HandClock()
    let bed = try await Bed(idle: .seconds(60), clock: { clock.now })
    clock.set(1_800_000_050)
    #expect(await bed.call("GET", "").status == 200)
    clock.set(1_800_000_100)
    #expect(await bed.call("GET", "").status == 200)
    clock.set(1_800_000_161)
    #expect(await bed.call("GET", "").status == 401)
  }
}

/// A clock that goes when it is told to.
private final class HandClock: Sendable {
  private let seconds = Atomic<Int64>(1_800_000_000)
  var now: Instant { Instant(epochSeconds: seconds.load(ordering: .relaxed)) }
  func set(_ value: Int64) { seconds.store(value, ordering: .relaxed) }
}
