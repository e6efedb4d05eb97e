import DRKit
import Simulator
import TestBed

/// The REST face of the standard bed with a token in hand, its work done at once or not at all.
struct Bed: Sendable {
  let rest: EngineREST
  let token: String

  static let credentials = BedCredentials(password: "secret of the test")

  init(
    delays: WorkDelays = .none, performer: (any WorkPerformer)? = nil, idle: TimeSpan = .minutes(30),
    clock: @escaping @Sendable () -> Instant = { WallClock.now }
  ) async throws {
    let model = try BedDescription.standard.model(now: Instant(epochSeconds: 1_800_000_000))
    rest = EngineREST(
      model: model, credentials: Self.credentials, performer: performer, delays: delays, idle: idle,
      clock: clock)
    let login = await rest.respond(to: Self.login(password: Self.credentials.password))
    token = login.text.split(separator: "\"").map(String.init)[3]
  }

  static func login(password: String) -> BedRequest {
    BedRequest(
      "POST", "/ovirt-engine/sso/oauth/token", headers: [("Accept", "application/json")],
      body: Array(
        "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=\(password.percented)"
          .utf8))
  }

  /// Sends one call of the API, as XML unless told otherwise.
  func call(
    _ method: String, _ path: String, accept: String = "application/xml", body: String? = nil,
    type: String = "application/xml", headers: [(name: String, value: String)] = []
  ) async -> BedResponse {
    await rest.respond(
      to: BedRequest(
        method, "/ovirt-engine/api\(path)",
        headers: [("Authorization", "Bearer \(token)"), ("Accept", accept), ("Content-Type", type)] + headers,
        body: Array((body ?? "").utf8)))
  }

  func machine(_ name: String) async -> EngineMachine {
    let all = await rest.bed.engine.allMachines
    return all.first { $0.name == name }!
  }

  func disk(_ name: String) async -> EngineDisk {
    let all = await rest.bed.engine.allDisks
    return all.first { $0.alias == name }!
  }

  func domain(_ name: String) async -> EngineDomain {
    let all = await rest.bed.engine.allDomains
    return all.first { $0.name == name }!
  }
}

extension BedResponse {
  var text: String { String(decoding: body, as: UTF8.self) }
}

extension String {
  var percented: String {
    utf8.map { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        ? String(UnicodeScalar(byte)) : "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined()
  }
}
