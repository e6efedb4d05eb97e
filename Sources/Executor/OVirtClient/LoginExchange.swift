import DRKit

/// The single sign-on's requests and answers (E enginesso `OAuthTokenServlet.java`, `SsoLogoutServlet.java`).
enum LoginExchange {
  static func login(_ credentials: OVirtCredentials) -> OVirtRequest {
    form(
      "/ovirt-engine/sso/oauth/token",
      [
        .init("grant_type", "password"), .init("scope", "ovirt-app-api"), .init("username", credentials.user),
        .init("password", credentials.password.value),
      ])
  }

  static func logout(_ token: Secret) -> OVirtRequest {
    form(
      "/ovirt-engine/services/sso-logout", [.init("scope", "ovirt-app-api"), .init("token", token.value)])
  }

  private static func form(_ path: String, _ items: [OVirtRequest.Item]) -> OVirtRequest {
    OVirtRequest(
      .post, path,
      headers: [
        .init("Accept", "application/json"), .init("User-Agent", "drkit"),
        .init("Content-Type", "application/x-www-form-urlencoded"),
      ],
      body: Array(FormEncoding.encode(items).utf8))
  }

  /// The token, or why there is none. A wrong password is a 400 with `error_code` `access_denied`, not a 401.
  static func token(
    from reply: OVirtReply, _ credentials: OVirtCredentials, _ call: CallName
  ) -> Result<Secret, DRError> {
    let remedy = "Check user (with its profile, such as admin@internal) and password"
    var members: [String: JSONValue] = [:]
    if let root = try? JSONParser.parse(reply.body), case .object(let found) = root { members = found }
    func string(_ key: String) -> String? {
      if case .string(let text) = members[key], !text.isEmpty { return text }
      return nil
    }
    if let code = string("error_code") ?? string("error") {
      let words = string("error_description") ?? string("error") ?? code
      let reason = words == code ? code : "\(words) (\(code))"
      let isOurs = code != "server_error" && reply.status < 500
      return .failure(
        call.error(isOurs ? .refused : .transient, hiding(credentials, reason), isOurs ? remedy : ""))
    }
    switch reply.status {
    case 200:
      guard let token = string("access_token"), isHeaderText(token) else {
        return .failure(
          call.error(
            .malformed, "the answer to the login has no access_token",
            "Check that the URL names an oVirt 4 engine"))
      }
      return .success(Secret(token))
    case 400, 401, 403: return .failure(call.error(.refused, "HTTP \(reply.status)", remedy))
    case 500...599, 408, 429, 404:
      return .failure(
        call.error(
          .transient, "HTTP \(reply.status) at the login: the engine may be starting", EngineFault.isEngineUp)
      )
    default:
      return .failure(
        call.error(
          .malformed, "unexpected HTTP \(reply.status) at the login",
          "Check that the URL names an oVirt 4 engine"))
    }
  }

  /// The server's words, should they repeat the password.
  private static func hiding(_ credentials: OVirtCredentials, _ text: String) -> String {
    let secret = credentials.password.value
    guard !secret.isEmpty else { return String(text.prefix(500)) }
    // Before it is cut: half a password is not found any more.
    let hidden = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "<secret>")
    return String(hidden.prefix(500))
  }

  /// Visible ASCII only: anything else could end the header line.
  private static func isHeaderText(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }
}
