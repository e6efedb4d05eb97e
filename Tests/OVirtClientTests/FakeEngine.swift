import DRKit
import Synchronization

@testable import OVirtClient

/// A transport that answers from a script and remembers what it was asked. Logins are answered unless the script does.
final class FakeEngine: OVirtTransport {
  typealias Script = @Sendable (OVirtRequest, _ number: Int) throws(TransportError) -> OVirtReply?

  private let script: Script
  private let seen = Mutex<[OVirtRequest]>([])
  private let logins = Mutex(0)

  init(_ script: @escaping Script) { self.script = script }

  /// Answers every API request with this.
  convenience init(_ status: Int, _ body: String = "", type: String = "application/json") {
    self.init { (_, _) throws(TransportError) in Self.reply(status, body, type: type) }
  }

  /// All requests to the API, in order.
  var requests: [OVirtRequest] { seen.withLock { $0 } }
  var loginCount: Int { logins.withLock { $0 } }

  static func reply(_ status: Int, _ body: String = "", type: String = "application/json") -> OVirtReply {
    OVirtReply(status: status, headers: [.init("content-type", type)], body: Array(body.utf8))
  }

  func send(_ request: OVirtRequest) async throws(TransportError) -> OVirtReply {
    await Task.yield()
    if request.path == "/ovirt-engine/sso/oauth/token" {
      let login = logins.withLock { count in
        count += 1
        return count
      }
      return Self.reply(200, #"{"access_token":"token-\#(login)","exp":"9223372036854775807"}"#)
    }
    let number = seen.withLock { seen in
      seen.append(request)
      return seen.count
    }
    return try script(request, number) ?? Self.reply(404)
  }

  func shutdown() async {}
}

/// A clock whose sleeps take no time.
final class InstantClock: DRClock {
  private let elapsed = Mutex(TimeSpan.zero)
  var now: Instant { Instant(epochSeconds: 0) + uptime }
  var uptime: TimeSpan { elapsed.withLock { $0 } }
  func sleep(for span: TimeSpan) async throws(DRError) { elapsed.withLock { $0 = $0 + span } }
}

let testCredentials = OVirtCredentials(user: "admin@internal", password: "s3cr3t pass&word")

func makeManager(_ engine: any OVirtTransport, correlationID: String? = nil) throws -> OVirtManager {
  OVirtManager(
    session: OVirtSession(
      address: try EngineAddress(url: "https://engine.example/ovirt-engine/api"),
      credentials: testCredentials,
      transport: engine),
    clock: InstantClock(), correlationID: correlationID)
}

/// Ids for tests: `11111111-…`, `22222222-…`.
func id<Kind>(_ digit: Character) -> Identifier<Kind> {
  let text = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx".replacing("x", with: String(digit))
  return Identifier(text) ?? .blank
}
