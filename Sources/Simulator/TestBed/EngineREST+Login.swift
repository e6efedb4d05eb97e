import DRKit
import Simulator

extension EngineService {
  /// `POST /ovirt-engine/sso/oauth/token`. A refused login is 400 with JSON, not 401 (E enginesso
  /// `SsoService.sendJsonDataWithMessage`); the expiry key is `exp`, a string.
  mutating func token(_ request: BedRequest, _ now: Instant) -> BedResponse {
    guard request.method == "POST" || request.method == "GET" else { return .page(405, "Method Not Allowed") }
    let form = parameters(request)
    func field(_ name: String) -> String? { form.first { $0.name == name }?.value }
    guard let grant = field("grant_type") else {
      return .json(400, Self.ssoError("invalid_request", "Missing parameter: 'grant_type'"))
    }
    guard grant == "password" else {
      return .json(400, Self.ssoError("unsupported_grant_type", "Unsupported grant type"))
    }
    guard let user = field("username"), let password = field("password") else {
      return .json(400, Self.ssoError("invalid_request", "Missing parameter: 'username' or 'password'"))
    }
    guard let token = sessions.logIn(user: user, password: password, now: now) else {
      return .json(
        400,
        Self.ssoError(
          "access_denied", "Cannot authenticate user Invalid user credentials, or the user is not known."))
    }
    let answer =
      "{\"access_token\":\(JSONWriter.quoted(token)),\"scope\":\(JSONWriter.quoted(field("scope") ?? "ovirt-app-api")),"
      + "\"exp\":\"9223372036854775807\",\"token_type\":\"bearer\"}"
    return .json(200, answer)
  }

  /// `POST /ovirt-engine/services/sso-logout`; `{}` on success, also for a token that is not known.
  mutating func logOut(_ request: BedRequest) -> BedResponse {
    guard let token = parameters(request).first(where: { $0.name == "token" })?.value else {
      return .json(400, Self.ssoError("invalid_request", "Missing parameter: 'token'"))
    }
    sessions.logOut(token)
    return .json(200, "{}")
  }

  /// Bearer, or Basic on any call (E aaa `filters/SsoRestApiAuthFilter.java`).
  mutating func isAuthenticated(_ request: BedRequest, _ now: Instant) -> Bool {
    guard let header = request.header("Authorization") else { return false }
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2 else { return false }
    switch parts[0].lowercased() {
    case "bearer":
      return sessions.use(String(parts[1]), now: now)
    case "basic":
      guard let bytes = Base64.decode(parts[1]) else { return false }
      let halves = String(decoding: bytes, as: UTF8.self).split(
        separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard halves.count == 2 else { return false }
      return sessions.matches(user: String(halves[0]), password: String(halves[1]))
    default:
      return false
    }
  }

  private func parameters(_ request: BedRequest) -> [(name: String, value: String)] {
    FormText.pairs(String(decoding: request.body, as: UTF8.self)) + request.parameters
  }

  private static func ssoError(_ code: String, _ text: String) -> String {
    "{\"error_code\":\(JSONWriter.quoted(code)),\"error\":\(JSONWriter.quoted(text))}"
  }
}
